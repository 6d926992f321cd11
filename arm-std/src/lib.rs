//! Desktop training of stochastic binary networks with the engine of [`arm_core`]: data sets, kernels for wide CPUs, the
//! trainer, evaluation, models and pictures. The `arm` command is a thin layer over it.

#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod cli;
pub mod config;
pub mod cut;
pub mod data;
mod device;
pub mod dispatch;
pub mod driver;
pub mod estimators;
pub mod evaluate;
pub mod export;
#[cfg(feature = "fetch")]
pub mod fetch;
mod files;
pub mod gradients;
pub mod image;
pub mod model;
pub mod moments;
pub mod mpi;
pub mod network;
pub mod peers;
pub mod pictures;
pub mod plot;
pub mod progress;
pub mod report;
pub mod rows;
pub mod run;
pub mod runs;
pub mod scores;
pub mod settings;
pub mod toy;
pub mod train;
pub mod variance;

pub use arm_simd as kernels;
pub use arm_simd::{memory, pool};
