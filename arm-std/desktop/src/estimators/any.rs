//! An estimator that is chosen at run time: driver and engine are compiled once for all of them, not once for each.
//!
//! What is called through a pointer is called once for an example or a layer. Units are drawn by a [`Law`] that the kernels
//! know, since they are drawn many at a time.

use super::relaxed::unit;
use arm_core::estimator::relaxed::Relaxation;
use arm_core::estimator::*;
use arm_core::kernels::RuleWork;
use arm_core::{Error, Shape};
use std::fmt;

/// How units are drawn: each rule that an estimator of the [table](super::table) has, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Law {
    /// That of [`Arm`].
    Arm,
    /// That of [`DisArm`] and [`Ugc`].
    DisArm,
    /// That of [`LocalDisArm`].
    LocalDisArm,
    /// That of [`Ar`].
    Ar,
    /// That of [`Arms`] and [`ArmsBound`] with so many samples.
    Arms(usize),
    /// 1\[u < p\] with the score of REINFORCE.
    Independent,
    /// 1\[u > 1 - p\] with the score of REINFORCE: that of all that relax a unit.
    Relaxed,
}

struct Independent;

impl DrawRule for Independent {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

struct Relaxed;

impl DrawRule for Relaxed {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

/// An [`Estimator`] behind a pointer.
trait Erased: Send + Sync {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit;
    fn check(&self, shape: &Shape<'_>) -> Result<(), Error>;
    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]);
    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32;
    fn flips_from(&self, width: usize) -> f32;
    fn uniform_transform(&self) -> Option<&dyn UniformTransform>;
    fn pair_signals(&self) -> Option<&dyn PairSignals>;
    fn learned(&self) -> Option<&dyn Learned>;
    fn learned_mut(&mut self) -> Option<&mut dyn Learned>;
    fn integer(&self) -> Option<&dyn IntegerEstimator>;
    fn relaxation(&self) -> Option<&dyn Relaxation>;
}

impl<E: Estimator + Send + Sync> Erased for E {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        DrawRule::draw(self, p, q, u)
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        Estimator::check(self, shape)
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Estimator::signals(self, evaluated, signal, weight);
    }

    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
        Estimator::objective(self, evaluated, weight)
    }

    fn flips_from(&self, width: usize) -> f32 {
        Estimator::flips_from(self, width)
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        Estimator::uniform_transform(self)
    }

    fn pair_signals(&self) -> Option<&dyn PairSignals> {
        Estimator::pair_signals(self)
    }

    fn learned(&self) -> Option<&dyn Learned> {
        Estimator::learned(self)
    }

    fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
        Estimator::learned_mut(self)
    }

    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Estimator::integer(self)
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Estimator::relaxation(self)
    }
}

/// An estimator that was [chosen](super::Choice::estimator) at run time.
pub struct AnyEstimator {
    estimator: Box<dyn Erased>,
    law: Law,
    second_paths: SecondPaths,
    samples: usize,
}

impl AnyEstimator {
    /// Hides the type of `estimator`, which draws units by `law`.
    pub(super) fn new<E: Estimator + Send + Sync + 'static>(estimator: E, law: Law) -> Self {
        let (second_paths, samples) = (estimator.second_paths(), estimator.samples());
        AnyEstimator { estimator: Box::new(estimator), law, second_paths, samples }
    }
}

impl fmt::Debug for AnyEstimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AnyEstimator { law, second_paths, samples, .. } = self;
        f.debug_struct("AnyEstimator")
            .field("law", law)
            .field("second_paths", second_paths)
            .field("samples", samples)
            .finish_non_exhaustive()
    }
}

impl DrawRule for AnyEstimator {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        self.estimator.draw(p, q, u)
    }

    #[inline]
    fn resolve<W: RuleWork>(&self, work: W) -> W::Output {
        match self.law {
            Law::Arm => work.with(&Arm),
            Law::DisArm => work.with(&DisArm),
            Law::LocalDisArm => work.with(&LocalDisArm { samples: self.samples, symmetrised: false }),
            Law::Ar => work.with(&Ar),
            Law::Arms(samples) => work.with(&Arms { samples }),
            Law::Independent => work.with(&Independent),
            Law::Relaxed => work.with(&Relaxed),
        }
    }
}

/// As it is lent to a learner in integers, which draws by [`integer`](Estimator::integer).
impl DrawRule for &mut AnyEstimator {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        self.estimator.draw(p, q, u)
    }
}

/// What an estimator forwards to the one that was chosen.
macro_rules! forward {
    ($estimator:ty) => {
        // A method that is not forwarded would be the default's without a word.
        #[deny(clippy::missing_trait_methods)]
        impl Estimator for $estimator {
            const SECOND_PATHS: SecondPaths = SecondPaths::PartnerOrFlip;

            fn second_paths(&self) -> SecondPaths {
                self.second_paths
            }

            fn samples(&self) -> usize {
                self.samples
            }

            fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
                self.estimator.check(shape)
            }

            fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
                self.estimator.signals(evaluated, signal, weight);
            }

            fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
                self.estimator.objective(evaluated, weight)
            }

            fn flips_from(&self, width: usize) -> f32 {
                self.estimator.flips_from(width)
            }

            fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
                self.estimator.uniform_transform()
            }

            fn pair_signals(&self) -> Option<&dyn PairSignals> {
                self.estimator.pair_signals()
            }

            fn learned(&self) -> Option<&dyn Learned> {
                self.estimator.learned()
            }

            fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
                self.estimator.learned_mut()
            }

            fn integer(&self) -> Option<&dyn IntegerEstimator> {
                self.estimator.integer()
            }

            fn relaxation(&self) -> Option<&dyn Relaxation> {
                self.estimator.relaxation()
            }
        }
    };
}

forward!(AnyEstimator);
forward!(&mut AnyEstimator);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimators::{BaselineName, Choice, EstimatorName};
    use arm_core::Layer;
    use arm_core::math::sigmoid_pair;
    use clap::ValueEnum;

    /// Draws by the rule that kernels are given.
    struct Unit(f32, f32, f32);

    impl RuleWork for Unit {
        type Output = DrawnUnit;

        fn with<R: DrawRule>(self, rule: &R) -> DrawnUnit {
            rule.draw(self.0, self.1, self.2)
        }
    }

    #[test]
    fn the_law_of_every_estimator_is_its_rule() {
        let layers = [Layer::bernoulli(3)];
        let shape = Shape::chain(4, &layers);
        for &name in EstimatorName::value_variants() {
            let choice = Choice { name, samples: 4, baseline: BaselineName::None };
            let estimator = choice.estimator(&shape).unwrap();
            for i in -40..=40 {
                let (p, q) = sigmoid_pair(0.2 * i as f32);
                // ARMS marks some uniforms by their sign.
                for u in (-63..64).map(|k| k as f32 / 64.0) {
                    let own = DrawRule::draw(&estimator, p, q, u);
                    assert_eq!(estimator.resolve(Unit(p, q, u)), own, "{name:?} at {p} {u}");
                }
            }
        }
    }
}
