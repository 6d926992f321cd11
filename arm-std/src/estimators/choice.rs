//! From the name of an estimator to the estimator: the one place where both are listed.

use super::name::{BaselineName, EstimatorName};
use crate::estimators::{DoubleCv, GumbelSoftmax, Relax, Rodeo, StraightThrough};
use arm_core::estimator::*;
use arm_core::{Error, Shape};

/// Hidden units of the net of RELAX: those of the paper.
const RELAX_HIDDEN: usize = 137;

/// Seed of the nets of RELAX and RODEO.
const NET_SEED: u64 = 1;

/// Something to be done with an estimator of any type.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<E: Estimator + Clone + Send + Sync + 'static>(self, estimator: E) -> Self::Output;
}

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
    /// Gives the estimator, ready for a network of this shape, to `visitor`. Errors: an estimator that cannot serve the
    /// shape, or its settings.
    pub fn with<V: Visitor>(&self, shape: &Shape<'_>, visitor: V) -> Result<V::Output, Error> {
        let (samples, layers) = (self.samples, shape.stochastic_layers());
        match self.name {
            EstimatorName::Arm => checked(shape, Arm, visitor),
            EstimatorName::Ar => checked(shape, Ar, visitor),
            EstimatorName::Reinforce => {
                checked(shape, Reinforce { baseline: self.baseline.baseline() }, visitor)
            }
            EstimatorName::Disarm => checked(shape, DisArm, visitor),
            EstimatorName::Rloo => checked(shape, Rloo { samples }, visitor),
            EstimatorName::Arms => checked(shape, Arms { samples }, visitor),
            EstimatorName::Leg => checked(shape, Leg, visitor),
            EstimatorName::Bitflip1 => checked(shape, BitFlip, visitor),
            EstimatorName::Ugc => checked(shape, Ugc, visitor),
            EstimatorName::Vimco => checked(shape, Vimco { samples }, visitor),
            EstimatorName::LocalDisarm => {
                checked(shape, LocalDisArm { samples, symmetrised: false }, visitor)
            }
            EstimatorName::LocalDisarmSym => {
                checked(shape, LocalDisArm { samples, symmetrised: true }, visitor)
            }
            EstimatorName::ArmsBound => checked(shape, ArmsBound { samples }, visitor),
            EstimatorName::Rebar => checked(shape, Relax::rebar(0.1, 1.0), visitor),
            EstimatorName::Relax => {
                checked(shape, Relax::with_net(0.1, 1.0, shape, RELAX_HIDDEN, NET_SEED), visitor)
            }
            EstimatorName::DoubleCv => checked(shape, DoubleCv::new(samples, layers, 0.0), visitor),
            EstimatorName::Rodeo => {
                checked(shape, Rodeo::new(samples, layers, (0.0, 0.0), NET_SEED), visitor)
            }
            EstimatorName::StraightThroughBiased => checked(shape, StraightThrough, visitor),
            EstimatorName::GumbelSoftmaxBiased => checked(shape, GumbelSoftmax::default(), visitor),
            EstimatorName::Exact => checked(shape, Exact::new(shape)?, visitor),
        }
    }

    /// Samples that are drawn for each example; 0 where the estimator cannot serve the shape.
    pub fn samples_drawn(&self, shape: &Shape<'_>) -> usize {
        self.with(shape, Samples).unwrap_or(0)
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

fn checked<E, V>(shape: &Shape<'_>, estimator: E, visitor: V) -> Result<V::Output, Error>
where
    E: Estimator + Clone + Send + Sync + 'static,
    V: Visitor,
{
    estimator.check(shape)?;
    Ok(visitor.visit(estimator))
}

struct Samples;

impl Visitor for Samples {
    type Output = usize;

    fn visit<E: Estimator + Clone + Send + Sync + 'static>(self, estimator: E) -> usize {
        estimator.samples()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::Layer;
    use clap::ValueEnum;

    struct Branches;

    impl Visitor for Branches {
        type Output = bool;

        fn visit<E: Estimator + Clone + Send + Sync + 'static>(self, _: E) -> bool {
            E::SECOND_PATHS != SecondPaths::None
        }
    }

    #[test]
    fn every_name_gives_an_estimator_that_serves_a_small_chain() {
        let layers = [Layer::bernoulli(3), Layer::bernoulli(2)];
        let two = Shape::chain(4, &layers);
        for &name in EstimatorName::value_variants() {
            let of_one_layer = name.of_one_layer();
            let shape = if of_one_layer { Shape::chain(4, &layers[..1]) } else { two };
            let choice = Choice { name, samples: 4, baseline: BaselineName::None };
            let samples = choice.with(&shape, Samples).unwrap();
            let expected = match name {
                EstimatorName::Exact => 32,
                EstimatorName::ArmsBound => 8,
                _ if name.range().is_some() => 4,
                _ => 1,
            };
            assert_eq!(samples, expected, "{name:?}");
            assert!(choice.evaluations(&shape) >= samples, "{name:?}");
            assert_eq!(choice.with(&shape, Branches), Ok(name.branches()), "{name:?}");
            assert_eq!(choice.with(&two, Samples).is_err(), of_one_layer, "{name:?}");
            let none = Choice { samples: 0, ..choice };
            assert_eq!(none.with(&shape, Samples).is_err(), name.range().is_some(), "{name:?}");
        }
        let wide = [Layer::bernoulli(13)];
        let exact = Choice { name: EstimatorName::Exact, samples: 2, baseline: BaselineName::None };
        assert_eq!(exact.with(&Shape::chain(1, &wide), Samples), Err(Error::Unsupported));
    }
}
