//! Loops for Thumb-2 (Cortex-M3 and above): eight columns, or four rows, are in registers.

#[macro_use]
mod layer;
#[macro_use]
mod rows;
mod units;

#[cfg(integer_dsp)]
pub(crate) use layer::finish;
#[cfg(not(integer_dsp))]
pub(crate) use layer::{scaled, selected};
#[cfg(integer_dsp)]
pub(crate) use layer::{scaled_groups, selected_groups};
#[cfg(not(integer_dsp))]
pub(crate) use rows::dots;
pub(crate) use rows::outer;
#[cfg(integer_dsp)]
pub(crate) use rows::{dots_groups, finish_dots};
#[cfg(integer_dsp)]
pub(crate) use units::{bits_of_halves, magnitudes_of_halves};
#[cfg(not(integer_dsp))]
pub(crate) use units::{bits_of_halves as bits, magnitudes_of_halves as magnitudes_from};
pub(crate) use units::{log_prob, log_prob_delta};

/// Of [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 1;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;
