//! An estimator with its settings, what is known of it, and how something is done with it whatever its type.

use super::facts::OneUnit;
use super::facts::Sizes;
use super::{BaselineName, EstimatorName};
use arm_core::estimator::Estimator;
use arm_core::{Error, Shape};
use std::ops::RangeInclusive;

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

impl EstimatorName {
    /// The name on the command line.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |v| v.get_name().into())
    }

    /// Whether it draws second paths through the upper layers, above an antithetic partner or a flipped unit.
    pub fn second_paths(self) -> bool {
        self.facts().second_paths
    }

    /// Whether it minimises the bound of several samples rather than the -ELBO.
    pub fn bound(self) -> bool {
        self.facts().bound
    }

    /// Whether its mean is another than the gradient.
    pub fn biased(self) -> bool {
        self.facts().biased
    }

    /// Whether it needs the gradient of f with respect to samples, which conditional networks do not give.
    pub fn gradient_of_f(self) -> bool {
        self.facts().gradient_of_f
    }

    /// Whether it serves networks with one stochastic layer only.
    pub fn one_layer(self) -> bool {
        self.facts().one_layer
    }

    /// Whether it subtracts a baseline that can be set.
    pub fn baseline(self) -> bool {
        self.facts().baseline
    }

    /// The numbers of samples that it can be set to; `None` where the number is its own.
    pub fn samples(self) -> Option<RangeInclusive<usize>> {
        self.facts().samples
    }
}

impl Choice {
    /// Samples that are drawn for each example; 0 where the estimator cannot serve the shape.
    pub fn samples_drawn(&self, shape: &Shape<'_>) -> usize {
        self.with(shape, Samples).unwrap_or(0)
    }

    /// Evaluations of f for the gradient of one example, at most: a path through some of the layers counts as one.
    pub fn evaluations(&self, shape: &Shape<'_>) -> usize {
        let layers = shape.stochastic_layers();
        let units = (0..layers).map(|t| shape.stochastic_width(t)).sum();
        (self.name.facts().evaluations)(Sizes { samples: self.samples, layers, units })
    }

    /// The variance of one estimate for a network of one unit, with probability `p` of a 1 and these values of f, in closed
    /// form, where it is known.
    pub fn variance_of_one_unit(&self, p: f64, f0: f64, f1: f64) -> Option<f64> {
        (self.name.facts().variance)(OneUnit { f0, f1, p, samples: self.samples })
    }
}

/// Gives an estimator to `visitor` if it can serve the shape.
pub(super) fn checked<E, V>(shape: &Shape<'_>, estimator: E, visitor: V) -> Result<V::Output, Error>
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
    use arm_core::estimator::SecondPaths;
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
            let of_one_layer = name.one_layer();
            let shape = if of_one_layer { Shape::chain(4, &layers[..1]) } else { two };
            let choice = Choice { name, samples: 4, baseline: BaselineName::None };
            let samples = choice.with(&shape, Samples).unwrap();
            let expected = match name {
                EstimatorName::Exact => 32,
                EstimatorName::ArmsBound => 8,
                _ if name.samples().is_some() => 4,
                _ => 1,
            };
            assert_eq!(samples, expected, "{name:?}");
            assert!(choice.evaluations(&shape) >= samples, "{name:?}");
            assert_eq!(choice.with(&shape, Branches), Ok(name.second_paths()), "{name:?}");
            assert_eq!(choice.with(&two, Samples).is_err(), of_one_layer, "{name:?}");
            let none = Choice { samples: 0, ..choice };
            assert_eq!(none.with(&shape, Samples).is_err(), name.samples().is_some(), "{name:?}");
        }
        let wide = [Layer::bernoulli(13)];
        let exact = Choice { name: EstimatorName::Exact, samples: 2, baseline: BaselineName::None };
        assert_eq!(exact.with(&Shape::chain(1, &wide), Samples), Err(Error::Unsupported));
    }
}
