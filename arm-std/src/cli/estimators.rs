//! Which estimators a command compares.

use super::Usage;
use arm_core::Shape;
use arm_std::estimators::{BaselineName, Choice, EstimatorName};
use clap::ValueEnum;
use std::str::FromStr;

/// An estimator as it is written: `NAME`, or `NAME:K` for one that draws K samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Named {
    name: EstimatorName,
    samples: usize,
}

/// Samples where no number is given.
const SAMPLES: usize = 2;

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once(':').map_or((text, None), |(name, k)| (name, Some(k)));
        let all = || EstimatorName::value_variants().iter().map(|n| n.name()).collect::<Vec<_>>().join(", ");
        let name = EstimatorName::from_str(name, false)
            .map_err(|_| format!("`{name}` is no estimator; there are {}", all()))?;
        let samples = match (number, name.samples()) {
            (None, _) => SAMPLES,
            (Some(_), None) => return Err(format!("{} has no number of samples to set", name.name())),
            (Some(k), Some(range)) => {
                let k = k.parse().ok().filter(|k| range.contains(k));
                k.ok_or_else(|| {
                    format!("{} takes {} to {} samples", name.name(), range.start(), range.end())
                })?
            }
        };
        Ok(Named { name, samples })
    }
}

impl Named {
    /// The estimator with its settings.
    pub(super) fn choice(self) -> Choice {
        Choice { name: self.name, samples: self.samples, baseline: BaselineName::None }
    }
}

/// The estimators that were asked for, or all that can serve `shape` and that `suits` finds useful. An error when one
/// that was asked for cannot, which says which could.
pub(super) fn choices(
    asked: &[Named],
    shape: &Shape<'_>,
    suits: impl Fn(EstimatorName) -> bool,
) -> Result<Vec<Choice>, Usage> {
    let serves = |choice: &Choice| suits(choice.name) && choice.refuses(shape).is_none();
    let all = EstimatorName::value_variants().iter().map(|&name| Named { name, samples: SAMPLES }.choice());
    if asked.is_empty() {
        return Ok(all.filter(serves).collect());
    }
    let asked: Vec<_> = asked.iter().map(|n| n.choice()).collect();
    match asked.iter().find(|choice| !serves(choice)) {
        None => Ok(asked),
        Some(choice) => {
            let able: Vec<_> = all.filter(serves).map(|c| c.name.name()).collect();
            Err(Usage(format!("{} cannot serve here; these can: {}", choice.name.name(), able.join(", "))))
        }
    }
}

/// How an estimator is called in tables: its name, and its number of samples where it can be set.
pub(super) fn label(choice: &Choice) -> String {
    let name = choice.name.name();
    if choice.name.samples().is_some() { format!("{name}:{}", choice.samples) } else { name }
}
