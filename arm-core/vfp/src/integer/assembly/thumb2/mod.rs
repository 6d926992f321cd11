//! Loops for Thumb-2 (Cortex-M3 and above): eight columns, or four rows, are in registers.

// Where there is Helium, only what is around loops is taken.
#[cfg_attr(integer_helium, allow(dead_code, unused_imports, unused_macros))]
#[macro_use]
mod layer;
#[cfg_attr(integer_helium, allow(dead_code, unused_imports, unused_macros))]
#[macro_use]
mod rows;
#[cfg(not(integer_helium))]
mod units;

#[cfg(integer_dsp)]
pub(crate) use layer::finish;
#[cfg(integer_dsp)]
pub(crate) use layer::{scaled_groups, selected_groups};
#[cfg(integer_dsp)]
pub(crate) use rows::{dots_groups, finish_dots};
#[cfg(integer_dsp)]
pub(crate) use units::{bits_of_halves, magnitudes_of_halves};
#[cfg(not(any(integer_dsp, integer_helium)))]
pub(crate) use {
    layer::{scaled, selected},
    rows::dots,
    units::{bits_of_halves as bits, magnitudes_of_halves as magnitudes_from},
};
#[cfg(not(integer_helium))]
pub(crate) use {
    rows::outer,
    units::{log_prob, log_prob_delta},
};

/// Of [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 1;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;
