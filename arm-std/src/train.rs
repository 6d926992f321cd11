//! A training run: epochs over a data set, validation after each, figures at the end; it can be left and taken up at any
//! step.

use crate::checkpoint::{Checkpoint, Progress};
use crate::config::Config;
use crate::data::{BitTable, Splits};
use crate::dispatch::Visitor;
use crate::driver::Driver;
use crate::evaluate::bound;
use crate::memory::LINE;
use crate::model::{Model, copy_rows};
use crate::network::Network;
use crate::optimise::Rule;
use arm_core::estimator::Estimator;
use arm_core::model::Vae;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{BitMatrix, Error};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The figures after an epoch, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Epochs done, from 1; the last may be cut short.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// Mean -ELBO of the epoch's batches, each before its step.
    pub train_neg_elbo: f64,
    /// -ELBO of the validation split, one sample an image.
    pub valid_neg_elbo: f64,
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
    /// The checkpoint belongs to another run.
    #[error("the checkpoint does not fit: {0}")]
    Checkpoint(&'static str),
    /// The observer failed.
    #[error(transparent)]
    Observer(#[from] Failure),
}

/// What an [`Observer`] fails with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

fn hint(error: &Error) -> &'static str {
    match error {
        Error::Objective | Error::Diverged => {
            " and the model is still that of the step before; try a smaller --lr"
        }
        _ => "",
    }
}

/// Domains of evaluation addresses; validation uses the epoch.
pub(crate) const TEST: u64 = 1 << 30;

/// What to do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    Go,
    /// Save a checkpoint and go on.
    Save,
    /// Save a checkpoint and leave.
    Leave,
}

/// Told about a run as it goes on; an error ends it.
pub trait Observer {
    /// After each step: steps done, and the step's mean -ELBO.
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next;

    /// After each epoch, with the time its steps took.
    fn epoch(&mut self, epoch: &Epoch, steps: u64, time: Duration) -> Result<(), Failure>;

    /// To keep `checkpoint`.
    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure>;
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// All steps were taken, or patience ran out: the model of the best epoch on the validation split, and its figures.
    Done {
        /// The model.
        model: Model,
        /// The epoch it is from.
        best: Epoch,
        /// Its figures on the test split.
        figures: Figures,
    },
    /// The observer wanted to leave after this step.
    Left(u64),
}

/// Trains the network of `config` on `splits` with `threads` threads, from the start or from a checkpoint of the same
/// configuration. The result depends on `config` and `splits` only.
///
/// Every epoch visits rows / batch whole batches in a new order; rows left over wait for another epoch.
pub fn train(
    config: &Config,
    network: &Network,
    splits: &Splits,
    threads: usize,
    from: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let run = Run { config, network, splits, threads };
    config.choice().with(&network.shape(), Start { run, from, observer }).map_err(at(0))?
}

/// A run that waits for its estimator.
struct Start<'a> {
    run: Run<'a>,
    from: Option<Checkpoint>,
    observer: &'a mut dyn Observer,
}

impl Visitor for Start<'_> {
    type Output = Result<Outcome, TrainError>;

    fn visit<E: Estimator + Clone + Send + Sync>(self, estimator: E) -> Self::Output {
        self.run.train(estimator, self.from, self.observer)
    }
}

struct Run<'a> {
    config: &'a Config,
    network: &'a Network,
    splits: &'a Splits,
    threads: usize,
}

/// A driver with the run's progress.
struct State<'a, E> {
    driver: Driver<'a, E, Vae, Rule>,
    network: &'a Network,
    progress: Progress,
    best: Vec<f32>,
}

impl<'a> Run<'a> {
    fn train<E: Estimator + Send + Sync>(
        &self,
        estimator: E,
        from: Option<Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let Run { config, splits, .. } = *self;
        let per_epoch = splits.train.rows().checked_div(config.batch).unwrap_or(0) as u64;
        if per_epoch == 0 {
            return Err(at(0)(Error::Setting));
        }
        let mut state = self.start(estimator)?;
        if let Some(checkpoint) = from {
            state.restore(checkpoint)?;
        }
        let mut words = vec![0u32; config.batch * splits.train.cols().div_ceil(32)];
        let mut drawn = BitTable::default();
        while state.progress.step < config.steps && !self.patience_is_over(&state.progress.history) {
            let epoch = state.progress.step / per_epoch;
            let of_data = if config.overfit_one_batch { 0 } else { epoch };
            let table = splits.train.epoch(config.seed, of_data, &mut drawn);
            let order = order(config.seed, of_data, table.rows());
            let end = config.steps.min((epoch + 1) * per_epoch);
            let (started, first) = (Instant::now(), state.progress.step);
            let mut next = Next::Go;
            while state.progress.step < end {
                let position =
                    if config.overfit_one_batch { 0 } else { (state.progress.step % per_epoch) as usize };
                table.gather(&order[position * config.batch..(position + 1) * config.batch], &mut words);
                let f = state.step(BitMatrix::new(&words, table.cols()), config.batch)?;
                next = observer.step(state.progress.step, f);
                if next != Next::Go && state.progress.step < end {
                    observer.save(&state.checkpoint())?;
                    if next == Next::Leave {
                        return Ok(Outcome::Left(state.progress.step));
                    }
                }
            }
            let whole = end % per_epoch == 0;
            if !whole {
                // The figures of an epoch cut short are not part of a checkpoint: a longer run would finish it.
                observer.save(&state.checkpoint())?;
            }
            let entry = self.end_epoch(&mut state, epoch + 1, end - epoch * per_epoch)?;
            observer.epoch(&entry, end - first, started.elapsed())?;
            if whole && (next != Next::Go || end == config.steps) {
                observer.save(&state.checkpoint())?;
            }
            if next == Next::Leave && end < config.steps {
                return Ok(Outcome::Left(end));
            }
        }
        self.finish(state)
    }

