//! A driver of which a run need not know the objective: the run is compiled once for all of them.

use crate::driver::Driver;
use crate::estimators::AnyEstimator;
use crate::kernels::Desktop;
use crate::measure::moments::Place;
use crate::measure::variance::gradient_variance;
use arm_core::objective::Objective;
use arm_core::{BitMatrix, Error, Shape};

/// What a run does with a [`Driver`]; parameters and moments are those of its padded shape.
pub(super) trait ErasedDriver {
    fn shape(&self) -> Shape<'_>;
    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error>;
    fn params(&self) -> &[f32];
    fn params_mut(&mut self) -> &mut [f32];
    fn unpadded(&self) -> Vec<f32>;
    fn moments(&self) -> &[f32];
    fn moments_mut(&mut self) -> &mut [f32];
    fn set_steps(&mut self, steps: u64);
    fn set_seed(&mut self, seed: u64);
    fn learned(&self) -> &[f32];
    fn set_learned(&mut self, learned: &[f32]) -> Result<(), Error>;
    fn variance(&self, x: BitMatrix<'_>, y: BitMatrix<'_>, address: u64) -> Result<f64, Error>;
}

/// With the objective of the network.
pub(super) struct Typed<'a, M>(pub(super) Driver<'a, AnyEstimator, M>, pub(super) M);

impl<M> ErasedDriver for Typed<'_, M>
where
    M: Objective<Desktop> + Clone + Send,
{
    fn shape(&self) -> Shape<'_> {
        self.0.engine().shape()
    }

    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error> {
        self.0.step_to(x, y, examples)
    }

    fn params(&self) -> &[f32] {
        self.0.params()
    }

    fn params_mut(&mut self) -> &mut [f32] {
        self.0.params_mut()
    }

    fn unpadded(&self) -> Vec<f32> {
        self.0.unpadded()
    }

    fn moments(&self) -> &[f32] {
        self.0.moments()
    }

    fn moments_mut(&mut self) -> &mut [f32] {
        self.0.moments_mut()
    }

    fn set_steps(&mut self, steps: u64) {
        self.0.set_steps(steps);
    }

    fn set_seed(&mut self, seed: u64) {
        self.0.engine_mut().seed = seed;
    }

    fn learned(&self) -> &[f32] {
        self.0.engine().learned_state()
    }

    fn set_learned(&mut self, learned: &[f32]) -> Result<(), Error> {
        self.0.engine_mut().set_learned_state(learned)
    }

    fn variance(&self, x: BitMatrix<'_>, y: BitMatrix<'_>, address: u64) -> Result<f64, Error> {
        let layers = self.shape().encoder().len();
        let place = Place { objective: &self.1, params: self.0.params(), x, y, layers };
        gradient_variance(self.0.engine(), &place, address)
    }
}
