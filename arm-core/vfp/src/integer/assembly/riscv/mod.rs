//! Loops for RV32IM: eight or sixteen columns, or four rows, are in registers.

// What the target has is not known where functions are naked.
#[cfg(target_feature = "c")]
macro_rules! extensions {
    () => {
        ".option arch, +m, +c"
    };
}
#[cfg(not(target_feature = "c"))]
macro_rules! extensions {
    () => {
        ".option arch, +m"
    };
}

mod layer;
mod rows;
mod units;

pub(crate) use layer::{finish, scaled_8, scaled_16, selected_8, selected_16};
pub(crate) use rows::{dots, outer};
pub(crate) use units::{log_prob, log_prob_delta, magnitudes};

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 8;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;
