//! A training run: epochs over a data set, validation after each, figures at the end.

use crate::config::{Config, EstimatorName};
use crate::data::{BitTable, Splits};
use crate::driver::Driver;
use crate::evaluate::bound;
use crate::model::Model;
use crate::network::Network;
use arm_core::estimator::{Ar, Arm, DisArm, Estimator, Reinforce, Rloo};
use arm_core::model::Vae;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{BitMatrix, Error};
use serde::Serialize;
use std::time::Instant;

/// The figures after an epoch, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Epochs done, from 1.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Mean -ELBO of the epoch's batches, each before its step.
    pub train_neg_elbo: f64,
    /// -ELBO of the validation split, one sample an image.
    pub valid_neg_elbo: f64,
    /// Steps per second of the epoch, validation excluded.
    pub steps_per_second: f64,
}

/// The figures of a trained model on a test split, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// -ELBO, one sample an image.
    pub neg_elbo: f64,
    /// Importance-weighted bound of -log p(x).
    pub nll: f64,
    /// Samples K of that bound.
    pub nll_samples: usize,
    /// Images it was computed for.
    pub images: usize,
}

/// Why a run stopped early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The engine refused something.
    #[error("step {step}: {error}{}", hint(error))]
    Step {
        /// The step that was refused.
        step: u64,
        /// Why.
        error: Error,
    },
    /// The caller's callback failed.
    #[error(transparent)]
    Report(#[from] Box<dyn std::error::Error + Send + Sync>),
}

fn hint(error: &Error) -> &'static str {
    match error {
        Error::Objective | Error::Diverged => "; try a smaller --lr",
        _ => "",
    }
}

/// Domains of evaluation addresses; validation uses the epoch.
pub(crate) const TEST: u64 = 1 << 30;

/// Told about a run as it goes on.
pub trait Observer {
    /// After each step: steps done, and the step's mean -ELBO.
    fn step(&mut self, step: u64, neg_elbo: f32);

    /// After each epoch; an error ends the run.
    fn epoch(&mut self, epoch: &Epoch) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Trains the network of `config` on `splits` with `threads` threads. The result depends on `config` and `splits` only.
///
/// Every epoch visits rows / batch whole batches in a new order; rows left over wait for another epoch.
pub fn train(
    config: &Config,
    network: &Network,
    splits: &Splits,
    threads: usize,
    observer: &mut dyn Observer,
) -> Result<(Model, Figures), TrainError> {
    let reinforce = Reinforce { baseline: config.baseline.baseline() };
    let run = Run { config, network, splits, threads };
    match config.estimator {
        EstimatorName::Arm => run.train(Arm, observer),
        EstimatorName::Ar => run.train(Ar, observer),
        EstimatorName::Reinforce => run.train(reinforce, observer),
        EstimatorName::Disarm => run.train(DisArm, observer),
        EstimatorName::Rloo => run.train(Rloo { samples: config.samples }, observer),
    }
}

struct Run<'a> {
    config: &'a Config,
    network: &'a Network,
    splits: &'a Splits,
    threads: usize,
}

impl Run<'_> {
    fn train<E: Estimator + Clone + Send + Sync>(
        &self,
        estimator: E,
        observer: &mut dyn Observer,
    ) -> Result<(Model, Figures), TrainError> {
        let Run { config, network, splits, threads } = *self;
        let at = |step: u64| move |error: Error| TrainError::Step { step, error };
        let adam = Adam::new(config.lr);
        let mut driver =
            Driver::new(network.shape(), estimator, Vae, adam, config.seed, config.batch, threads).map_err(at(0))?;
        driver.set_shared(!config.independent_uniforms);
        let per_epoch = splits.train.rows().checked_div(config.batch).unwrap_or(0) as u64;
        if per_epoch == 0 {
            return Err(at(0)(Error::Setting));
        }
        let stride = splits.train.cols().div_ceil(32);
        let mut words = vec![0u32; config.batch * stride];
        let mut drawn = BitTable::default();
        let (mut step, mut epoch) = (0, 0);
        while step < config.steps {
            let table = splits.train.epoch(config.seed, epoch, &mut drawn);
            let order = order(config.seed, epoch, table.rows());
            let started = Instant::now();
            let (mut sum, first) = (0.0, step);
            for rows in order.chunks_exact(config.batch).take((config.steps - step).min(per_epoch) as usize) {
                table.gather(rows, &mut words);
                let f = driver.step(BitMatrix::new(&words, table.cols()), config.batch).map_err(at(step))?;
                step += 1;
                sum += f64::from(f);
                observer.step(step, f);
            }
            let seconds = started.elapsed().as_secs_f64();
            epoch += 1;
            let valid = bound(driver.engine(), driver.params(), &splits.valid, 1, epoch, threads).map_err(at(step))?;
            observer.epoch(&Epoch {
                epoch,
                step,
                train_neg_elbo: sum / (step - first) as f64,
                valid_neg_elbo: valid,
                steps_per_second: (step - first) as f64 / seconds.max(1e-9),
            })?;
        }
        let test = splits.test.head(config.nll_examples);
        let evaluate = |table, k| bound(driver.engine(), driver.params(), table, k, TEST, threads).map_err(at(step));
        let figures = Figures {
            neg_elbo: evaluate(&splits.test, 1)?,
            nll: evaluate(&test, config.nll_samples)?,
            nll_samples: config.nll_samples,
            images: test.rows(),
        };
        let params = driver.unpadded();
        Ok((Model { network: network.clone(), params }, figures))
    }
}

/// The order of an epoch's rows (Fisher & Yates).
fn order(seed: u64, epoch: u64, rows: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    let mut stream = Stream::new(seed, Purpose::Order, epoch, 0, 0);
    for i in (1..rows).rev() {
        order.swap(i, stream.below(i as u32 + 1) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_that_changes() {
        let a = order(1, 0, 1000);
        let mut sorted = a.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(a, order(1, 1, 1000));
        assert_ne!(a, order(2, 0, 1000));
        assert_eq!(a, order(1, 0, 1000));
    }
}
