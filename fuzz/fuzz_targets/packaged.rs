//! What lies inside a gzip file, or in an array of an NPZ archive: with checksums that are right, so that a fuzzer gets
//! past them.

#![no_main]

use arm_std::data::table_from_bytes;
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Write};
use zip::{ZipWriter, write::SimpleFileOptions};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"\x1f\x8b") {
        return;
    }
    let plain = table_from_bytes(bytes);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    let packed = table_from_bytes(&gzip.finish().unwrap());
    assert_eq!(plain.is_ok(), packed.is_ok(), "plain and gzip files are read alike");
    if let (Ok(plain), Ok(packed)) = (plain, packed) {
        assert_eq!(plain, packed);
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("../x.npy", SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    let _ = table_from_bytes(archive.finish().unwrap().get_ref());
});
