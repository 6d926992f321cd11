//! Options of the command line.

use crate::config::{BaselineName, BinariseName, EstimatorName};
use crate::network::Preset;
use arm_core::optim::MAX_RATE;
use clap::{Args as Options, Parser, Subcommand};
use std::path::PathBuf;

/// Train discrete variational auto-encoders with the ARM estimator.
#[derive(Debug, Parser)]
#[command(name = "arm", version)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Train a network; writes a run folder with the model, metrics and pictures
    Train(Train),
    /// Evaluate a trained model on a data set
    Eval(Eval),
    /// Draw samples from a trained model
    Sample(Sample),
}

#[derive(Debug, Options)]
pub(super) struct Train {
    /// Network of the paper
    #[arg(long, value_enum, default_value = "nonlinear")]
    pub preset: Preset,
    /// Data set: a file, a folder, or `strokes` (generated)
    #[arg(long, default_value = "strokes")]
    pub data: PathBuf,
    /// How grey levels become bits: auto, none, dynamic, or a threshold in [0, 1)
    #[arg(long, default_value = "auto")]
    pub binarise: BinariseName,
    /// Gradient estimator
    #[arg(long, value_enum, default_value = "arm")]
    pub estimator: EstimatorName,
    /// Samples K of rloo, 2 to 1024
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..=1024))]
    pub samples: u16,
    /// Baseline of reinforce: none, moving, or a constant in nats
    #[arg(long, default_value = "none", allow_negative_numbers = true)]
    pub baseline: BaselineName,
    /// Draw the upper layers of antithetic partners on their own instead of sharing uniforms
    #[arg(long)]
    pub independent_uniforms: bool,
    /// Epochs to train
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "steps")]
    pub epochs: u64,
    /// Steps to train, instead of epochs
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: Option<u64>,
    /// Examples a step
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch: u32,
    /// Learning rate of Adam
    #[arg(long, default_value_t = 3e-4, value_parser = rate, allow_negative_numbers = true)]
    pub lr: f32,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    #[command(flatten)]
    pub bound: Bound,
    /// Run folder [default: the first free runs/001, runs/002, ..]
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Replace the run in --out
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// The importance-weighted bound.
#[derive(Debug, Options)]
pub(super) struct Bound {
    /// Samples K of the importance-weighted bound
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub nll_samples: u32,
    /// Compute the bound for the first N images of the test split only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nll_images: Option<u32>,
}

#[derive(Debug, Options)]
pub(super) struct Eval {
    /// Run folder or model file
    pub model: PathBuf,
    /// Data set, as for train
    #[arg(long, default_value = "strokes")]
    pub data: PathBuf,
    /// How grey levels become bits, as for train
    #[arg(long, default_value = "auto")]
    pub binarise: BinariseName,
    #[command(flatten)]
    pub bound: Bound,
    /// Seed of the samples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

#[derive(Debug, Options)]
pub(super) struct Sample {
    /// Run folder or model file
    pub model: PathBuf,
    /// PNG to write
    #[arg(long, default_value = "samples.png")]
    pub out: PathBuf,
    /// Number of samples
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// Seed of the samples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Threads to use.
pub(super) fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    asked.map_or_else(cores, usize::from)
}

fn rate(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(rate) if (0.0..=MAX_RATE).contains(&rate) => Ok(rate),
        _ => Err(format!("give a number from 0 to {MAX_RATE}, such as 1e-4")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
