//! Estimators by name, and those that use the gradient of f with respect to b: see [`arm_core::relaxed`].
//!
//! What some of them learn (a temperature, a factor, a control variate) is trained, while the model is, on the squared
//! gradient with respect to the logits, which estimates the variance up to a constant.

mod any;
mod baseline;
mod choice;
mod facts;
mod relaxed;
mod table;
#[cfg(test)]
mod tests;

pub use any::AnyEstimator;
pub use baseline::BaselineName;
pub use choice::Choice;
pub use relaxed::{DoubleCv, GumbelSoftmax, MuProp, Nvil, ReinMax, Relax, Rodeo, StraightThrough};
pub use table::EstimatorName;