    fn start<E: Estimator + Send + Sync>(&self, estimator: E) -> Result<State<'a, E>, TrainError> {
        let Run { config, network, threads, .. } = *self;
        let adam = Rule::Adam(Adam::new(config.lr));
        let mut driver =
            Driver::new(network.shape(), estimator, Vae, adam, config.seed, config.batch, threads)
                .map_err(at(0))?;
        driver.optimisers_mut().copy_from_slice(&config.optimisers(network));
        driver.set_shared(!config.independent_uniforms);
        Ok(State { driver, network, progress: Progress::default(), best: Vec::new() })
    }

    /// Validates, and notes the best parameters.
    fn end_epoch<E: Estimator + Send + Sync>(
        &self,
        state: &mut State<'_, E>,
        epoch: u64,
        steps: u64,
    ) -> Result<Epoch, TrainError> {
        let Progress { step, epoch_sum, .. } = state.progress;
        let (engine, params) = (state.driver.engine(), state.driver.params());
        let valid = bound(engine, params, &self.splits.valid, 1, epoch, self.threads).map_err(at(step))?;
        let entry = Epoch { epoch, step, train_neg_elbo: epoch_sum / steps as f64, valid_neg_elbo: valid };
        if best(&state.progress.history).is_none_or(|b| entry.valid_neg_elbo < b.valid_neg_elbo) {
            state.best = state.driver.unpadded();
        }
        state.progress.history.push(entry);
        state.progress.epoch_sum = 0.0;
        Ok(entry)
    }

    fn patience_is_over(&self, history: &[Epoch]) -> bool {
        let since = |b: &Epoch| history.last().map_or(0, |last| last.epoch - b.epoch);
        self.config.patience > 0 && best(history).is_some_and(|b| since(b) >= self.config.patience)
    }

    fn finish<E: Estimator + Send + Sync>(&self, mut state: State<'_, E>) -> Result<Outcome, TrainError> {
        let Run { config, network, splits, threads } = *self;
        let (step, best) = (state.progress.step, best(&state.progress.history).copied());
        let best = best.ok_or(TrainError::Checkpoint("it holds no finished epoch"))?;
        let params = std::mem::take(&mut state.best);
        copy_rows(network.shape(), &params, network.shape().padded(LINE), state.driver.params_mut());
        let driver = &state.driver;
        let evaluate =
            |table, k| bound(driver.engine(), driver.params(), table, k, TEST, threads).map_err(at(step));
        let test = splits.test.head(if config.nll_images == 0 { usize::MAX } else { config.nll_images });
        let figures = Figures {
            neg_elbo: evaluate(&splits.test, 1)?,
            nll: evaluate(&test, config.nll_samples)?,
            nll_samples: config.nll_samples,
            images: test.rows(),
        };
        Ok(Outcome::Done { model: Model { network: network.clone(), params }, best, figures })
    }
}

impl<E: Estimator + Send + Sync> State<'_, E> {
    fn step(&mut self, x: BitMatrix<'_>, examples: usize) -> Result<f32, TrainError> {
        let f = self.driver.step(x, examples).map_err(at(self.progress.step))?;
        self.progress.step += 1;
        self.progress.epoch_sum += f64::from(f);
        Ok(f)
    }

    fn checkpoint(&self) -> Checkpoint {
        let (padded, plain) = (self.driver.engine().shape(), self.network.shape());
        let mut moments = vec![0.0; 2 * plain.params()];
        let halves = moments.chunks_mut(plain.params()).zip(self.driver.moments().chunks(padded.params()));
        for (to, from) in halves {
            copy_rows(padded, from, plain, to);
        }
        Checkpoint {
            model: Model { network: self.network.clone(), params: self.driver.unpadded() },
            moments,
            best: self.best.clone(),
            estimator: self.driver.engine().estimator.state().to_vec(),
            progress: self.progress.clone(),
        }
    }

    fn restore(&mut self, from: Checkpoint) -> Result<(), TrainError> {
        let (padded, plain) = (self.driver.engine().shape(), self.network.shape());
        if from.model.network != *self.network {
            return Err(TrainError::Checkpoint("it is of another network"));
        }
        if from.moments.len() != 2 * plain.params()
            || from.best.is_empty() != from.progress.history.is_empty()
        {
            return Err(TrainError::Checkpoint("its moments or its best parameters are incomplete"));
        }
        copy_rows(plain, &from.model.params, padded, self.driver.params_mut());
        let halves = self.driver.moments_mut().chunks_mut(padded.params());
        for (to, from) in halves.zip(from.moments.chunks(plain.params())) {
            copy_rows(plain, from, padded, to);
        }
        self.driver.set_steps(from.progress.step);
        let estimator = &mut self.driver.engine_mut().estimator;
        let other = |_| TrainError::Checkpoint("the state of its estimator is of another estimator");
        estimator.set_state(&from.estimator).map_err(other)?;
        self.best = from.best;
        self.progress = from.progress;
        Ok(())
    }
}

fn at(step: u64) -> impl Fn(Error) -> TrainError {
    move |error| TrainError::Step { step, error }
}

/// The epoch with the lowest validation bound; the first of equals.
fn best(history: &[Epoch]) -> Option<&Epoch> {
    history.iter().min_by(|a, b| a.valid_neg_elbo.total_cmp(&b.valid_neg_elbo))
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
