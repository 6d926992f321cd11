//! Which estimators a command compares.

use super::{Usage, args};
use crate::config::{BaselineName, EstimatorName};
use crate::dispatch::Choice;
use arm_core::Shape;
use clap::ValueEnum;

/// The estimators that were asked for, or all that can serve `shape` and `suits` finds useful. An error when one that
/// was asked for cannot, which says which could.
pub(super) fn choices(
    asked: &args::Estimators,
    shape: &Shape<'_>,
    suits: impl Fn(EstimatorName) -> bool,
) -> Result<Vec<Choice>, Usage> {
    let choice = |name| Choice { name, samples: asked.samples, baseline: BaselineName::None };
    for &name in &asked.estimators {
        if let Some((low, high)) = name.range()
            && !(low..=high).contains(&asked.samples)
        {
            return Err(Usage(format!("--samples {}: {} takes {low} to {high}", asked.samples, name.name())));
        }
    }
    let serves = |name: EstimatorName| suits(name) && choice(name).samples_drawn(shape) > 0;
    let able: Vec<_> = EstimatorName::value_variants().iter().copied().filter(|&n| serves(n)).collect();
    if asked.estimators.is_empty() {
        return Ok(able.into_iter().map(choice).collect());
    }
    match asked.estimators.iter().find(|&&name| !serves(name)) {
        None => Ok(asked.estimators.iter().copied().map(choice).collect()),
        Some(name) => {
            let able: Vec<_> = able.into_iter().map(EstimatorName::name).collect();
            Err(Usage(format!("{} cannot serve here; these can: {}", name.name(), able.join(", "))))
        }
    }
}

/// How an estimator is called in tables: its name, and its number of samples where it can be set.
pub(super) fn label(choice: &Choice) -> String {
    let name = choice.name.name();
    let samples = if choice.name.range().is_some() { format!(" {}", choice.samples) } else { String::new() };
    format!("{name}{samples}{}", if choice.name.biased() { " (biased)" } else { "" })
}
