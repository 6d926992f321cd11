//! Kernels of [`arm_core`] for the desktop: vector units chosen at run time.
//!
//! Each kernel is an operation written once over `lanes::Lanes` and compiled for every [`Level`]. Results depend on the
//! level (order of summation, fused operations, pairs), but not on how many rows a call is given.

// Kernels take most of a build: `tests/` has them as they are, and the unit tests here are compiled without.
#![cfg_attr(test, allow(dead_code, unused_imports))]
#![deny(clippy::missing_safety_doc, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

#[cfg(not(test))]
mod desktop;
mod lanes;
pub mod memory;
mod operations;
pub mod pool;
mod tiles;

#[cfg(not(test))]
pub use desktop::{Desktop, Level};
pub use lanes::hint::PrefetchHint;
