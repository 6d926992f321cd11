//! Loops with vectors of eight numbers, for the instruction set that the crate is compiled for: by `wide`. The bits are those of
//! plain loops, which take what is no whole vector.

mod layer;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use layer::of_inputs;
pub(super) use rows::{activate_back, add_outer, of_rows};

use wide::i16x8;

/// Numbers of a vector.
const LANES: usize = 8;

/// The eight numbers behind a pointer.
///
/// # Safety
/// They are there.
#[inline(always)]
unsafe fn load(from: *const i16) -> i16x8 {
    // SAFETY: the caller's.
    i16x8::new(unsafe { from.cast::<[i16; LANES]>().read_unaligned() })
}

/// Whether `w` has so many rows of so many columns.
fn has(w: &[i16], rows: usize, stride: usize, cols: usize) -> bool {
    let end = rows.checked_sub(1).and_then(|last| last.checked_mul(stride)?.checked_add(cols));
    cols <= stride && end.is_some_and(|end| end <= w.len())
}
