//! Files of data sets in every format: IDX, MATLAB, NPY, NPZ, packed bits and text, plain or gzip.

#![no_main]

use arm_std::data::{Table, table_from_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| match table_from_bytes(bytes) {
    Ok(table) => {
        assert!(table.rows() > 0 && table.cols() > 0);
        if let Table::Bits(bits) = &table {
            let tail = bits.cols() % 32;
            let clean = |row: usize| bits.row(row).last().is_none_or(|word| word >> tail == 0);
            assert!(tail == 0 || (0..bits.rows()).all(clean));
        }
    }
    Err(fault) => assert!(!fault.to_string().is_empty()),
});
