//! Bernoulli units of many short rows at a time.
//!
//! A row of at most 16 units is half a word of 32. What is summed over a row waits until there are 16 of them, which
//! then take one logarithm together. A row of at most 64 units needs one: of the product of all its 1 + e, at most 2^64.

mod group;
mod layout;
pub(crate) mod log_prob;
pub(crate) mod sample;
