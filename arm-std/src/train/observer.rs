//! Who is told about a run, and decides when it is saved and left.

use super::{Checkpoint, Epoch, Restored};
use std::time::Duration;

/// What an [`Observer`] fails with.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

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

/// Told about a run as it goes on; an error ends it. What is not written out does nothing, and `()` is an observer that watches
/// nothing.
pub trait Observer {
    /// After each step: steps done, and the step's mean -ELBO.
    fn step(&mut self, _step: u64, _neg_elbo: f32) -> Next {
        Next::Go
    }

    /// Every few milliseconds of an evaluation, after an epoch or of the test split: whether to leave it, and the run.
    fn leave(&mut self) -> bool {
        false
    }

    /// After each epoch, with the time its steps took, without what was saved in between.
    fn epoch(&mut self, _epoch: &Epoch, _steps: u64, _time: Duration) -> Result<(), Failure> {
        Ok(())
    }

    /// Before [`epoch`](Self::epoch): so many results of a run in integers became the ends of their ranges in its steps. A few do no
    /// harm; where they go on, the rate is too high.
    fn saturated(&mut self, _results: u64) {}

    /// After the last step, when all is saved and only the evaluation of the test split is left.
    fn done(&mut self) {}

    /// After a refused step: the run goes on from the last good state.
    fn restored(&mut self, _restored: &Restored) -> Result<(), Failure> {
        Ok(())
    }

    /// To keep `checkpoint`.
    fn save(&mut self, _checkpoint: &Checkpoint) -> Result<(), Failure> {
        Ok(())
    }
}

impl Observer for () {}
