//! Desktop training of stochastic binary networks with the engine of [`arm_core`]: data sets, kernels for wide CPUs, the
//! trainer, evaluation, models and pictures. The `arm` command is a thin layer over it.

#![forbid(unsafe_code)]

pub mod cli;
pub mod data;
pub mod driver;
pub mod estimators;
#[cfg(feature = "fetch")]
pub mod fetch;
mod files;
pub mod measure;
pub mod network;
pub mod runs;
pub mod train;

pub use arm_simd as kernels;
pub use arm_simd::{memory, pool};
