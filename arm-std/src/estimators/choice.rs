//! From the name of an estimator to the estimator: the one place where both are listed.

use super::any::{AnyEstimator, Law};
use super::name::{BaselineName, EstimatorName};
use crate::estimators::{DoubleCv, GumbelSoftmax, Relax, Rodeo, StraightThrough};
use arm_core::estimator::*;
use arm_core::{Error, Shape};

/// Hidden units of the net of RELAX: those of the paper.
const RELAX_HIDDEN: usize = 137;

/// Seed of the nets of RELAX and RODEO.
const NET_SEED: u64 = 1;

/// How the estimators are set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The estimator.
    pub name: EstimatorName,
    /// Samples of the estimators that draw several.
    pub samples: usize,
    /// Baseline of REINFORCE.
    pub baseline: BaselineName,
}

impl Choice {
    /// The estimator, ready for a network of this shape. Errors: one that cannot serve the shape, or its settings.
    pub fn estimator(&self, shape: &Shape<'_>) -> Result<AnyEstimator, Error> {
        let (samples, layers) = (self.samples, shape.stochastic_layers());
        let estimator = match self.name {
            EstimatorName::Arm => AnyEstimator::new(Arm, Law::Arm),
            EstimatorName::Ar => AnyEstimator::new(Ar, Law::Ar),
            EstimatorName::Reinforce => {
                AnyEstimator::new(Reinforce { baseline: self.baseline.baseline() }, Law::Independent)
            }
            EstimatorName::Disarm => AnyEstimator::new(DisArm, Law::DisArm),
            EstimatorName::Rloo => AnyEstimator::new(Rloo { samples }, Law::Independent),
            EstimatorName::Arms => AnyEstimator::new(Arms { samples }, Law::Arms(samples)),
            EstimatorName::Leg => AnyEstimator::new(Leg, Law::Independent),
            EstimatorName::Bitflip1 => AnyEstimator::new(BitFlip, Law::Independent),
            EstimatorName::Ugc => AnyEstimator::new(Ugc, Law::DisArm),
            EstimatorName::Vimco => AnyEstimator::new(Vimco { samples }, Law::Independent),
            EstimatorName::LocalDisarm => {
                AnyEstimator::new(LocalDisArm { samples, symmetrised: false }, Law::LocalDisArm)
            }
            EstimatorName::LocalDisarmSym => {
                AnyEstimator::new(LocalDisArm { samples, symmetrised: true }, Law::LocalDisArm)
            }
            EstimatorName::ArmsBound => AnyEstimator::new(ArmsBound { samples }, Law::Arms(samples)),
            EstimatorName::Rebar => AnyEstimator::new(Relax::rebar(0.1, 1.0), Law::Relaxed),
            EstimatorName::Relax => {
                AnyEstimator::new(Relax::with_net(0.1, 1.0, shape, RELAX_HIDDEN, NET_SEED), Law::Relaxed)
            }
            EstimatorName::DoubleCv => AnyEstimator::new(DoubleCv::new(samples, layers, 0.0), Law::Relaxed),
            EstimatorName::Rodeo => {
                AnyEstimator::new(Rodeo::new(samples, layers, (0.0, 0.0), NET_SEED), Law::Relaxed)
            }
            EstimatorName::StraightThroughBiased => AnyEstimator::new(StraightThrough, Law::Relaxed),
            EstimatorName::GumbelSoftmaxBiased => AnyEstimator::new(GumbelSoftmax::default(), Law::Relaxed),
            EstimatorName::Exact => AnyEstimator::new(Exact::new(shape)?, Law::Independent),
        };
        estimator.check(shape)?;
        Ok(estimator)
    }

    /// Samples that are drawn for each example; 0 where the estimator cannot serve the shape.
    pub fn samples_drawn(&self, shape: &Shape<'_>) -> usize {
        self.estimator(shape).map_or(0, |estimator| estimator.samples())
    }

    /// Evaluations of f for the gradient of one example, at most: a path through some of the layers counts as one.
    pub fn evaluations(&self, shape: &Shape<'_>) -> usize {
        let layers = shape.stochastic_layers();
        let units = || (0..layers).map(|t| shape.stochastic_width(t)).sum::<usize>();
        match self.name {
            EstimatorName::Ar | EstimatorName::Reinforce | EstimatorName::StraightThroughBiased => 1,
            EstimatorName::GumbelSoftmaxBiased => 2,
            EstimatorName::Rebar | EstimatorName::Relax => 3,
            EstimatorName::DoubleCv | EstimatorName::Rodeo => self.samples,
            EstimatorName::Arm | EstimatorName::Disarm | EstimatorName::Bitflip1 => 1 + layers,
            EstimatorName::Ugc => 1 + 2 * layers,
            EstimatorName::Rloo | EstimatorName::Arms | EstimatorName::Vimco => self.samples,
            EstimatorName::LocalDisarm | EstimatorName::LocalDisarmSym => self.samples * (1 + layers),
            EstimatorName::ArmsBound => 2 * self.samples,
            EstimatorName::Leg => 1 + units(),
            EstimatorName::Exact => 1 << units().min(Exact::MAX_UNITS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::Layer;
    use clap::ValueEnum;

    #[test]
    fn every_name_gives_an_estimator_that_serves_a_small_chain() {
        let layers = [Layer::bernoulli(3), Layer::bernoulli(2)];
        let two = Shape::chain(4, &layers);
        for &name in EstimatorName::value_variants() {
            let of_one_layer = name.of_one_layer();
            let shape = if of_one_layer { Shape::chain(4, &layers[..1]) } else { two };
            let choice = Choice { name, samples: 4, baseline: BaselineName::None };
            let estimator = choice.estimator(&shape).unwrap();
            let samples = estimator.samples();
            let expected = match name {
                EstimatorName::Exact => 32,
                EstimatorName::ArmsBound => 8,
                _ if name.range().is_some() => 4,
                _ => 1,
            };
            assert_eq!(samples, expected, "{name:?}");
            assert!(choice.evaluations(&shape) >= samples, "{name:?}");
            assert_eq!(estimator.second_paths() != SecondPaths::None, name.branches(), "{name:?}");
            assert_eq!(choice.estimator(&two).is_err(), of_one_layer, "{name:?}");
            let none = Choice { samples: 0, ..choice };
            assert_eq!(none.estimator(&shape).is_err(), name.range().is_some(), "{name:?}");
        }
        let wide = [Layer::bernoulli(13)];
        let exact = Choice { name: EstimatorName::Exact, samples: 2, baseline: BaselineName::None };
        assert_eq!(exact.estimator(&Shape::chain(1, &wide)).err(), Some(Error::Unsupported));
    }
}
