//! Kernels of [`arm_core`] for the desktop: vector units chosen at run time.
//!
//! Each kernel is an operation written once over `lanes::Lanes` and compiled for every [`Level`]. Results depend on the
//! level (order of summation, fused operations, pairs), but not on how many rows a call is given.

mod desktop;
mod lanes;
pub mod memory;
mod operations;
pub mod pool;
#[cfg(test)]
mod tests;
mod tiles;

pub use desktop::{Desktop, Level};
pub use lanes::hint::Soon;
