//! The epochs of a run.

mod state;
#[cfg(test)]
mod tests;

use super::error::at;
use super::{Epoch, Next, Observer, RETRIES, Restored, TrainError, best};
use crate::data::{BitTable, Splits};
use crate::driver::{Peers, Threads};
use crate::measure::evaluate::bound_of;
use crate::measure::{Figures, Mean, Rows, Scores, Unfinished, Work};
use crate::network::{Model, Network, SplitRows};
use crate::train::{Checkpoint, Config, RunProgress};
use arm_core::Error;
use arm_core::rng::{Purpose, Stream};
pub(super) use state::State;
use std::time::{Duration, Instant};

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
    /// The observer wanted to leave after this step; after the last one, while the test split was evaluated.
    Left(u64),
}

/// Trains the network of `config` on `splits` with `threads` threads, from the start or from a checkpoint of the same
/// configuration, alone or with the processes `peers`, each of which calls this. The result depends on `config`,
/// `splits` and the number of processes only.
///
/// Every epoch visits rows / batch whole batches in a new order; rows left over wait for another epoch.
pub fn train(
    config: &Config,
    network: &Network,
    splits: &Splits,
    threads: impl Into<Threads>,
    peers: Option<&dyn Peers>,
    from: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    Run { config, network, splits, threads: threads.into(), peers }.train(from, observer)
}

/// Rows of data, a network, and who works on them.
pub(super) struct Run<'a> {
    pub(super) config: &'a Config,
    pub(super) network: &'a Network,
    pub(super) splits: &'a Splits,
    pub(super) threads: Threads,
    pub(super) peers: Option<&'a dyn Peers>,
}

/// Where an epoch has led.
enum Epochs {
    /// To the next, or to the end of the run.
    Next,
    /// Out of the run.
    Left,
}

