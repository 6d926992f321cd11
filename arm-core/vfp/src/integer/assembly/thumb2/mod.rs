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
#[cfg(integer_dsp)]
pub(crate) use rows::finish_dots;
pub(crate) use rows::{dots, outer};
#[cfg(integer_dsp)]
pub(crate) use units::magnitudes_from_halves;
#[cfg(not(integer_dsp))]
pub(crate) use units::magnitudes_from_halves as magnitudes_from;
pub(crate) use units::{log_prob, log_prob_delta, magnitudes};

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 4;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;
