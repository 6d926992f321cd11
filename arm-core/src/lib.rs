//! Stochastic binary networks for machines with no allocator and no operating system: static memory of a size known at
//! compile time, no panics, the same bits on every target.
//!
//! # The problem
//!
//! A stochastic binary unit is a coin b in {0, 1} that falls on one with probability sigmoid(phi). Its logit phi comes
//! from the layer below, f(b) is what should become small, and no derivative passes through a coin. A gradient estimator
//! gives the gradient of E\[f(b)\] with respect to phi all the same, from values of f alone. Augment-REINFORCE-Merge
//! ([`estimator::Arm`]) takes two: that of a sample and that of its antithetic partner, both from one uniform.
//!
//! # Any f
//!
//! Eight logits without an input, and an f that is only called. What a network looks like is a constant, and from it
//! follow all sizes:
//!
//! ```
//! use arm_core::{Layer, Learner, Memory, Shape, estimator::Arm, optim::Sgd};
//!
//! const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(8)]);
//! let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO;
//! let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.5 }, 1, memory.slices())?;
//! // Every second unit costs something when it is on, the others when they are off.
//! let cost = |b: arm_core::Bits| (b.words()[0] ^ 0b0101_0101).count_ones() as f32;
//! for _ in 0..500 {
//!     learner.step_black_box(&[], cost)?;
//! }
//! for (i, phi) in learner.params().iter().enumerate() {
//!     assert_eq!(*phi > 0.0, i % 2 == 0);
//! }
//! # Ok::<(), arm_core::Error>(())
//! ```
//!
//! An f with the input of an example, or with weights of its own, is an [`Objective`](objective::Objective).
//!
//! # A network that learns what is normal
//!
//! A variational auto-encoder samples b from the input x (its encoder), and says how probable x is given b (its decoder);
//! f is then the negative ELBO, -log p(x) at most, in nats. Rare inputs score high:
//!
//! ```
//! use arm_core::{Layer, Learner, Memory, Prior, Shape, estimator::DisArm, optim::Adam};
//!
//! const SHAPE: Shape = Shape::vae(
//!     16,
//!     &[Layer::hidden(16, 0.1), Layer::bernoulli(8)], // 16-16-[8]
//!     &[Layer::hidden(16, 0.1), Layer::bernoulli(16)], // [8]-16-16
//!     Prior::Fixed,
//! );
//! const MOMENTS: usize = SHAPE.moments::<Adam>();
//!
//! let mut memory = Memory::<{ SHAPE.params() }, MOMENTS, { SHAPE.scratch() }>::ZERO;
//! let mut learner = Learner::new(SHAPE, DisArm, Adam::new(0.01), 1, memory.slices())?;
//! for step in 0..2000 {
//!     // A run of eight ones somewhere, 16 units packed in a word.
//!     learner.step(&[0xff << (step % 8)])?;
//! }
//! let (usual, strange) = (learner.score(&[0x0ff0], 100)?, learner.score(&[0xa5a5], 100)?);
//! assert!(usual < 8.0 && strange > usual + 10.0, "{usual} {strange}");
//! # Ok::<(), arm_core::Error>(())
//! ```
//!
//! # On from there
//!
//! | to | see |
//! |---|---|
//! | take a step in bounded slices, score, sample | [`Learner`] |
//! | learn from the samples of a sensor | [`stream`] |
//! | choose an estimator; write one, of which all of ARM is an example | [`estimator`] |
//! | predict y from x; write an objective | [`objective`] |
//! | save parameters as bytes, or in flash so that no power loss matters | [`codec`], [`record`] |
//! | train batches, on threads, with other kernels | [`Engine`], [`kernels`] |
//!
//! # The layers
//!
//! From the top down; each takes only from those below it.
//!
//! | module | what it is |
//! |---|---|
//! | [`stream`] | the samples of a sensor in, binary windows out |
//! | [`learner`] | one example at a time, in memory it is given |
//! | `engine`: [`Engine`] | a training step, evaluation, generation |
//! | [`objective`] | f: an auto-encoder, conditional likelihood, any function |
//! | [`estimator`] | how a unit is drawn, and what values of f are worth |
//! | `storage`: [`codec`], [`record`] | parameters as bytes, and in two slots of flash |
//! | `network`: [`Batch`] | a network at work on a batch: one link up, one link back |
//! | [`optim`] | what is done to parameters, as a value |
//! | [`kernels`] | the loops that a step is made of |
//! | [`shape`] | what a network is, and all sizes that follow |
//! | `numeric`: [`bits`], [`matrix`], [`math`], [`rng`] | packed bits, matrices, functions, streams of uniforms |
//! | [`error`], `feature` | one error with stable codes; what was compiled in |
//!
//! # Left out
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

pub use engine::{Block, Engine, Estimates, Samples, Shard, Total};
pub use error::Error;
pub use estimator::relaxed;
pub use learner::{Learner, Memory};
pub use network::Batch;
pub use numeric::bits::Bits;
pub use numeric::matrix::{BitMatrix, Matrix, MatrixMut};
pub use numeric::number::{Float, Nats, Numbers};
pub use numeric::{LIMIT, bits, math, matrix, rng};
pub use shape::{Activation, Coding, Codings, Flaw, Layer, Prior, Shape, init};
pub use storage::{codec, record};
