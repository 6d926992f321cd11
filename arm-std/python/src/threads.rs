//! How many threads work.

use arm_std::driver::Threads;
use pyo3::pyfunction;

/// Threads that run at a time on this machine.
#[pyfunction]
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// The number that was asked for, or the fastest by measurement.
pub(crate) fn choose(asked: Option<usize>) -> Threads {
    asked.map_or_else(|| Threads::Measured(cores()), Threads::Fixed)
}
