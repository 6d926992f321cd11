//! Options of the command line.

pub(super) mod data;

use super::estimators::Named;
use arm_std::data::{self as tables, BinariseName};
use arm_std::driver::Threads;
use arm_std::network::NumbersName;
use arm_std::train::Settings;
use clap::{Args as Options, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What `arm --help` says of them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  data, files or the training failed
  2  the command line or a setting is wrong
  3  train or compare left before the end (Ctrl-C, a request to terminate); what was finished is kept and can go on";

/// Train discrete variational auto-encoders with the ARM estimator.
#[derive(Debug, Parser)]
#[command(name = "arm", version, after_help = EXIT_CODES)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Train a network; writes a run folder with the model, metrics and pictures
    Train(Box<Train>),
    /// List and compare runs, the best on the validation split first
    Runs(Runs),
    /// Evaluate a trained model, on the data of its run or others: means, their standard errors, a score for every row
    Eval(Eval),
    /// Draw samples from a trained model
    Sample(Sample),
    /// Look at data sets and convert them
    #[command(subcommand)]
    Data(data::Data),
    /// Write a trained model for a device: as bytes, in Rust and in C, with a self-test
    Export(Export),
    /// The toy problem of the ARM paper (figure 1): traces of ascents, and variances against their closed forms
    Toy(Toy),
    /// Train with several estimators from the same start on the same data
    Compare(Box<Compare>),
    /// Measure every estimator's gradient at a trained model: variance, bias, evaluations of f and time
    Variance(Variance),
}

#[derive(Debug, Options)]
pub(super) struct Train {
    #[command(flatten)]
    pub settings: Settings,
    /// TOML file with settings named like the flags, which win over it
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub config: Option<PathBuf>,
    /// Go on with the run in this folder from its newest checkpoint
    #[arg(long, value_name = "RUN", conflicts_with = "force")]
    pub resume: Option<PathBuf>,
    /// Go on with the run in --out if it has a checkpoint, start it if not; a finished run stays as it is. For schedulers,
    /// which give the same command every time: exit code 3 says that a run was left early and can go on
    #[arg(long, requires = "out", conflicts_with_all = ["resume", "force"])]
    pub resume_or_start: bool,
    /// Threads; the result does not depend on them [default: as many as are fastest]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Seconds between checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub save_every: u32,
    /// Checkpoints to keep
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub keep: u16,
    /// Run folder [default: the first free runs/001, runs/002, ..]
    #[arg(long, conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Replace the run in --out
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Print the network, its parameters and the memory it needs here and on a device, and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Options)]
pub(super) struct Runs {
    /// Run folders, or folders of run folders
    #[arg(default_value = "runs")]
    pub folders: Vec<PathBuf>,
    /// Print them as JSON
    #[arg(long)]
    pub json: bool,
    /// Draw their curves into this file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// The columns of a data set.
#[derive(Clone, Debug, Options)]
pub(super) struct Columns {
    /// Columns to read, by name or number from 0, such as age,3,7-9,20- [default: those of the run, or all but an index]
    #[arg(long, value_name = "COLUMNS")]
    pub columns: Option<tables::Columns>,
    /// Columns to leave out, by name or number from 0 [default: those of the run]
    #[arg(long, value_name = "COLUMNS")]
    pub drop: Option<tables::Columns>,
}

impl Columns {
    /// What is asked for.
    pub(super) fn selection(&self) -> tables::Selection {
        tables::Selection { columns: self.columns.clone(), drop: self.drop.clone() }
    }
}

/// The data that a trained model is measured on.
#[derive(Debug, Options)]
pub(super) struct Measured {
    /// Data set, as for train [default: the data of the run; needed for a model without its run folder]
    #[arg(long)]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub columns: Columns,
    /// How grey levels become bits, as for train [default: as in the run, or auto]
    #[arg(long)]
    pub binarise: Option<BinariseName>,
}

/// The rows that are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Split {
    Train,
    Valid,
    Test,
    /// All three, one after another: a single file in its order
    All,
}

impl Split {
    /// The name on the command line.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().into())
    }
}

