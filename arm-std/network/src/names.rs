//! Codings, priors and kinds of numbers as they are written in commands and files.

use arm_core::Prior;
use serde::{Deserialize, Serialize};

/// The numbers that the units of the input stand for, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CodingName {
    /// 0 and 1
    ZeroOne,
    /// -1 and 1
    Signed,
    /// 0 and 1 minus the mean of each unit over the train split
    Centred,
}

/// The prior of the top stochastic layer, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PriorName {
    /// Every unit is 1 with probability 1/2
    Fixed,
    /// Every unit has a logit that is trained
    Learned,
}

impl PriorName {
    /// The prior.
    pub fn prior(self) -> Prior {
        match self {
            PriorName::Fixed => Prior::Fixed,
            PriorName::Learned => Prior::Learned,
        }
    }
}

/// The numbers that a network computes with, as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum NumbersName {
    /// Floats of 32 bits
    #[default]
    F32,
    /// Integers of 16 bits, as chips without a floating-point unit have them
    I16,
}

impl NumbersName {
    /// Whether they are floats.
    pub fn is_float(&self) -> bool {
        *self == NumbersName::F32
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            NumbersName::F32 => "f32",
            NumbersName::I16 => "i16",
        }
    }
}
