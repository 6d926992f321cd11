//! A driver with a run's progress: what a checkpoint holds, and the last good state.

use crate::driver::{Peers, Threads};
use crate::network::{Model, Network, SplitRows};
use crate::train::error::at;
use crate::train::{Checkpoint, Config, RunProgress, TrainError};
use arm_core::init::output_bias;
use arm_core::{BitMatrix, Error};
use arm_desktop::erased::{ErasedDriver, Parts};

pub(in crate::train) struct State<'a> {
    pub(super) driver: Box<dyn ErasedDriver + 'a>,
    config: &'a Config,
    network: &'a Network,
    pub(in crate::train) progress: RunProgress,
    /// Parameters of the best epoch.
    pub(in crate::train) best: Vec<f32>,
    /// Parameters and moments at the start of the epoch in progress, unpadded; empty between epochs.
    pub(in crate::train) good: Vec<f32>,
}

impl<'a> State<'a> {
    /// A run that has taken no step. `means` are those of the train split's columns.
    pub(in crate::train) fn new(
        config: &'a Config,
        network: &'a Network,
        (threads, peers): (Threads, Option<&'a dyn Peers>),
        means: &[f32],
    ) -> Result<Self, TrainError> {
        let parts = Parts {
            network,
            numbers: config.numbers,
            choice: config.choice(),
            rate: config.lr,
            optimisers: config.optimisers(network),
            seed: config.seed,
            batch: config.batch,
            threads,
            peers,
            share_uniforms: !config.independent_uniforms,
        };
        let mut driver = parts.driver().map_err(at(0))?;
        if config.output_bias {
            let of_output = means.get(if network.conditional { network.inputs } else { 0 }..);
            let mut params = driver.params();
            output_bias(&network.shape(), of_output.unwrap_or_default(), &mut params).map_err(at(0))?;
            driver.set_params(&params);
        }
        Ok(State { driver, config, network, progress: RunProgress::default(), best: vec![], good: vec![] })
    }

    /// Whether an epoch has begun and not ended.
    pub(in crate::train) fn within_epoch(&self) -> bool {
        !self.good.is_empty()
    }

    pub(in crate::train) fn step(
        &mut self,
        x: BitMatrix<'_>,
        y: BitMatrix<'_>,
        examples: usize,
    ) -> Result<f32, TrainError> {
        let f = self.driver.step(x, y, examples).map_err(at(self.progress.step))?;
        self.progress.step += 1;
        self.progress.epoch_sum += f64::from(f);
        Ok(f)
    }

    /// Takes a step on rows of zeros of `cols` units, and measures the variance there: an error is what a run would meet.
    pub(in crate::train) fn try_step(&mut self, cols: usize) -> Result<(), TrainError> {
        let examples = self.config.batch;
        let words = vec![0; examples * cols.div_ceil(32)];
        let split = SplitRows::new(&self.network.shape(), &words, cols);
        let (x, y) = (split.x(0..examples), split.y(0..examples));
        let tried = self.step(x, y, examples).and_then(|_| {
            let one = (split.x(0..1), split.y(0..1));
            self.driver.variance(one.0, one.1, 0).map_err(at(0))
        });
        match tried {
            // It depends on the draws.
            Ok(_) | Err(TrainError::Step { error: Error::Objective | Error::Diverged, .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// Remembers the state at the start of an epoch.
    pub(in crate::train) fn keep_good(&mut self) {
        self.good = self.driver.params();
        self.good.extend(self.driver.moments());
        self.good.extend(self.driver.learned());
    }

    /// Restores what [`keep_good`](Self::keep_good) remembered, of step `first`.
    pub(in crate::train) fn go_back(&mut self, first: u64) -> Result<(), TrainError> {
        let plain = self.network.shape();
        let good = std::mem::take(&mut self.good);
        let lacking = || TrainError::Checkpoint("it lacks the start of its epoch");
        let (params, rest) = good.split_at_checked(plain.params()).ok_or_else(lacking)?;
        let (moments, estimator) = rest.split_at_checked(self.driver.moments().len()).ok_or_else(lacking)?;
        self.set(first, params, moments, estimator)?;
        self.progress.step = first;
        self.progress.epoch_sum = 0.0;
        Ok(())
    }

    /// The model as it is.
    pub(super) fn model(&self) -> Model {
        self.model_of(self.driver.params())
    }

    /// A model of the run with these parameters.
    pub(super) fn model_of(&self, params: Vec<f32>) -> Model {
        Model { network: self.network.clone(), params, numbers: self.config.numbers }
    }

    pub(in crate::train) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            config: self.config.clone(),
            model: self.model(),
            moments: self.driver.moments(),
            best: self.best.clone(),
            estimator: self.driver.learned().to_vec(),
            before: self.good.clone(),
            progress: self.progress.clone(),
        }
    }

    pub(in crate::train) fn restore(&mut self, from: Checkpoint) -> Result<(), TrainError> {
        if from.model.network != *self.network {
            return Err(TrainError::Checkpoint("it is of another network"));
        }
        if from.progress.data != self.progress.data {
            return Err(TrainError::Checkpoint("the data are not those it was trained on"));
        }
        if from.moments.len() != self.driver.moments().len() {
            return Err(TrainError::Checkpoint("its moments are incomplete"));
        }
        self.set(from.progress.step, &from.model.params, &from.moments, &from.estimator)?;
        self.best = from.best;
        self.good = from.before;
        self.progress = from.progress;
        Ok(())
    }

    /// Gives the driver these parameters and moments, unpadded, and the estimator what it had learned.
    fn set(
        &mut self,
        step: u64,
        params: &[f32],
        moments: &[f32],
        estimator: &[f32],
    ) -> Result<(), TrainError> {
        self.driver.set_params(params);
        self.driver.set_moments(moments);
        self.driver.set_steps(step);
        let other = |_| TrainError::Checkpoint("the state of its estimator is of another estimator");
        self.driver.set_learned(estimator).map_err(other)
    }
}
