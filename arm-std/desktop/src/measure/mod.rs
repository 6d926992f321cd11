//! What a network and an estimator are worth: evaluation, and the moments of gradients.

pub mod codes;
pub mod draws;
pub mod evaluate;
mod noise;
mod padded;
pub mod predict;
pub mod rounding;
pub mod rows;
pub mod scores;
pub mod toy;
mod work;

pub use codes::{codes, decoded};
pub use draws::{generated, reconstructed};
pub use evaluate::{Figures, Mean, Scores};
pub use noise::{gradients, moments, variance};
pub use padded::padded;
pub use predict::predictions;
pub use rounding::Rounding;
pub use rows::Rows;
pub use work::{Unfinished, Work};
