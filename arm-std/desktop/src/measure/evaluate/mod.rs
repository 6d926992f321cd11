//! -ELBO and the importance-weighted bound of rows of a table, on all threads, and what they come to.

mod bound;
mod figures;
mod of_rows;
#[cfg(test)]
mod tests;

pub use bound::{bound, bound_of};
pub use figures::{Figures, Mean};
pub use of_rows::Scores;

/// Domains of evaluation addresses; validation uses the epoch.
pub(crate) const TEST: u64 = 1 << 30;
