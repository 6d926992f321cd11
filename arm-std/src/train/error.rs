//! Why a run cannot go on.

use super::Failure;
use arm_core::Error;

/// How often an epoch is taken again after a refused step.
pub const RETRIES: u64 = 3;

/// Why a run stopped early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The engine refused something.
    #[error("step {step}: {error}")]
    Step {
        /// The step that was refused.
        step: u64,
        /// Why.
        error: Error,
    },
    /// A step was refused each time its epoch was taken.
    #[error(
        "step {step}: {error}. The epoch from step {good} was taken {} times with other random draws, in vain; \
         try a smaller --lr", RETRIES + 1
    )]
    GaveUp {
        /// The step that was refused last.
        step: u64,
        /// Why.
        error: Error,
        /// The step of the last good state, which is kept.
        good: u64,
    },
    /// The checkpoint belongs to another run.
    #[error("the checkpoint does not fit: {0}")]
    Checkpoint(&'static str),
    /// The model that the run should begin with.
    #[error("{0}")]
    Start(String),
    /// The run cannot have its memory.
    #[error("the network, with --batch {batch}{}, needs {} GiB of memory{}", of(*samples), bytes >> 30, left(*free))]
    Memory {
        /// Bytes of parameters, moments and scratch, and of their copies.
        bytes: usize,
        /// Bytes that are free, where the system tells.
        free: Option<usize>,
        /// Examples a step.
        batch: usize,
        /// Samples of an estimator that draws several.
        samples: Option<usize>,
    },
    /// The observer failed.
    #[error(transparent)]
    Observer(#[from] Failure),
}

fn left(free: Option<usize>) -> String {
    free.map_or_else(String::new, |free| format!("; {:.1} GiB are free", free as f64 / f64::from(1 << 30)))
}

fn of(samples: Option<usize>) -> String {
    samples.map_or_else(String::new, |samples| format!(" with --samples {samples}"))
}

/// What the engine refused, at a step.
pub(super) fn at(step: u64) -> impl Fn(Error) -> TrainError {
    move |error| TrainError::Step { step, error }
}
