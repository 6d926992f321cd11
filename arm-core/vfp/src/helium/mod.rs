//! The loops for Helium, four floats an instruction, with the bits of the plain loops.
//!
//! There is no fused operation: products and sums are rounded one by one. Vectors flush subnormal numbers to zero, which
//! `arm-core` never computes with.

mod adam;
mod bernoulli;
mod matrix;
mod momentum;
mod rows;
mod units;

pub(crate) use crate::work::{Adam, Matrix, Momentum, Rows};
pub(crate) use adam::adam;
pub(crate) use bernoulli::{log_prob, log_prob_delta};
pub(crate) use matrix::{add_scaled, dots, outer};
pub(crate) use momentum::momentum;
pub(crate) use rows::{add_rows, add_to_rows};
pub(crate) use units::{activate, activate_back, floats, largest, smallest, squares};
