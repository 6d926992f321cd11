//! From the name of an estimator to the estimator: the one place where both are listed.

use crate::config::{BaselineName, EstimatorName};
use arm_core::Shape;
use arm_core::estimator::{Ar, Arm, DisArm, Estimator, Reinforce, Rloo};

/// Something to be done with an estimator of any type.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it.
    fn visit<E: Estimator + Clone + Send + Sync>(self, estimator: E) -> Self::Output;
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
    /// Gives the estimator, ready for a network of this shape, to `visitor`. Whether it can serve the shape is for
    /// [`Estimator::check`] to say.
    pub fn with<V: Visitor>(&self, _shape: &Shape<'_>, visitor: V) -> V::Output {
        match self.name {
            EstimatorName::Arm => visitor.visit(Arm),
            EstimatorName::Ar => visitor.visit(Ar),
            EstimatorName::Reinforce => visitor.visit(Reinforce { baseline: self.baseline.baseline() }),
            EstimatorName::Disarm => visitor.visit(DisArm),
            EstimatorName::Rloo => visitor.visit(Rloo { samples: self.samples }),
        }
    }

    /// Evaluations of f for the gradient of one example, at most.
    pub fn evaluations(&self, shape: &Shape<'_>) -> usize {
        match self.name {
            EstimatorName::Arm | EstimatorName::Disarm => 1 + shape.stochastic_layers(),
            EstimatorName::Ar | EstimatorName::Reinforce => 1,
            EstimatorName::Rloo => self.samples,
        }
    }
}