#[derive(Debug, Options)]
pub(super) struct Eval {
    /// Run folder, model file, or the bytes of a device
    pub model: PathBuf,
    #[command(flatten)]
    pub measured: Measured,
    /// Rows to evaluate
    #[arg(long, value_enum, default_value_t = Split::Test)]
    pub split: Split,
    /// Samples K of the importance-weighted bound
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub nll_samples: u32,
    /// Evaluate N rows only, spread evenly over the split
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub nll_images: Option<u32>,
    /// Write the −ELBO and the bound of every row of the split, in its order, to a .csv or .npy file
    #[arg(long, value_name = "FILE", conflicts_with = "nll_images")]
    pub scores: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Seed of the samples
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; the result does not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

#[derive(Debug, Options)]
pub(super) struct Sample {
    /// Run folder, model file, or the bytes of a device
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

#[derive(Debug, Options)]
pub(super) struct Toy {
    /// Estimators, separated by commas, such as arm,rloo:4 [default: every one that can serve]
    #[arg(long, value_delimiter = ',', value_name = "NAME[:SAMPLES]")]
    pub estimators: Vec<Named>,
    /// Steps of gradient ascent, one estimate each
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub steps: u64,
    /// Rate of the ascent
    #[arg(long, default_value_t = 1.0)]
    pub lr: f32,
    /// Estimates for each variance
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(2..=10_000_000))]
    pub draws: u64,
    /// Seed of all draws
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for traces.csv, variance.csv and toy.svg, which are replaced
    #[arg(long, default_value = "toy")]
    pub out: PathBuf,
}

#[derive(Debug, Options)]
pub(super) struct Export {
    /// Run folder, model file, or the bytes of a device
    pub model: PathBuf,
    /// Files to write without their extension: NAME.sbn, NAME.rs, NAME.h
    #[arg(long, value_name = "NAME", default_value = "model")]
    pub out: PathBuf,
    /// Numbers of the device: i16 rounds a model in floats, and says what that costs on the test rows of its data
    /// [default: those of the model]
    #[arg(long, value_enum)]
    pub numbers: Option<NumbersName>,
    #[command(flatten)]
    pub measured: Measured,
}

#[derive(Debug, Options)]
pub(super) struct Variance {
    /// Run folder or model file
    pub model: PathBuf,
    #[command(flatten)]
    pub measured: Measured,
    /// Estimators, separated by commas, such as arm,rloo:4 [default: every one that can serve]
    #[arg(long, value_delimiter = ',', value_name = "NAME[:SAMPLES]")]
    pub estimators: Vec<Named>,
    /// Examples of the batch: the first of the train split
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub batch: u32,
    /// Gradients of each estimator
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(2..=100_000_000))]
    pub draws: u64,
    /// Unbiased estimator whose mean over ten times as many gradients biases are measured against
    /// [default: exact up to 12 units, else disarm]
    #[arg(long, value_name = "NAME[:SAMPLES]")]
    pub reference: Option<Named>,
    /// Steps in which estimators that learn do so before they are measured
    #[arg(long, default_value_t = 1000)]
    pub warm_up: u64,
    /// Gradients that are timed; the median counts
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timed: u64,
    /// Seed of all draws
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; only times depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder for variance.json and variance.svg, which are replaced
    #[arg(long, default_value = "variance")]
    pub out: PathBuf,
}

#[derive(Debug, Options)]
pub(super) struct Compare {
    /// Estimators, separated by commas, such as arm,rloo:4
    #[arg(long, value_delimiter = ',', default_value = "arm,disarm,rloo", value_name = "NAME[:SAMPLES]")]
    pub estimators: Vec<Named>,
    #[command(flatten)]
    pub settings: Settings,
    /// Threads; only times depend on them [default: as many as are fastest]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder for curves.csv, results.csv, compare.svg and compare.json; a comparison with the same settings goes on
    #[arg(long, default_value = "compare")]
    pub out: PathBuf,
    /// Replace what is in --out without asking, and train all estimators anew
    #[arg(long)]
    pub force: bool,
}

/// Threads to use.
pub(super) fn threads(asked: Option<u16>) -> Threads {
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    asked.map_or_else(|| Threads::Measured(cores()), |n| Threads::Fixed(n.into()))
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
