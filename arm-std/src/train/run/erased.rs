//! A driver of which a run need not know the objective: the run is compiled once for all of them.

use crate::driver::{Driver, IntegerDriver};
use crate::estimators::AnyEstimator;
use crate::kernels::Desktop;
use crate::measure::moments::Point;
use crate::measure::variance::gradient_variance;
use crate::network::copy_rows;
use arm_core::kernels::Integer;
use arm_core::objective::Objective;
use arm_core::{BitMatrix, Error};

/// What a run does with a [`Driver`] or an [`IntegerDriver`]; parameters and moments are without padding, and floats.
pub(super) trait ErasedDriver {
    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error>;
    fn params(&self) -> Vec<f32>;
    fn set_params(&mut self, params: &[f32]);
    /// Of a driver whose optimiser has none none.
    fn moments(&self) -> Vec<f32>;
    fn set_moments(&mut self, moments: &[f32]);
    fn set_steps(&mut self, steps: u64);
    fn set_seed(&mut self, seed: u64);
    fn learned(&self) -> &[f32];
    fn set_learned(&mut self, learned: &[f32]) -> Result<(), Error>;
    fn variance(&self, x: BitMatrix<'_>, y: BitMatrix<'_>, address: u64) -> Result<f64, Error>;
    /// Results that became the ends of their ranges since this was asked last.
    fn take_saturated(&mut self) -> u64 {
        0
    }
}

/// With the objective of the network.
pub(super) struct Typed<'a, M>(pub(super) Driver<'a, AnyEstimator, M>, pub(super) M);

impl<M> ErasedDriver for Typed<'_, M>
where
    M: Objective<Desktop> + Clone + Send,
{
    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error> {
        self.0.step_to(x, y, examples)
    }

    fn params(&self) -> Vec<f32> {
        self.0.unpadded()
    }

    fn set_params(&mut self, params: &[f32]) {
        let padded = self.0.engine().shape();
        copy_rows(padded.padded(1), params, padded, self.0.params_mut());
    }

    fn moments(&self) -> Vec<f32> {
        let padded = self.0.engine().shape();
        let plain = padded.padded(1);
        let mut moments = vec![0.0; 2 * plain.params()];
        let halves = moments.chunks_mut(plain.params()).zip(self.0.moments().chunks(padded.params()));
        halves.for_each(|(to, from)| copy_rows(padded, from, plain, to));
        moments
    }

    fn set_moments(&mut self, moments: &[f32]) {
        let padded = self.0.engine().shape();
        let plain = padded.padded(1);
        let halves = self.0.moments_mut().chunks_mut(padded.params()).zip(moments.chunks(plain.params()));
        halves.for_each(|(to, from)| copy_rows(plain, from, padded, to));
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
        let layers = self.0.engine().shape().encoder().len();
        let point = Point { objective: &self.1, params: self.0.params(), x, y, layers };
        gradient_variance(self.0.engine(), &point, address)
    }
}

impl<M> ErasedDriver for IntegerDriver<'_, M>
where
    M: Objective<Integer> + Objective<Desktop> + Clone + Send,
{
    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error> {
        if examples != 1 {
            return Err(Error::Size { needed: 1, given: examples });
        }
        IntegerDriver::step(self, x.row(0), y.row(0))
    }

    fn params(&self) -> Vec<f32> {
        IntegerDriver::params(self).iter().map(|w| Integer::float(*w)).collect()
    }

    fn set_params(&mut self, params: &[f32]) {
        self.params_mut().iter_mut().zip(params).for_each(|(w, p)| *w = Integer::nearest(*p).0);
    }

    fn moments(&self) -> Vec<f32> {
        vec![]
    }

    fn set_moments(&mut self, _: &[f32]) {}

    fn set_steps(&mut self, steps: u64) {
        IntegerDriver::set_steps(self, steps);
    }

    fn set_seed(&mut self, seed: u64) {
        self.engine_mut().seed = seed;
    }

    fn learned(&self) -> &[f32] {
        self.engine().learned_state()
    }

    fn set_learned(&mut self, learned: &[f32]) -> Result<(), Error> {
        self.engine_mut().set_learned_state(learned)
    }

    /// Of floats with these parameters.
    fn variance(&self, x: BitMatrix<'_>, y: BitMatrix<'_>, address: u64) -> Result<f64, Error> {
        let (padded, params) = (self.engine().shape(), ErasedDriver::params(self));
        let mut floats = vec![0.0; padded.params()];
        copy_rows(padded.padded(1), &params, padded, &mut floats);
        let layers = padded.encoder().len();
        let point = Point { objective: self.objective(), params: &floats, x, y, layers };
        gradient_variance(self.engine(), &point, address)
    }

    fn take_saturated(&mut self) -> u64 {
        IntegerDriver::take_saturated(self)
    }
}
