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

/// Vectors of a row from a column on, if all are there.
#[inline(always)]
fn block<const B: usize>(row: &[i16], at: usize) -> Option<[i16x8; B]> {
    let row: &[[i16; LANES]; B] = row.get(at..)?.as_chunks().0.first_chunk()?;
    Some(row.map(i16x8::new))
}

/// Whether `w` has so many rows of so many columns.
fn has(w: &[i16], rows: usize, stride: usize, cols: usize) -> bool {
    let end = rows.checked_sub(1).and_then(|last| last.checked_mul(stride)?.checked_add(cols));
    cols <= stride && end.is_some_and(|end| end <= w.len())
}
