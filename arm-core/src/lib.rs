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

mod engine;
pub mod error;
pub mod estimator;
mod feature;
pub mod kernels;
pub mod learner;
mod network;
mod numeric;
pub mod objective;
pub mod optim;
pub mod shape;
mod storage;
pub mod stream;

pub use engine::{Block, Engine, Shard};
pub use error::Error;
pub use estimator::relaxed;
pub use learner::{Learner, Memory};
pub use network::Batch;
pub use numeric::bits::Bits;
pub use numeric::matrix::{BitMatrix, Matrix, MatrixMut};
pub use numeric::{LIMIT, bits, math, matrix, rng};
pub use shape::{Activation, Coding, Codings, Layer, Prior, Shape, init};
pub use storage::{codec, record};
