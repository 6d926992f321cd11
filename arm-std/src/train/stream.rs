//! Training on rows as they come: no epochs, no splits, no end.

use super::error::at;
use super::run::State;
use super::{Checkpoint, Config, Next, Observer, RunProgress, TrainError};
use crate::data::BitTable;
use crate::driver::Threads;
use crate::network::{Model, Network, SplitRows};
use arm_core::Error;

/// One step on every batch of `rows`, in their order, the last of which may be smaller; from the start, or from where a run or
/// an earlier call left off, whose steps are counted on. What comes of it is a checkpoint whose model has all rows in it.
///
/// The observer is told every step and may leave; then the rows after it are left out. An error leaves nothing behind.
/// Cost: beside the steps, three copies of the parameters.
pub fn take_rows(
    config: &Config,
    network: &Network,
    threads: impl Into<Threads>,
    rows: &BitTable,
    from: Option<Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Checkpoint, TrainError> {
    let mut state = State::new(config, network, (threads.into(), None), &rows.means())?;
    if rows.rows() == 0 || rows.cols() != network.units() {
        return Err(at(0)(Error::Width { needed: network.units(), given: rows.cols() }));
    }
    if let Some(checkpoint) = from {
        state.progress.data = checkpoint.progress.data;
        state.restore(checkpoint)?;
    }
    // Epochs and the best of them are those of another run.
    state.progress = RunProgress { step: state.progress.step, ..RunProgress::default() };
    state.best.clear();
    state.good.clear();
    let shape = network.shape();
    let split = SplitRows::new(&shape, rows.words(), rows.cols());
    for first in (0..rows.rows()).step_by(config.batch) {
        let batch = first..rows.rows().min(first + config.batch);
        let f = state.step(split.x(batch.clone()), split.y(batch.clone()), batch.len())?;
        if observer.step(state.progress.step, f) == Next::Leave {
            break;
        }
    }
    state.progress.epoch_sum = 0.0;
    Ok(state.checkpoint())
}

/// A checkpoint from which [`take_rows`] goes on with a model that no run is known of, such as one that a device saved: its
/// optimiser and estimator have seen nothing. Errors: an estimator that cannot serve the network.
pub fn from_model(config: &Config, model: Model) -> Result<Checkpoint, TrainError> {
    let checkpoint = State::new(config, &model.network, (Threads::Fixed(1), None), &[])?.checkpoint();
    Ok(Checkpoint { model, ..checkpoint })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Settings;

    fn rows() -> BitTable {
        let bits: Vec<u8> =
            (0..90u32).flat_map(|row| (0..12).map(move |i| u8::from((i < 6) == (row % 2 == 0)))).collect();
        BitTable::from_bytes(12, &bits).unwrap()
    }

    fn part(rows: &BitTable, range: std::ops::Range<usize>) -> BitTable {
        let words = rows.words()[range.start..range.end].to_vec();
        BitTable::from_words(range.len(), rows.cols(), words)
    }

    #[test]
    fn a_stream_in_parts_is_the_stream_and_is_learned() {
        for estimator in ["arm", "rebar"] {
            let flags =
                [("network", "x-6-[3] / [3]-6-x"), ("batch", "20"), ("lr", "0.02"), ("estimator", estimator)];
            let settings = Settings::from_flags(flags).unwrap();
            let (config, network) = settings.prepare_stream(&part(&rows(), 0..20)).unwrap();
            let take = |rows: &BitTable, from| take_rows(&config, &network, 1, rows, from, &mut ()).unwrap();
            let whole = take(&rows(), None);
            assert_eq!(whole.progress.step, 5);
            let first = take(&part(&rows(), 0..40), None);
            assert_eq!(take(&part(&rows(), 40..90), Some(first)), whole);
            let mut last = None;
            (0..60).for_each(|_| last = Some(take(&rows(), last.take())));
            struct Mean(f32);
            impl Observer for Mean {
                fn step(&mut self, _: u64, f: f32) -> Next {
                    self.0 += f / 5.0;
                    Next::Go
                }
            }
            let mut mean = Mean(0.0);
            take_rows(&config, &network, 1, &rows(), last, &mut mean).unwrap();
            // Two kinds of rows: far fewer nats than those of twelve coins, 8.3.
            assert!(mean.0 < 3.0, "{estimator}: {}", mean.0);
        }
    }

    #[test]
    fn a_model_goes_on_without_its_run() {
        let settings =
            Settings::from_flags([("network", "x-6-[3] / [3]-6-x"), ("estimator", "rebar")]).unwrap();
        let (config, network) = settings.prepare_stream(&rows()).unwrap();
        let learned = take_rows(&config, &network, 1, &rows(), None, &mut ()).unwrap();
        let from = from_model(&config, learned.model.clone()).unwrap();
        assert_eq!((from.progress.step, &from.model), (0, &learned.model));
        let next = take_rows(&config, &network, 1, &rows(), Some(from), &mut ()).unwrap();
        assert!(next.progress.step == 2 && next.model != learned.model);
    }

    #[test]
    fn rows_of_another_width_and_none_are_refused() {
        let settings = Settings::from_flags([("network", "x-[3] / [3]-x")]).unwrap();
        let (config, network) = settings.prepare_stream(&rows()).unwrap();
        for rows in [BitTable::new(0, 12), BitTable::new(3, 11)] {
            assert!(take_rows(&config, &network, 1, &rows, None, &mut ()).is_err());
        }
    }
}
