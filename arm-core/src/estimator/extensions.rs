//! What only some estimators need.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `bound.rs`, `relaxed.rs`.

use crate::error::{Error, exact_size};
use crate::numeric::bits::Bits;

/// What samples are drawn with, out of independent uniforms.
pub trait UniformTransform {
    /// Makes the uniforms of sample `s` in a layer whose units are preceded by `units_before` stochastic units.
    fn transform(&self, s: usize, units_before: usize, u: &mut [f32]);

    /// Whether the samples of an example depend on each other in the first stochastic layer: there
    /// [`couple`](Self::couple) takes the place of [`transform`](Self::transform).
    fn couples(&self) -> bool {
        false
    }

    /// Makes the uniforms of one example for the first stochastic layer: a row of `width` a sample, `stride` from one to
    /// the next.
    fn couple(&self, _rows: &mut [f32], _stride: usize, _width: usize) {}
}

/// A row of a layer, as [`PairSignals::gradient`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The sample.
    pub sample: Bits<'a>,
    /// Its antithetic partner.
    pub partner: Bits<'a>,
    /// What [`PairSignals::signals`] left as difference.
    pub signal: f32,
    /// The weight of the sample in a bound of several samples whose f contains log q; 0 otherwise.
    pub weight: f32,
    /// The same of the partner, where [`PairSignals::signals`] left one.
    pub partner_weight: f32,
}

/// How the differences of pairs become gradients.
pub trait PairSignals {
    /// Turns f(sample) - f(partner) of every row, 0 where the pair agrees, into the signals of a layer. `kept` is what
    /// [`Estimator::signals`](super::Estimator::signals) gave, `partner` room for a weight of each partner.
    fn signals(&self, samples: usize, kept: &[f32], difference: &mut [f32], partner: &mut [f32]);

    /// Turns a row of scores into the gradient.
    fn gradient(&self, row: Row<'_>, scores: &mut [f32]);
}

/// What an estimator learns beside the model.
pub trait Learned {
    /// Told once, after each step that was taken, the mean of f over the batch.
    fn observe(&mut self, _mean_f: f32) {}

    /// Told once, after each step that was taken (from 0), the
    /// [statistics](super::relaxed::Relaxation::statistics) of the examples of the whole batch in order.
    fn learn(&mut self, _step: u64, _statistics: &[f32]) {}

    /// What it has learned so far, for a checkpoint; empty where there is nothing to keep.
    fn state(&self) -> &[f32] {
        &[]
    }

    /// Goes on from a [`state`](Self::state). `Err(Size)` for one of another length; nothing is changed then.
    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        exact_size(0, state.len())
    }
}
