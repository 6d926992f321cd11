//! Ctrl-C while something long is computed.

use pyo3::prelude::*;
use std::time::{Duration, Instant};

/// How often Python is asked.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Lets Python handle its signals now and then. For the thread that was called: Python handles them in its main thread.
pub(crate) struct Signals {
    looked: Instant,
    raised: Option<PyErr>,
}

impl Signals {
    pub(crate) fn new() -> Signals {
        Signals { looked: Instant::now(), raised: None }
    }

    /// Whether a handler raised an error, as that of Ctrl-C does.
    pub(crate) fn leave(&mut self) -> bool {
        if self.raised.is_none() && self.looked.elapsed() >= LOOK {
            self.raised = Python::attach(|py| py.check_signals()).err();
            self.looked = Instant::now();
        }
        self.raised.is_some()
    }

    /// That error.
    pub(crate) fn check(self) -> PyResult<()> {
        self.raised.map_or(Ok(()), Err)
    }
}
