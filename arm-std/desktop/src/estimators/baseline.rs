//! The baseline of REINFORCE as it is written in commands and files.

use arm_core::estimator::Baseline;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

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

arm_data::written!(BaselineName, name => match name {
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
