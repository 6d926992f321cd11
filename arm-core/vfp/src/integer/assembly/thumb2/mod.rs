//! Loops for Thumb-2 (Cortex-M3 and above): eight columns, or four rows, are in registers.

mod layer;
#[macro_use]
mod rows;
mod units;

#[cfg(integer_dsp)]
pub(crate) use layer::finish;
pub(crate) use layer::{scaled, selected};
#[cfg(integer_dsp)]
pub(crate) use rows::finish_dots;
pub(crate) use rows::{dots, outer};
pub(crate) use units::{log_prob, log_prob_delta, magnitudes};

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 4;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;
