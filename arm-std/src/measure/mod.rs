//! What a network and an estimator are worth: evaluation, and the moments of gradients.

pub mod codes;
pub mod evaluate;
pub mod gradients;
pub mod moments;
pub mod predict;
pub mod rounding;
pub mod rows;
pub mod scores;
pub mod toy;
pub mod variance;
mod work;

pub use codes::{codes, decoded};
pub use evaluate::{Figures, Mean, Scores};
pub use predict::predictions;
pub use rounding::Rounding;
pub use rows::Rows;
pub use work::{Unfinished, Work};
