//! Objectives f(b_1..T): what a chain of Bernoulli layers is trained for.

mod black_box;
mod conditional;
mod differentiable;
mod output;
mod smooth;
mod vae;

pub use black_box::BlackBox;
pub use conditional::Conditional;
pub use differentiable::Differentiable;
pub use vae::Vae;

use crate::engine::relaxed::Lent;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::shape::plan::Plan;

/// An objective; sealed, because it works on the engine's buffers.
pub trait Objective<K: Kernels>: private::Sealed {
    /// Whether f contains log q(b_1..T).
    #[doc(hidden)]
    const LOG_Q: bool;

    #[doc(hidden)]
    fn check(&self, shape: &crate::Shape<'_>) -> Result<(), Error>;

    /// Evaluates the main rows: `cost`, and the gradient of the logits it owns.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, batch: &Batch<'_>, work: &mut Work<'_>);

    /// Adds to `total` the terms of f that depend on layers `from..`, for the first `count` rows of a branch.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn evaluate(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        from: usize,
        count: usize,
    );

    /// Whether a flipped unit of layer `t` changes the logits of f by one row of weights and nothing else; then those
    /// logits are left in `work.b` for [`flipped`](Self::flipped).
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn keep_linear(&self, _: &Network<'_, '_, K>, _: &Plan<'_>, _: &mut Work<'_>, _t: usize) -> bool {
        false
    }

    /// The terms of f but log q that depend on the top layer, for a row in which one of its units is flipped.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn flipped(
        &self,
        _: &Network<'_, '_, K>,
        _: &Plan<'_>,
        _: &Batch<'_>,
        _: &mut Work<'_>,
        _row: usize,
        _unit: usize,
    ) -> f32 {
        f32::NAN
    }

    /// See [`Smooth::at_samples`](crate::engine::relaxed::Smooth::at_samples).
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn at_samples(
        &mut self,
        _: &Network<'_, '_, K>,
        _: &Plan<'_>,
        _: &mut Lent<'_>,
        _through: bool,
        _gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// See [`Smooth::at`](crate::engine::relaxed::Smooth::at).
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn at(
        &mut self,
        _: &Network<'_, '_, K>,
        _: &Plan<'_>,
        _: &mut Lent<'_>,
        _z: Matrix<'_>,
        _f: &mut [f32],
        _gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// See [`Smooth::curvature`](crate::engine::relaxed::Smooth::curvature).
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn curvature(
        &mut self,
        _: &Network<'_, '_, K>,
        _: &mut Lent<'_>,
        _v: Matrix<'_>,
        _w: Matrix<'_>,
        _out: &mut [f32],
    ) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// From the gradient of its logits, those of its hidden layers, each row times its weight.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    fn back(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>);
}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Vae {}
    impl Sealed for super::Conditional {}
    impl<F> Sealed for super::BlackBox<F> {}
    impl<F, G> Sealed for super::Differentiable<F, G> {}
}
