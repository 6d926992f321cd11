//! An estimator with its settings, and what is known of it.

use super::facts::OneUnit;
use super::facts::Sizes;
use super::{BaselineName, EstimatorName};
use arm_core::Shape;
use arm_core::estimator::Estimator;
use std::ops::RangeInclusive;

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

    /// Whether it works in [integers](arm_core::kernels::Integer) too.
    pub fn integers(self) -> bool {
        self.facts().integers
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
        self.estimator(shape).map_or(0, |estimator| estimator.samples())
    }

    /// Why it cannot serve the shape; `None` where it can.
    pub fn refuses(&self, shape: &Shape<'_>) -> Option<&'static str> {
        if shape.is_conditional() && self.name.gradient_of_f() {
            return Some("it needs the gradient of f, which a conditional network does not give");
        }
        if self.name.one_layer() && shape.stochastic_layers() > 1 {
            return Some("it serves one stochastic layer");
        }
        match self.estimator(shape) {
            Ok(_) => None,
            Err(_) if self.name == EstimatorName::Exact => Some("it enumerates at most 12 units"),
            Err(_) => Some("it has no such network or number of samples"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::estimator::SecondPaths;
    use arm_core::{Error, Layer};
    use clap::ValueEnum;

    #[test]
    fn every_name_gives_an_estimator_that_serves_a_small_chain() {
        let layers = [Layer::bernoulli(3), Layer::bernoulli(2)];
        let two = Shape::chain(4, &layers);
        for &name in EstimatorName::value_variants() {
            let of_one_layer = name.one_layer();
            let shape = if of_one_layer { Shape::chain(4, &layers[..1]) } else { two };
            let choice = Choice { name, samples: 4, baseline: BaselineName::None };
            let estimator = choice.estimator(&shape).unwrap();
            let samples = estimator.samples();
            let expected = match name {
                EstimatorName::Exact => 32,
                EstimatorName::ArmsBound => 8,
                _ if name.samples().is_some() => 4,
                _ => 1,
            };
            assert_eq!(samples, expected, "{name:?}");
            assert!(choice.evaluations(&shape) >= samples, "{name:?}");
            assert_eq!(estimator.second_paths() != SecondPaths::None, name.second_paths(), "{name:?}");
            assert_eq!(estimator.integer().is_some(), name.integers(), "{name:?}");
            assert_eq!(choice.estimator(&two).is_err(), of_one_layer, "{name:?}");
            let none = Choice { samples: 0, ..choice };
            assert_eq!(none.estimator(&shape).is_err(), name.samples().is_some(), "{name:?}");
        }
        let wide = [Layer::bernoulli(13)];
        let exact = Choice { name: EstimatorName::Exact, samples: 2, baseline: BaselineName::None };
        assert_eq!(exact.estimator(&Shape::chain(1, &wide)).err(), Some(Error::Unsupported));
    }
}
