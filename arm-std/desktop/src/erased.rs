//! A driver of which a run need not know the objective: the run is compiled once for all of them.

use crate::driver::{self, Driver, IntegerDriver, Peers, Threads};
use crate::estimators::{AnyEstimator, Choice};
use crate::kernels::Desktop;
use crate::measure::moments::Point;
use crate::measure::variance::gradient_variance;
use crate::memory::LINE;
use crate::network::{Network, NumbersName, copy_rows};
use arm_core::kernels::Integer;
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::optim::{Adam, Rule, Sgd};
use arm_core::{BitMatrix, Engine, Error};

/// What a run does with a [`Driver`] or an [`IntegerDriver`]; parameters and moments are without padding, and floats.
pub trait ErasedDriver {
    /// One step: see [`Driver::step_to`]. Integers take one example.
    fn step(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error>;
    /// The parameters.
    fn params(&self) -> Vec<f32>;
    /// Replaces them. Panics where there are fewer.
    fn set_params(&mut self, params: &[f32]);
    /// Those of the optimiser; none where it has none.
    fn moments(&self) -> Vec<f32>;
    /// Replaces them. Panics where there are some, and fewer.
    fn set_moments(&mut self, moments: &[f32]);
    /// How many steps were taken before the next.
    fn set_steps(&mut self, steps: u64);
    /// The seed of the steps to come.
    fn set_seed(&mut self, seed: u64);
    /// What the estimator has learned.
    fn learned(&self) -> &[f32];
    /// Replaces it. Errors: of another length.
    fn set_learned(&mut self, learned: &[f32]) -> Result<(), Error>;
    /// See [`gradient_variance`]; of integers that of floats with these parameters.
    fn variance(&self, x: BitMatrix<'_>, y: BitMatrix<'_>, address: u64) -> Result<f64, Error>;
    /// Results that became the ends of their ranges since this was asked last.
    fn take_saturated(&mut self) -> u64 {
        0
    }
}

/// What a driver is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The network, whose own objective is minimised: the −ELBO, or minus the conditional log-likelihood.
    pub network: &'a Network,
    /// Floats, or integers, which take plain gradient descent at `rate`.
    pub numbers: NumbersName,
    /// The estimator.
    pub choice: Choice,
    /// Learning rate.
    pub rate: f32,
    /// The optimiser of each dense layer in floats.
    pub optimisers: Vec<Rule>,
    /// Seed of the initial parameters and of the steps.
    pub seed: u64,
    /// Examples of a step, at most.
    pub batch: usize,
    /// Threads.
    pub threads: Threads,
    /// Other processes.
    pub peers: Option<&'a dyn Peers>,
    /// Whether the uniforms above a layer are those of both samples of a pair.
    pub share_uniforms: bool,
}

impl<'a> Parts<'a> {
    /// A driver before its first step. Errors: see [`Driver::new`] and [`IntegerDriver::new`]; not an optimiser for every dense
    /// layer.
    pub fn driver(&self) -> Result<Box<dyn ErasedDriver + 'a>, Error> {
        match self.network.conditional {
            true => self.with(Conditional),
            false => self.with(Vae),
        }
    }

    fn with<M>(&self, objective: M) -> Result<Box<dyn ErasedDriver + 'a>, Error>
    where
        M: Objective<Desktop> + Objective<Integer> + Clone + Send + 'a,
    {
        let (shape, seed, rate) = (self.network.shape(), self.seed, self.rate);
        let estimator = self.choice.estimator(&shape)?;
        if !self.numbers.is_float() {
            return Ok(Box::new(IntegerDriver::new(shape, estimator, objective, Sgd { rate }, seed)?));
        }
        let (adam, m) = (Adam::new(rate), objective.clone());
        let mut driver = Driver::new(shape, estimator, m, adam, seed, self.batch, self.threads)?;
        let (needed, given) = (driver.optimisers_mut().len(), self.optimisers.len());
        if given != needed {
            return Err(Error::Size { needed, given });
        }
        driver.optimisers_mut().copy_from_slice(&self.optimisers);
        if let Some(peers) = self.peers {
            driver.set_peers(peers);
        }
        driver.set_share_uniforms(self.share_uniforms);
        Ok(Box::new(Typed(driver, objective)))
    }
}

/// Bytes of parameters, moments and scratch of a driver for this network, alone or with other processes; 0 where the estimator
/// cannot serve it, `usize::MAX` where that is more than can be counted.
pub fn memory(
    network: &Network,
    numbers: NumbersName,
    choice: Choice,
    batch: usize,
    threads: Threads,
    alone: bool,
) -> usize {
    let shape = network.shape();
    if !numbers.is_float() {
        return driver::integer_memory(&shape, choice.samples_drawn(&shape));
    }
    let engine = choice.estimator(&shape).and_then(|e| Engine::new(shape.padded(LINE), Desktop::new(), e, 0));
    engine.map_or(0, |engine| driver::memory(&engine, batch, threads, !alone))
}

/// With the objective of the network.
struct Typed<'a, M>(Driver<'a, AnyEstimator, M>, M);

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimators::{BaselineName, EstimatorName};

    #[test]
    fn every_dense_layer_has_an_optimiser() {
        let network: Network = "9-[4] / [4]-9".parse().unwrap();
        let choice = Choice { name: EstimatorName::Arm, samples: 2, baseline: BaselineName::None };
        let parts = |optimisers| Parts {
            network: &network,
            numbers: NumbersName::F32,
            choice,
            rate: 0.1,
            optimisers,
            seed: 1,
            batch: 1,
            threads: Threads::Fixed(1),
            peers: None,
            share_uniforms: true,
        };
        let rule = Rule::Sgd(Sgd { rate: 0.1 });
        assert_eq!(parts(vec![rule]).driver().err(), Some(Error::Size { needed: 2, given: 1 }));
        let driver = parts(vec![rule; 2]).driver().unwrap();
        assert_eq!(driver.params().len(), network.shape().params());
    }
}
