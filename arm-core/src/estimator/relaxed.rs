//! Estimators that use the gradient of f with respect to b, where f is extended to real b.
//!
//! Tests: `tests/tests/estimators/relaxed.rs`, `tests/tests/engine/smooth.rs`.

use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::uniforms::Address;
use crate::numeric::bits::Bits;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::shape::Activation;

/// The gradient of an estimator that sees that of f.
pub trait Relaxation {
    /// The most real vectors at which f is evaluated at a time, for each sample.
    fn points(&self) -> usize {
        0
    }

    /// Floats that an example leaves for [`Learned::learn`](super::Learned::learn).
    fn statistics(&self) -> usize {
        0
    }

    /// The gradient with respect to the logits of a layer, top layers first. A row must depend on the samples of its own
    /// example only. Errors refuse the step.
    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error>;
}

/// A layer with its objective, as [`Relaxation::relax`] sees it.
pub struct RelaxedLayer<'a> {
    /// The samples.
    pub rows: Rows<'a>,
    /// Takes the gradient with respect to the logits of each row.
    pub delta: MatrixMut<'a>,
    /// What is kept of the examples for [`Learned::learn`](super::Learned::learn).
    pub statistics: &'a mut [f32],
    /// f beyond its values at the samples.
    pub smooth: &'a mut dyn Smooth,
}

/// f, extended to real b: the log-probabilities of Bernoulli units are linear in them. Other layers keep their samples.
pub trait Smooth {
    /// The kernels of dense layers, for nets of the estimator's own.
    fn kernels(&self) -> &dyn DenseKernels;

    /// The gradient of f with respect to the samples of the layer, in `gradient`, a row each. With `through` the samples
    /// of the layers above count as their probabilities, whose gradients must have been computed before.
    ///
    /// Cost: one dense layer backwards, and for a stack the links to the layer above.
    fn at_samples(&mut self, through: bool, gradient: MatrixMut<'_>) -> Result<(), Error>;

    /// f and its gradient at real vectors z of the layer, at most [`points`](Relaxation::points) for each row: z\[i\] is
    /// evaluated in place of the samples of row `i % rows`. Cost: a forward and a backward pass each.
    fn at(&mut self, z: Matrix<'_>, f: &mut [f32], gradient: MatrixMut<'_>) -> Result<(), Error>;

    /// v H w for the Hessian H of f at each of the vectors that [`at`](Self::at) was last called with. Cost: two forward
    /// passes each.
    fn curvature(&mut self, v: Matrix<'_>, w: Matrix<'_>, out: &mut [f32]) -> Result<(), Error>;
}

/// The [`Kernels`] of real dense layers.
pub trait DenseKernels {
    /// [`Kernels::affine`].
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, y: MatrixMut<'_>);

    /// [`Kernels::back`].
    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, activation: Activation, dx: MatrixMut<'_>);

    /// [`Kernels::axpy`].
    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]);
}

impl<K: Kernels> DenseKernels for K {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, activation: Activation, y: MatrixMut<'_>) {
        Kernels::affine(self, w, x, activation, y);
    }

    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, activation: Activation, dx: MatrixMut<'_>) {
        Kernels::back(self, w, d, a, activation, dx);
    }

    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        Kernels::axpy(self, a, x, y);
    }
}

/// A stochastic layer of a share of a batch. Row `e * samples + s` is sample `s` of example `e`.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The stochastic layer, from 0.
    pub layer: usize,
    /// Samples of an example.
    pub samples: usize,
    /// Logits phi of the layer.
    pub phi: Matrix<'a>,
    /// Samples b of the layer.
    pub b: BitMatrix<'a>,
    /// f of each row.
    pub f: &'a [f32],
    pub(crate) x: BitMatrix<'a>,
    pub(crate) address: Address<'a>,
    pub(crate) fresh: Address<'a>,
}

impl<'a> Rows<'a> {
    /// The input of the example that `row` belongs to.
    pub fn x(&self, row: usize) -> Bits<'a> {
        self.x.bits(row.checked_div(self.samples).unwrap_or(0))
    }

    /// The uniforms that `row` was drawn with.
    pub fn uniforms(&self, row: usize, u: &mut [f32]) {
        self.address.stream(self.samples, row, self.layer).fill(u);
    }

    /// Uniforms that nothing has been drawn with.
    pub fn fresh(&self, row: usize, u: &mut [f32]) {
        self.fresh.stream(self.samples, row, self.layer).fill(u);
    }
}
