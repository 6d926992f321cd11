//! Randomised tests of readers: files with changed, missing and added bytes must be read or refused, never
//! panic.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

use crate::{Fault, Table};

/// Reads a few thousand damaged copies of a good file, the same on every run.
pub(crate) fn survives(good: &[u8], read: impl Fn(&[u8]) -> Result<Table, Fault>) {
    let whole = read(good).expect("the file to damage must be good");
    assert!(whole.rows() > 0 && whole.cols() > 0);
    for length in 0..good.len().min(2000) {
        let _ = read(&good[..length]);
    }
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0x6461_6d61_6765);
    let mut below = |bound: usize| rng.next_u32() as usize % bound.max(1);
    for _ in 0..3000 {
        let mut bytes = good.to_vec();
        for _ in 0..=below(4) {
            // Half of the damage goes to the header, where it matters most.
            let reach = if below(2) == 0 { bytes.len().min(160) } else { bytes.len() };
            let at = below(reach);
            match below(5) {
                0 => bytes[at] ^= 1 << below(8),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
                2 => drop(bytes.drain(at..(at + 1 + below(8)).min(bytes.len()))),
                3 => bytes.insert(at, below(256) as u8),
                _ => bytes[at] = below(256) as u8,
            }
            if bytes.is_empty() {
                break;
            }
        }
        if let Err(fault) = read(&bytes) {
            assert!(!fault.to_string().is_empty());
        }
    }
}
