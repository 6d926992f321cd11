//! Objectives f(b_1..T): what a chain of Bernoulli layers is trained for.

mod black_box;
mod conditional;
pub(crate) mod context;
mod differentiable;
mod output;
mod smooth;
mod vae;

pub use crate::network::{Pass, Scratch};
pub use black_box::BlackBox;
pub use conditional::Conditional;
pub use context::LayerContext;
pub use differentiable::Differentiable;
pub use vae::Vae;

use crate::error::Error;
use crate::kernels::Arithmetic;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::shape::Shape;

/// An objective f, which is minimised. Two methods make one; the others let it learn, or serve more estimators.
///
/// An f of the bits and the input with weights of its own, here that of a linear model y = w (b x) whose inputs are masked
/// by b, with a price for each that is kept (L0 regularisation, Yin, Ho, Yan, Qian & Zhou, arXiv 2006.06448):
///
/// ```
/// use arm_core::kernels::{Kernels, Portable};
/// use arm_core::objective::{Objective, Pass, Scratch};
/// use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Shape, Shard, estimator::Arm, optim::Sgd};
///
/// struct Masked {
///     weights: [f32; 4],
///     gradient: [f32; 4],
///     price: f32,
/// }
///
/// /// Every example, and what the model should make of it: the first input minus the second.
/// const DATA: [([f32; 4], f32); 3] =
///     [([1.0, 0.0, 1.0, 0.0], 1.0), ([0.0, 1.0, 1.0, 0.0], -1.0), ([1.0, 1.0, 0.0, 1.0], 0.0)];
///
/// impl Masked {
///     /// What is missing to the target of an example.
///     fn residual(&self, example: usize, b: Bits) -> f32 {
///         let (x, y) = DATA[example];
///         y - b.ones().map(|i| self.weights[i] * x[i]).sum::<f32>()
///     }
///
///     fn f(&self, example: usize, b: Bits) -> f32 {
///         self.residual(example, b).powi(2) + self.price * b.count_ones() as f32
///     }
/// }
///
/// impl<K: Kernels> Objective<K> for Masked {
///     fn train(&mut self, pass: &Pass<K>, scratch: &mut Scratch) {
///         scratch.set_f(pass, |row, b| self.f(pass.example(row), b));
///     }
///
///     fn evaluate(&mut self, pass: &Pass<K>, scratch: &mut Scratch, _from: usize, count: usize) {
///         scratch.add_path_f(pass, count, |row, b| self.f(pass.example(row), b));
///     }
///
///     /// The gradient of its own weights, at the samples.
///     fn back(&mut self, pass: &Pass<K>, scratch: &mut Scratch) {
///         for row in 0..pass.rows() {
///             let (example, b) = (pass.example(row), scratch.top_sample(pass, row));
///             let residual = self.residual(example, b) * scratch.weight(pass, row);
///             for i in b.ones() {
///                 self.gradient[i] -= 2.0 * residual * DATA[example].0[i];
///             }
///         }
///     }
/// }
///
/// // Four logits without an input: every example has the same masks.
/// let layers = [Layer::bernoulli(4)];
/// let shape = Shape::chain(0, &layers);
/// let engine = Engine::new(shape, Portable, Arm, 1)?;
/// let mut masked = Masked { weights: [0.0; 4], gradient: [0.0; 4], price: 0.02 };
/// let (mut logits, mut scratch, mut f) = ([0.0; 4], vec![0; engine.training_scratch(3)], [0.0; 3]);
/// for step in 0..2000 {
///     masked.gradient.fill(0.0);
///     let batch = Batch::new(BitMatrix::NONE, 3, 0, step);
///     engine.examples(&mut masked, &logits, batch, &mut scratch, &mut f)?;
///     masked.weights.iter_mut().zip(&masked.gradient).for_each(|(w, g)| *w -= 0.1 * g / 3.0);
///     let mut g = [0.0; 4];
///     engine.gradient(1.0 / 3.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
///     logits.iter_mut().zip(&g).for_each(|(phi, g)| *phi -= 2.0 * g);
/// }
/// // The first two inputs are kept, the others are not needed.
/// assert!(logits[0] > 2.0 && logits[1] > 2.0 && logits[2] < -2.0 && logits[3] < -2.0, "{logits:?}");
/// # Ok::<(), Error>(())
/// ```
pub trait Objective<K: Arithmetic> {
    /// Whether f contains log q(b_1..T), which the engine then adds.
    const HAS_LOG_Q: bool = false;

    /// Whether it is an objective for this network: by default for one that is a chain and nothing else.
    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() || shape.is_conditional() { Err(Error::OtherObjective) } else { Ok(()) }
    }

    /// f of the sample of every row: [`Scratch::set_f`].
    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>);

    /// Adds the terms of f that depend on layers `from..` to the f of the first `count` paths, a path being a sample that
    /// takes the place of a row's: [`Scratch::add_path_f`].
    fn evaluate(
        &mut self,
        pass: &Pass<'_, K>,
        scratch: &mut Scratch<'_, K::Numbers>,
        from: usize,
        count: usize,
    );

    /// The gradients of what it has of parameters, each row times its [weight](Scratch::weight).
    fn back(&mut self, _: &Pass<'_, K>, _: &mut Scratch<'_, K::Numbers>) {}

    /// Whether a flipped unit of layer `t` changes the logits of f by one row of weights and nothing else; then those
    /// logits are left in the scratch for [`flipped`](Self::flipped). If not, flips are [evaluated](Self::evaluate).
    fn keep_linear(&self, _: &Pass<'_, K>, _: &mut Scratch<'_, K::Numbers>, _t: usize) -> bool {
        false
    }

    /// The terms of f but log q that depend on the top layer, for a row in which one of its units is flipped.
    fn flipped(&self, _: &Pass<'_, K>, _: &mut Scratch<'_, K::Numbers>, _row: usize, _unit: usize) -> f32 {
        f32::NAN
    }

    /// See [`Smooth::at_samples`](crate::relaxed::Smooth::at_samples).
    fn at_samples(
        &mut self,
        _: &Pass<'_, K>,
        _: &mut LayerContext<'_>,
        _through: bool,
        _gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// See [`Smooth::at`](crate::relaxed::Smooth::at).
    fn at(
        &mut self,
        _: &Pass<'_, K>,
        _: &mut LayerContext<'_>,
        _z: Matrix<'_>,
        _f: &mut [f32],
        _gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// See [`Smooth::curvature`](crate::relaxed::Smooth::curvature).
    fn curvature(
        &mut self,
        _: &Pass<'_, K>,
        _: &mut LayerContext<'_>,
        _v: Matrix<'_>,
        _w: Matrix<'_>,
        _out: &mut [f32],
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }
}