impl Run<'_> {
    /// From the start or from a checkpoint.
    pub(super) fn train(
        &self,
        from: Option<Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let Run { config, network, splits, threads, peers } = *self;
        let per_epoch = splits.train.rows().checked_div(config.batch).unwrap_or(0) as u64;
        if per_epoch == 0 {
            return Err(at(0)(Error::Setting));
        }
        let mut state = State::new(config, network, (threads, peers), &splits.train.means())?;
        state.progress.data = splits.checksum();
        if let Some(checkpoint) = from {
            state.restore(checkpoint)?;
        }
        let mut buffer = BitTable::default();
        // At the last step an epoch that was cut short may still lack its figures.
        while (state.progress.step < config.steps || state.within_epoch())
            && !self.patience_is_over(&state.progress.history)
        {
            let within = state.within_epoch();
            // All steps of an epoch may be taken while its figures are lacking.
            let last = if within { state.progress.step.saturating_sub(1) } else { state.progress.step };
            let first = last / per_epoch * per_epoch;
            if !within {
                state.keep_good();
            }
            match self.epoch(&mut state, first, per_epoch, &mut buffer, observer) {
                Ok(Epochs::Next) => {}
                Ok(Epochs::Left) => return Ok(Outcome::Left(state.progress.step)),
                Err(TrainError::Step { step, error: error @ (Error::Objective | Error::Diverged) }) => {
                    state.go_back(first)?;
                    let attempt = attempts(&state.progress, first) + 1;
                    if attempt > RETRIES {
                        if first > 0 {
                            observer.save(&state.checkpoint())?;
                        }
                        return Err(TrainError::GaveUp { step, error, good: first });
                    }
                    let restored = Restored { step, error: error.to_string(), to_step: first, attempt };
                    observer.restored(&restored)?;
                    state.progress.restored.push(restored);
                }
                Err(other) => return Err(other),
            }
        }
        observer.done();
        self.finish(state, observer)
    }

    /// The rest of the epoch that starts at step `first`, and its figures.
    fn epoch(
        &self,
        state: &mut State<'_>,
        first: u64,
        per_epoch: u64,
        buffer: &mut BitTable,
        observer: &mut dyn Observer,
    ) -> Result<Epochs, TrainError> {
        let Run { config, network, splits, .. } = *self;
        let (epoch, shape) = (first / per_epoch, network.shape());
        let seed = draws(config.seed, attempts(&state.progress, first));
        state.driver.set_seed(seed);
        let (of_data, seed) = if config.overfit_one_batch { (0, config.seed) } else { (epoch, seed) };
        let table = splits.train.epoch(seed, of_data, buffer);
        let order = order(seed, of_data, table.rows());
        let mut words = vec![0u32; config.batch * table.words_per_row()];
        let end = config.steps.min(first + per_epoch);
        let (started, from) = (Instant::now(), state.progress.step);
        let (mut next, mut saving) = (Next::Go, Duration::ZERO);
        while state.progress.step < end {
            let position =
                if config.overfit_one_batch { 0 } else { (state.progress.step % per_epoch) as usize };
            table.gather(&order[position * config.batch..(position + 1) * config.batch], &mut words);
            let split = SplitRows::new(&shape, &words, table.cols());
            let f = state.step(split.x(0..config.batch), split.y(0..config.batch), config.batch)?;
            next = observer.step(state.progress.step, f);
            if next != Next::Go && state.progress.step < end {
                let since = Instant::now();
                observer.save(&state.checkpoint())?;
                saving += since.elapsed();
                if next == Next::Leave {
                    return Ok(Epochs::Left);
                }
            }
        }
        let time = started.elapsed().saturating_sub(saving);
        let whole = end % per_epoch == 0;
        if !whole {
            // The figures of an epoch cut short are not part of a checkpoint: a longer run would finish it.
            observer.save(&state.checkpoint())?;
        }
        let Some(entry) = self.end_epoch(state, epoch + 1, end - first, observer)? else {
            observer.save(&state.checkpoint())?;
            return Ok(Epochs::Left);
        };
        match state.driver.take_saturated() {
            0 => {}
            results => observer.saturated(results),
        }
        observer.epoch(&entry, end - from, time)?;
        let over = end == config.steps || self.patience_is_over(&state.progress.history);
        if whole && (next != Next::Go || over) {
            observer.save(&state.checkpoint())?;
        }
        Ok(if next == Next::Leave && end < config.steps { Epochs::Left } else { Epochs::Next })
    }

    /// Validates, and notes the best parameters; or nothing, where the observer leaves meanwhile.
    fn end_epoch(
        &self,
        state: &mut State<'_>,
        epoch: u64,
        steps: u64,
        observer: &mut dyn Observer,
    ) -> Result<Option<Epoch>, TrainError> {
        let Run { config, network, splits, .. } = *self;
        let RunProgress { step, epoch_sum, .. } = state.progress;
        state.driver.set_seed(config.seed);
        let (model, valid) = (state.model(), Rows::all(&splits.valid));
        let mut leave = || observer.leave();
        let work = &mut self.work(&mut leave);
        let valid = match bound_of(&model, config.seed, valid, 1, epoch, work) {
            Ok(valid) => valid,
            Err(Unfinished::Left) => return Ok(None),
            Err(Unfinished::Refused(error)) => return Err(at(step)(error)),
        };
        let rows = config.batch.min(splits.valid.rows());
        let split = SplitRows::new(&network.shape(), splits.valid.words(), splits.valid.cols());
        let variance = state.driver.variance(split.x(0..rows), split.y(0..rows), epoch);
        let entry = Epoch {
            epoch,
            step,
            train_neg_elbo: epoch_sum / steps as f64,
            valid_neg_elbo: Mean::of(&valid).value,
            gradient_variance: variance.map_err(at(step))?,
        };
        if best(&state.progress.history).is_none_or(|b| entry.valid_neg_elbo < b.valid_neg_elbo) {
            state.best = model.params;
        }
        state.progress.history.push(entry);
        state.progress.epoch_sum = 0.0;
        state.good.clear();
        Ok(Some(entry))
    }

    fn work<'w>(&'w self, leave: &'w mut dyn FnMut() -> bool) -> Work<'w> {
        Work { threads: self.threads.most(), peers: self.peers, leave: Some(leave) }
    }

    fn patience_is_over(&self, history: &[Epoch]) -> bool {
        let since = |b: &Epoch| history.last().map_or(0, |last| last.epoch - b.epoch);
        self.config.patience > 0 && best(history).is_some_and(|b| since(b) >= self.config.patience)
    }

    fn finish(&self, mut state: State<'_>, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        let Run { config, splits, .. } = *self;
        let (step, best) = (state.progress.step, best(&state.progress.history).copied());
        let best = best.ok_or(TrainError::Checkpoint("it holds no finished epoch"))?;
        let params = std::mem::take(&mut state.best);
        let model = state.model_of(params);
        let test = match config.nll_images {
            0 => Rows::all(&splits.test),
            some => Rows::spread(&splits.test, some),
        };
        let mut leave = || observer.leave();
        let work = &mut self.work(&mut leave);
        match Scores::of_model(&model, config.seed, test, config.nll_samples, work) {
            Ok(scores) => Ok(Outcome::Done { model, best, figures: scores.figures() }),
            Err(Unfinished::Left) => Ok(Outcome::Left(step)),
            Err(Unfinished::Refused(error)) => Err(at(step)(error)),
        }
    }
}

/// How often the state at step `first` was restored.
fn attempts(progress: &RunProgress, first: u64) -> u64 {
    progress.restored.iter().filter(|r| r.to_step == first).count() as u64
}

/// The seed of an epoch that is taken for the `attempt`th time again.
fn draws(seed: u64, attempt: u64) -> u64 {
    // The golden ratio: far from the seeds that people choose.
    seed.wrapping_add(attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15))
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
