//! Stochastic binary networks for machines with no allocator and no operating system.
//!
//! Cargo features, all on by default; a firmware that does without some takes less flash and stack, and what needs one that
//! was left out is refused with [`Error::LeftOut`]:
//!
//! | feature | without it |
//! |---|---|
//! | `batch` | one example and one sample at a time, no padded rows |
//! | `codings` | units are 0 and 1 |
//! | `prior` | the prior is fixed |
//! | `ragged` | the width of every layer is a multiple of 16, on a Cortex-M with a floating-point unit |
//! | `stacks` | one stochastic layer |
#![no_std]
#![forbid(unsafe_code)]

mod batch;
pub mod bits;
mod branch;
mod chain;
pub mod codec;
mod coding;
mod engine;
pub mod error;
pub mod estimator;
mod eval;
mod feature;
pub mod init;
pub mod kernels;
mod layer;
pub mod learner;
pub mod math;
pub mod matrix;
pub mod model;
mod network;
pub mod optim;
mod parts;
mod plan;
pub mod record;
pub mod relaxed;
pub mod rng;
mod scratch;
pub mod shape;
pub mod step;
pub mod stream;
mod unit;
pub mod update;

pub use batch::Batch;
pub use bits::Bits;
pub use coding::{Coding, Codings};
pub use engine::Engine;
pub use error::Error;
pub use learner::{Learner, Memory};
pub use matrix::{BitMatrix, Matrix, MatrixMut};
pub use shape::{Layer, Prior, Shape};
pub use update::{Block, Shard};
