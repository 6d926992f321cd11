//! Gradient estimators for E\[f(b)\], b ~ Bernoulli(sigmoid(phi)), with respect to the logits phi.
//!
//! An estimator says how a unit is drawn from a uniform ([`DrawRule`]), which second evaluations of f it asks for
//! ([`SecondPaths`]) and how f-values become learning signals ([`Estimator::signals`]). The gradient with respect to the
//! logits of a row is its signal times its scores. All of ARM:
//!
//! ```
//! use arm_core::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
//!
//! struct Arm;
//!
//! impl DrawRule for Arm {
//!     fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
//!         DrawnUnit { sample: u > q, partner: u < p, score: u - 0.5 }
//!     }
//! }
//!
//! impl Estimator for Arm {
//!     const SECOND_PATHS: SecondPaths = SecondPaths::Partner;
//!
//!     fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
//!         signal.fill(1.0);
//!         weight.fill(1.0);
//!     }
//! }
//! ```
//!
//! What only some need are traits of their own, which an estimator hands out: samples that depend on each other
//! ([`UniformTransform`]), signals of pairs that are more than a difference ([`PairSignals`]), what is learned along the
//! way ([`Learned`]), the gradient of f with respect to b ([`relaxed::Relaxation`]).

mod extensions;
mod flips;
mod integer;
mod multi;
mod pairs;
pub mod relaxed;
mod single;

pub use extensions::{Learned, PairSignals, Row, UniformTransform};
pub use flips::*;
pub use integer::IntegerEstimator;
pub use multi::*;
pub use pairs::*;
pub use single::*;

use crate::error::Error;
pub use crate::kernels::draw_rule::{DrawRule, DrawnUnit, independent};
use crate::shape::Shape;
use relaxed::Relaxation;

/// The samples of one example, as [`Estimator::signals`] sees them.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    /// f of each sample.
    pub f: &'a [f32],
    /// log q(b_1..T) of each sample in nats.
    pub log_q: &'a [f32],
    /// Whether f contains log q itself: then a bound of several samples has a gradient of its own beside that of the
    /// samples' law, weight (b - p) for each sample.
    pub f_has_log_q: bool,
}

/// At which samples f is evaluated beside those that were drawn, for every stochastic layer; the layers above are sampled
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondPaths {
    /// None: scores are multiplied with [`signals`](Estimator::signals).
    None,
    /// The antithetic partner of the layer's sample: the signal of a row is f(sample) - f(partner) times what
    /// [`signals`](Estimator::signals) gives.
    Partner,
    /// The sample with one unit flipped that is drawn uniformly out of the V of the layer: its gradient is V p (1 - p)
    /// (f(1) - f(0)) times what [`signals`](Estimator::signals) gives, that of all others is zero.
    OneFlip,
    /// The sample with each unit flipped, one at a time: p (1 - p) (f(1) - f(0)).
    EveryFlip,
    /// [`OneFlip`](Self::OneFlip) for units whose logit is [large](Estimator::flips_from),
    /// [`Partner`](Self::Partner) for all others.
    PartnerOrFlip,
}

impl SecondPaths {
    pub(crate) const fn has_partner(self) -> bool {
        matches!(self, SecondPaths::Partner | SecondPaths::PartnerOrFlip)
    }

    pub(crate) const fn has_flips(self) -> bool {
        !matches!(self, SecondPaths::None | SecondPaths::Partner)
    }
}

/// A gradient estimator.
pub trait Estimator: DrawRule {
    /// The second evaluations of f it asks for; of one that is chosen at run time, all that it might ask for.
    const SECOND_PATHS: SecondPaths;

    /// Those it does ask for.
    #[inline(always)]
    fn second_paths(&self) -> SecondPaths {
        Self::SECOND_PATHS
    }

    /// Samples drawn for each example, at least 1.
    fn samples(&self) -> usize {
        1
    }

    /// Whether it can serve `shape` with its settings.
    fn check(&self, _shape: &Shape<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// From the samples of one example: for each sample the factor of its scores, and the weight of its decoder
    /// gradient (weights of an example sum to one).
    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]);

    /// What is minimised, for one example: by default the weighted mean of f.
    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
        evaluated.f.iter().zip(weight).map(|(f, w)| f * *w).sum()
    }

    /// The magnitude of a logit from which on the unit's gradient comes from flips, in a layer of `width` units.
    fn flips_from(&self, _width: usize) -> f32 {
        0.0
    }

    /// Where samples are drawn with other than independent uniforms.
    #[inline(always)]
    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        None
    }

    /// Where the difference of a pair is not the signal yet.
    #[inline(always)]
    fn pair_signals(&self) -> Option<&dyn PairSignals> {
        None
    }

    /// Where something is learned beside the model.
    #[inline(always)]
    fn learned(&self) -> Option<&dyn Learned> {
        None
    }

    /// [`learned`](Self::learned), to learn more.
    #[inline(always)]
    fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
        None
    }

    /// Where it works in [`Integer`](crate::kernels::Integer)s too.
    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        None
    }

    /// Where gradients come from the gradient of f with respect to b. Such an estimator asks for no second paths and no
    /// other uniforms. Its scratch is [`Engine::training_scratch`](crate::Engine::training_scratch); a
    /// [`Learner`](crate::Learner) has less and refuses its steps with [`Error::Size`].
    #[inline(always)]
    fn relaxation(&self) -> Option<&dyn Relaxation> {
        None
    }
}
