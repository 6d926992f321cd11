//! Gradient estimators for E\[f(b)\], b ~ Bernoulli(sigmoid(phi)), with respect to the logits phi.
//!
//! Each says how samples are drawn from uniforms and how f-values become learning signals. The gradient with respect to
//! the logits of a row is its signal times its scores.

mod ar;
mod arm;
mod baseline;
mod disarm;
mod exact;
mod reinforce;
mod rloo;

pub use ar::Ar;
pub use arm::Arm;
pub use baseline::Baseline;
pub use disarm::DisArm;
pub use exact::Exact;
pub use reinforce::Reinforce;
pub use rloo::Rloo;

use crate::error::{Error, exact_size};
use crate::rng::Stream;
use crate::shape::Shape;

/// How one unit is drawn.
pub trait Unit {
    /// From p = sigmoid(phi), q = sigmoid(-phi) and a uniform u: the sample, its antithetic partner (any value where the
    /// estimator is not paired) and the score.
    fn unit(&self, p: f32, q: f32, u: f32) -> (bool, bool, f32);
}

/// The samples of one example, as [`Estimator::signals`] sees them.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    /// f of each sample.
    pub f: &'a [f32],
    /// log q(b_1..T) of each sample in nats.
    pub log_q: &'a [f32],
}

/// A gradient estimator.
pub trait Estimator: Unit {
    /// Whether each sample has an antithetic partner for every stochastic layer. The learning signal of a row of a
    /// layer is then f(sample) - f(partner), and [`signals`](Self::signals) gives its factor.
    const PAIRED: bool;

    /// Samples drawn for each example, at least 1.
    fn samples(&self) -> usize {
        1
    }

    /// Whether it can serve `shape` with its settings.
    fn check(&self, _shape: &Shape<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// The uniforms of sample `s` for a layer whose units are preceded by `units_before` stochastic units.
    fn noise(&self, _s: usize, _units_before: usize, mut stream: Stream, u: &mut [f32]) {
        stream.fill(u);
    }

    /// From the samples of one example: for each sample the factor of its scores, and the weight of its decoder
    /// gradient (weights of an example sum to one).
    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]);

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

/// An independent draw b = 1\[u < p\] with the score of REINFORCE, b - p.
#[inline(always)]
fn score_function(p: f32, q: f32, u: f32) -> (bool, bool, f32) {
    if u < p { (true, true, q) } else { (false, false, -p) }
}

/// Plain draws, for evaluation.
pub(crate) struct Independent;

impl Unit for Independent {
    #[inline(always)]
    fn unit(&self, p: f32, q: f32, u: f32) -> (bool, bool, f32) {
        score_function(p, q, u)
    }
}
