//! From settings and data to a run that can begin: the one place that checks what `train` and `compare` are asked for.

use super::available::available;
use super::run::{Run, State};
use super::start::beginning;
use super::{Checkpoint, Config, Observer, Outcome, Settings, TrainError};
use crate::data::{BitTable, DataError, Loaded, Source, Splits};
use crate::driver::{Peers, Threads};
use crate::network::{NARROW_RATE, Network, WIDE};
use arm_core::shape::MAX_WIDTH;
use arm_desktop::erased::memory;

/// A run that can begin: nothing of it is open any more.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What decides its result.
    pub config: Config,
    /// Its network.
    pub network: Network,
    /// Its data.
    pub splits: Splits,
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A setting that contradicts another or the data.
    #[error("{0}")]
    Setting(String),
    /// A model that cannot be begun with.
    #[error("{0}")]
    Start(String),
    /// Data that cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Data of more columns than a network takes.
    #[error("{data}: has {columns} columns; at most {MAX_WIDTH} are supported")]
    Columns {
        /// The data set.
        data: String,
        /// Its columns.
        columns: usize,
    },
}

impl Settings {
    /// The run of these settings on the data that [`Config::load`] found: split and binarised, with everything that was left
    /// open chosen for them.
    pub fn prepare(&self, loaded: Loaded) -> Result<Prepared, PrepareError> {
        let settings = self.started().map_err(PrepareError::Start)?;
        let mut config = settings.resolve().map_err(PrepareError::Setting)?;
        let splits = config.split(loaded)?;
        let (rows, columns) = (splits.train.rows(), splits.train.cols());
        settings.suit(&mut config, columns, rows);
        let (batch, data, valid) = (config.batch, config.data.display(), splits.valid.rows());
        if let Some(asked) = settings.valid.filter(|&asked| asked > valid) {
            let message = format!("--valid {asked}: the validation split of {data} has only {valid} rows");
            return Err(PrepareError::Setting(message));
        }
        // A preset's is a wish.
        config.valid = config.valid.map(|rows| rows.min(valid));
        if batch > rows {
            let message = format!("--batch {batch}: {data} has only {rows} train rows");
            return Err(PrepareError::Setting(message));
        }
        if columns > MAX_WIDTH {
            return Err(PrepareError::Columns { data: data.to_string(), columns });
        }
        if config.steps == 0 {
            let steps = self.epochs().saturating_mul((rows / batch) as u64);
            config.steps = steps.min(super::settings::MOST);
        }
        let network = config.network(&splits.train).map_err(PrepareError::Setting)?;
        if let Some(why) = config.choice().refuses(&network.shape()) {
            let (name, notation) = (config.estimator.name(), network.notation());
            return Err(PrepareError::Setting(format!("--estimator {name}: cannot serve {notation}: {why}")));
        }
        Ok(Prepared { config, network, splits })
    }

    /// The configuration and the network for a stream of rows of which `first` are the first: for
    /// [`take_rows`](super::take_rows()). There are no splits, and no number of steps.
    pub fn prepare_stream(&self, first: &BitTable) -> Result<(Config, Network), PrepareError> {
        let mut config = self.resolve().map_err(PrepareError::Setting)?;
        let columns = first.cols();
        self.suit(&mut config, columns, usize::MAX);
        if columns > MAX_WIDTH {
            return Err(PrepareError::Columns { data: config.data.display().to_string(), columns });
        }
        let network = config.network(&Source::Fixed(first.clone())).map_err(PrepareError::Setting)?;
        Ok((config, network))
    }

    /// What follows from the data where neither it nor a preset is given: a higher rate below 512 columns, since narrow networks
    /// learn too little at the rate of wide ones, and a batch of no more than all rows.
    fn suit(&self, config: &mut Config, columns: usize, rows: usize) {
        // Integers have a rate of their own, and learn one row a step.
        if self.preset.is_some() || !config.numbers.is_float() {
            return;
        }
        if self.lr.is_none() && columns < WIDE {
            config.lr = NARROW_RATE;
        }
        if self.batch.is_none() {
            config.batch = config.batch.min(rows).max(1);
        }
    }
}

