//! Loops with the DSP instructions of a Cortex-M4, M7 or M55: two numbers are a word, of which each is multiplied by itself.

mod layer;
mod rows;
mod units;

pub(crate) use super::thumb2::{ALIGNED, GROUP, log_prob, log_prob_delta};
pub(crate) use layer::{scaled, selected};
pub(crate) use rows::{dots, outer};
pub(crate) use units::{bits, magnitudes_from};
