//! Loops for Helium (Cortex-M55): eight numbers of a row, or four sums, are a vector. The last vector of a row may be a part of one.

mod layer;
mod rows;
mod units;

pub(crate) use super::thumb2::{ALIGNED, GROUP};
pub(crate) use layer::{scaled, selected};
pub(crate) use rows::{dots, outer};
pub(crate) use units::{bits, log_prob, log_prob_delta, magnitudes_from};