impl Prepared {
    /// Steps of an epoch: whole batches.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.splits.train.rows() / self.config.batch) as u64
    }

    /// Bytes of parameters, moments and scratch, alone or with other processes; 0 where the estimator cannot serve the
    /// network.
    pub fn memory(&self, threads: Threads, alone: bool) -> usize {
        let Prepared { config, network, .. } = self;
        memory(network, config.numbers, config.choice(), config.batch, threads, alone)
    }

    /// An error where [`train`](Self::train) would refuse to begin, before anything is written.
    pub fn check(&self, threads: Threads, alone: bool, from: Option<&Checkpoint>) -> Result<(), TrainError> {
        let Prepared { config, network, splits } = self;
        // An epoch's first state, the best parameters, and a checkpoint of all that while it is written.
        let bytes =
            self.memory(threads, alone).saturating_add(network.shape().params().saturating_mul(4 * 11));
        let free = available();
        // An error here, instead of an end by the system in the middle of the run.
        if free.is_some_and(|free| bytes > free) || Vec::<u8>::new().try_reserve_exact(bytes).is_err() {
            let samples = config.estimator.samples().map(|_| config.samples);
            return Err(TrainError::Memory { bytes, free, batch: config.batch, samples });
        }
        let mut state = State::new(config, network, (threads, None), &splits.train.means())?;
        state.try_step(splits.train.cols())?;
        let begun = match from {
            Some(checkpoint) => Some(checkpoint.clone()),
            None => beginning(config, network, splits.checksum())?,
        };
        let Some(checkpoint) = begun else { return Ok(()) };
        state.progress.data = splits.checksum();
        state.restore(checkpoint)
    }

    /// [`train`](super::train()) with this run.
    pub fn train(
        &self,
        threads: impl Into<Threads>,
        peers: Option<&dyn Peers>,
        from: Option<Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let Prepared { config, network, splits } = self;
        let from = match from {
            None => beginning(config, network, splits.checksum())?,
            from => from,
        };
        Run { config, network, splits, threads: threads.into(), peers }.train(from, observer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_served_is_refused_by_name() {
        let refused = |text: &str| {
            let settings = Settings::from_toml(text).unwrap();
            settings.prepare(crate::data::load("strokes".as_ref()).unwrap()).unwrap_err().to_string()
        };
        for name in ["rodeo", "double-cv", "rebar", "relax", "straight-through", "gumbel-softmax"] {
            let message = refused(&format!("network = 'x-[6]-y'\nestimator = '{name}'"));
            assert!(message.contains(name) && message.contains("gradient of f"), "{message}");
        }
        let message = refused("network = 'x-[13] / [13]-x'\nestimator = 'exact'");
        assert!(message.contains("exact") && message.contains("12 units"), "{message}");
    }

    #[test]
    fn a_network_without_input_can_be_served() {
        let settings = Settings::from_toml("network = '0-[6]-y'\nsteps = 1\nbatch = 3").unwrap();
        let run = settings.prepare(crate::data::load("strokes".as_ref()).unwrap()).unwrap();
        run.check(Threads::Fixed(1), true, None).unwrap();
    }

    #[test]
    fn rate_and_batch_follow_from_the_data_unless_they_are_given() {
        let of = |text: &str, columns, rows| {
            let settings = Settings::from_toml(text).unwrap();
            let mut config = settings.resolve().unwrap();
            settings.suit(&mut config, columns, rows);
            (config.lr, config.batch)
        };
        for text in ["", "network = 'x-[4] / [4]-x'", "fit-ram = '32K'"] {
            assert_eq!(of(text, 511, 1000), (3e-3, 50), "{text}");
            assert_eq!(of(text, 512, 8), (3e-4, 8), "{text}");
        }
        assert_eq!(of("lr = 0.1\nbatch = 20", 16, 8), (0.1, 20));
        assert_eq!(of("preset = 'linear'", 16, 8), (3e-4, 50));
    }
}
