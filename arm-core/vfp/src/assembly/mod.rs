//! Inner loops in assembly, over four rows of eight floats: one instruction loads or stores eight registers, which the
//! compiler's order of registers never lets it do.
//!
//! Products and sums are rounded one by one and in the order of the portable loops: the bits agree. The registers s16 to
//! s31 must be saved, which takes stack below the deepest calls: loops over selected rows do with eight columns at a time
//! and without them, Adam with twelve.

mod adam;
mod matrix;
mod momentum;
mod rows;

pub(crate) use crate::work::{Adam, Matrix, Momentum, Rows};
pub(crate) use adam::adam;
pub(crate) use matrix::{add_scaled, dots, outer};
pub(crate) use momentum::momentum;
pub(crate) use rows::{add_rows, add_to_rows};
