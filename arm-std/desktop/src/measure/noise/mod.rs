//! How noisy estimators are.

pub mod gradients;
pub mod moments;
pub mod variance;
