//! Desktop training of stochastic binary networks with the engine of [`arm_core`]: data sets, kernels for wide CPUs, the
//! trainer, evaluation, models and pictures. The `arm` command is a thin layer over it.

pub mod cli;
pub mod data;
pub mod driver;
pub mod estimators;
#[cfg(feature = "fetch")]
pub mod fetch;
mod files;
pub mod kernels;
pub mod measure;
pub mod memory;
pub mod network;
pub mod pool;
pub mod runs;
pub mod train;
