//! Gradient estimators for E\[f(b)\], b ~ Bernoulli(sigmoid(phi)), with respect to the logits phi.
//!
//! Each says how samples are drawn from uniforms and how f-values become learning signals. The gradient with respect to
//! the logits of a row is its signal times its scores.

mod flips;
mod multi;
mod pairs;
mod single;

pub use flips::{BitFlip, Leg, Ugc};
pub use multi::{Arms, ArmsBound, LogMeanExp, Rloo, Vimco};
pub use pairs::{Arm, DisArm, LocalDisArm};
pub use single::{Ar, Baseline, Exact, Reinforce};

use crate::engine::relaxed::Relaxed;
use crate::error::{Error, exact_size};
use crate::kernels::Kernels;
pub use crate::kernels::unit::Unit;
use crate::kernels::unit::score_function;
use crate::numeric::bits::Bits;
use crate::numeric::math::significant;
use crate::objective::Objective;
use crate::shape::Shape;

/// The samples of one example, as [`Estimator::signals`] sees them.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    /// f of each sample.
    pub f: &'a [f32],
    /// log q(b_1..T) of each sample in nats.
    pub log_q: &'a [f32],
    /// Whether f contains log q itself: then a bound of several samples has a gradient of its own beside that of the
    /// samples' law, weight (b - p) for each sample.
    pub direct: bool,
}

/// A row of a layer, as [`Estimator::gradient`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The sample.
    pub sample: Bits<'a>,
    /// Its antithetic partner.
    pub partner: Bits<'a>,
    /// What [`Estimator::differ`] left as difference.
    pub signal: f32,
    /// The weight of the sample in a bound of several samples whose f contains log q; 0 otherwise.
    pub weight: f32,
    /// The same of the partner, where [`Estimator::differ`] left one.
    pub partner_weight: f32,
}

/// Which units of a layer get their gradient p (1 - p) (f(b_v = 1) - f(b_v = 0)), b_v flipped and all else kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flips {
    /// None: the estimator multiplies scores with signals.
    None,
    /// One that is drawn uniformly out of the V of the layer, times V.
    One,
    /// Every one.
    All,
}

/// A gradient estimator.
pub trait Estimator: Unit {
    /// Whether each sample has an antithetic partner for every stochastic layer. The learning signal of a row of a
    /// layer is then f(sample) - f(partner), and [`signals`](Self::signals) gives its factor.
    const PAIRED: bool;

    /// Whether units are flipped, for which f is evaluated again: see [`flips_from`](Self::flips_from). The factor of
    /// such a gradient is the one that [`signals`](Self::signals) gives.
    const FLIPS: Flips = Flips::None;

    /// Whether the samples of an example depend on each other in the first stochastic layer: see
    /// [`couple`](Self::couple).
    const COUPLED: bool = false;

    /// Whether rows of scores become gradients by [`gradient`](Self::gradient), for which an estimator must be paired.
    const DIRECT: bool = false;

    /// Whether gradients come from [`relax`](Self::relax), which sees the gradient of f with respect to b. An estimator
    /// that does may not be paired, nor flip, nor couple. Its scratch is
    /// [`Engine::training_scratch`](crate::Engine::training_scratch); a [`Learner`](crate::Learner) has less and refuses
    /// its steps with [`Error::Size`].
    const RELAXED: bool = false;

    /// Samples drawn for each example, at least 1.
    fn samples(&self) -> usize {
        1
    }

    /// Whether it can serve `shape` with its settings.
    fn check(&self, _shape: &Shape<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Makes of independent uniforms what sample `s` is drawn with, in a layer whose units are preceded by `units_before`
    /// stochastic units. By default that is what they are.
    fn noise(&self, _s: usize, _units_before: usize, _u: &mut [f32]) {}

    /// Makes the uniforms of one example for the first stochastic layer, a row of `width` a sample and `stride` from one
    /// to the next, out of independent ones.
    fn couple(&self, _rows: &mut [f32], _stride: usize, _width: usize) {}

    /// The magnitude of a logit from which on the unit's gradient comes from flips, in a layer of `width` units.
    fn flips_from(&self, _width: usize) -> f32 {
        0.0
    }

    /// From the samples of one example: for each sample the factor of its scores, and the weight of its decoder
    /// gradient (weights of an example sum to one).
    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]);

    /// What is minimised, for one example: by default the weighted mean of f.
    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
        evaluated.f.iter().zip(weight).map(|(f, w)| f * *w).sum()
    }

    /// With pairs: turns f(sample) - f(partner) of every row, 0 where the pair agrees, into the signals of a layer.
    /// `kept` is what [`signals`](Self::signals) gave, `partner` room for a weight of each partner.
    fn differ(&self, _samples: usize, kept: &[f32], difference: &mut [f32], _partner: &mut [f32]) {
        difference.iter_mut().zip(kept).for_each(|(d, s)| *d *= s);
    }

    /// With [`DIRECT`](Self::DIRECT): turns a row of scores into the gradient.
    fn gradient(&self, row: Row<'_>, scores: &mut [f32]) {
        scores.iter_mut().for_each(|d| *d = significant(*d * row.signal));
    }

    /// With [`RELAXED`](Self::RELAXED): the most real vectors at which f is evaluated at a time, for each sample.
    fn points(&self) -> usize {
        0
    }

    /// With [`RELAXED`](Self::RELAXED): floats that an example leaves for [`learn`](Self::learn).
    fn record(&self) -> usize {
        0
    }

    /// With [`RELAXED`](Self::RELAXED): the gradient with respect to the logits of a layer, top layers first. A row must
    /// depend on the samples of its own example only. Errors refuse the step.
    fn relax<K: Kernels, O: Objective<K>>(&self, _layer: &mut Relaxed<'_, '_, K, O>) -> Result<(), Error> {
        Err(Error::Unsupported)
    }

    /// With [`RELAXED`](Self::RELAXED): told once, after each step that was taken (from 0), the
    /// [`record`](Self::record)s of the examples of the whole batch in order.
    fn learn(&mut self, _step: u64, _records: &[f32]) {}

    /// Told once, after each step that was taken, the mean of f over the batch.
    fn observe(&mut self, _mean_f: f32) {}

    /// What it has learned so far, for a checkpoint; empty where there is nothing to keep.
    fn state(&self) -> &[f32] {
        &[]
    }

    /// Goes on from a [`state`](Self::state). `Err(Size)` for one of another length; nothing is changed then.
    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        exact_size(0, state.len())
    }
}
