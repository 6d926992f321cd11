//! What `train` and `compare` do before anything is written.

use super::{Outcome, Usage, tell};
use arm_std::driver::Threads;
use arm_std::train::{Checkpoint, Failure, PrepareError, Prepared, Settings, TrainError};

/// Reads the data of these settings, says (if it `leads` other processes or is alone) what was assumed of them, and makes the run
/// ready.
pub(super) fn prepare(settings: &Settings, leads: bool) -> Result<Prepared, Failure> {
    let config = settings.resolve().map_err(Usage)?;
    let loaded = config.load()?;
    if leads {
        tell(&config.data, &loaded.notes, config.binarise);
    }
    settings.prepare(loaded).map_err(|error| match error {
        PrepareError::Setting(message) => Usage(message).into(),
        other => other.into(),
    })
}

/// [`Prepared::check`]; what cannot be had for want of memory was asked for by a setting.
pub(super) fn check(run: &Prepared, threads: Threads, alone: bool, from: Option<&Checkpoint>) -> Outcome {
    run.check(threads, alone, from).map_err(|error| match error {
        TrainError::Memory { .. } => Usage(error.to_string()).into(),
        other => other.into(),
    })
}
