//! What training takes.

use super::share::sizes;
use super::threads::Choice;
use super::{GRADIENT_ROWS, Threads};
use crate::kernels::Desktop;
use arm_core::estimator::Estimator;
use arm_core::optim::{Optimiser, Rule};
use arm_core::{Engine, Shape};

/// Bytes of all that a [`Driver`](super::Driver) with this engine keeps, whose shape has rows padded to [`LINE`](crate::memory::LINE) floats, shared with
/// other processes or not; `usize::MAX` where that is more than can be counted.
pub(crate) fn memory<E: Estimator>(
    engine: &Engine<'_, Desktop, E>,
    batch: usize,
    threads: Threads,
    shared: bool,
) -> usize {
    if engine.training_scratch(batch) == usize::MAX {
        return usize::MAX;
    }
    let split = |&threads: &usize| {
        let scratch = sizes(batch, threads).map(|examples| engine.training_scratch(examples));
        let traces = if threads.min(batch) > 1 && !shared { engine.trace_words(batch) } else { 0 };
        scratch.fold(traces, usize::saturating_add)
    };
    let shape = engine.shape();
    let copies = 1 + Rule::MOMENTS + usize::from(shared);
    let fixed = copies * shape.params() + threads.most() * GRADIENT_ROWS * shape.max_stride();
    let choice = Choice::new(threads, threads.most());
    choice.counts().iter().map(split).fold(fixed, usize::saturating_add).saturating_mul(size_of::<f32>())
}

/// Bytes of all that an [`IntegerDriver`](super::IntegerDriver) keeps, with an estimator that draws `samples` samples.
pub(crate) fn integer_memory(shape: &Shape<'_>, samples: usize) -> usize {
    size_of::<i16>() * shape.params() + size_of::<u32>() * shape.integer_scratch_for(samples)
}
