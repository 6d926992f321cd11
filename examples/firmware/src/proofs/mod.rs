//! What every target must compute: golden values, and refusals of bad input.

pub mod golden;
pub mod integer_shapes;
pub mod refusals;
pub mod shapes;
