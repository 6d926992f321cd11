//! The estimators and baselines as they are written in commands and files.

use arm_core::estimator::{self, Baseline};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The gradient estimators that the trainer offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum EstimatorName {
    /// Augment-REINFORCE-Merge
    Arm,
    /// Augment-REINFORCE
    Ar,
    /// REINFORCE, with an optional --baseline
    Reinforce,
    /// DisARM, also known as U2G
    Disarm,
    /// Leave-one-out REINFORCE with --samples samples
    Rloo,
    /// ARMS: --samples mutually antithetic samples
    Arms,
    /// Local expectation gradients: every unit flipped
    Leg,
    /// bitflip-1: one unit flipped
    Bitflip1,
    /// UGC: bitflip-1 for units near 0 or 1, DisARM for the others
    Ugc,
    /// VIMCO, for the bound of --samples samples
    Vimco,
    /// Local DisARM, for the bound of --samples samples
    LocalDisarm,
    /// Local DisARM, symmetrised, for the bound of --samples samples
    LocalDisarmSym,
    /// ARMS for the bound of --samples samples
    ArmsBound,
    /// REBAR: a control variate of relaxed samples; one stochastic layer
    Rebar,
    /// RELAX: REBAR with a net; one stochastic layer
    Relax,
    /// Double control variates with --samples samples
    DoubleCv,
    /// RODEO: discrete Stein operators, with --samples samples
    Rodeo,
    /// BIASED: straight-through
    #[value(alias = "straight-through")]
    #[serde(alias = "straight-through")]
    StraightThroughBiased,
    /// BIASED: Gumbel-softmax (Concrete) at temperature 2/3; one stochastic layer
    #[value(alias = "gumbel-softmax")]
    #[serde(alias = "gumbel-softmax")]
    GumbelSoftmaxBiased,
    /// Enumeration of every sample, for at most 12 units
    Exact,
}

impl EstimatorName {
    /// The name on the command line.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |v| v.get_name().into())
    }

    /// Whether it draws second paths through the upper layers, above an antithetic partner or a flipped unit.
    pub fn branches(self) -> bool {
        use EstimatorName::*;
        matches!(self, Arm | Disarm | Ugc | LocalDisarm | LocalDisarmSym | Leg | Bitflip1)
    }

    /// Whether it minimises the bound of several samples rather than the -ELBO.
    pub fn bound(self) -> bool {
        use EstimatorName::*;
        matches!(self, Vimco | LocalDisarm | LocalDisarmSym | ArmsBound)
    }

    /// Whether its mean is another than the gradient.
    pub fn biased(self) -> bool {
        matches!(self, EstimatorName::StraightThroughBiased | EstimatorName::GumbelSoftmaxBiased)
    }

    /// Whether it needs the gradient of f with respect to samples, which conditional networks do not give.
    pub fn needs_gradient(self) -> bool {
        use EstimatorName::*;
        self.biased() || matches!(self, Rebar | Relax | DoubleCv | Rodeo)
    }

    /// Whether it serves networks with one stochastic layer only.
    pub fn of_one_layer(self) -> bool {
        use EstimatorName::*;
        matches!(self, Rebar | Relax | GumbelSoftmaxBiased)
    }

    /// The numbers of samples that it can be set to; `None` where the number is its own.
    pub fn range(self) -> Option<(usize, usize)> {
        use EstimatorName::*;
        match self {
            Rloo | Vimco | DoubleCv | Rodeo => Some((2, 1024)),
            LocalDisarm | LocalDisarmSym => Some((1, 1024)),
            EstimatorName::Arms | ArmsBound => Some((2, estimator::Arms::MOST)),
            Rebar | Relax | StraightThroughBiased | GumbelSoftmaxBiased => None,
            Arm | Ar | Reinforce | Disarm | Leg | Bitflip1 | Ugc | Exact => None,
        }
    }
}

/// The baseline of REINFORCE as it is written: `none`, `moving` (decay 0.99) or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BaselineName {
    /// Nothing is subtracted.
    #[default]
    None,
    /// A moving average of f with decay 0.99.
    Moving,
    /// A constant in nats.
    Constant(f32),
}

impl BaselineName {
    /// The baseline before the first step.
    pub fn baseline(self) -> Baseline {
        match self {
            BaselineName::None => Baseline::None,
            BaselineName::Moving => Baseline::moving(0.99),
            BaselineName::Constant(c) => Baseline::Constant(c),
        }
    }
}

impl FromStr for BaselineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<f32>()) {
            ("none", _) => Ok(BaselineName::None),
            ("moving", _) => Ok(BaselineName::Moving),
            (_, Ok(c)) if c.is_finite() => Ok(BaselineName::Constant(c)),
            _ => Err(format!("`{text}` is no baseline; give none, moving or a finite number of nats")),
        }
    }
}

crate::files::written!(BaselineName, name => match name {
    BaselineName::None => "none".into(),
    BaselineName::Moving => "moving".into(),
    BaselineName::Constant(c) => c.to_string(),
});
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baselines_survive_writing() {
        for name in [BaselineName::None, BaselineName::Moving, BaselineName::Constant(-1.5)] {
            assert_eq!(String::from(name).parse(), Ok(name));
        }
        assert!("NaN".parse::<BaselineName>().is_err() && "inf".parse::<BaselineName>().is_err());
    }
}
