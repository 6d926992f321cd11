//! The `arm` command.

mod args;
mod compare;
mod data;
mod estimators;
mod eval;
mod export;
#[cfg(feature = "fetch")]
mod fetch;
mod runs;
mod sample;
mod toy;
mod train;
mod variance;
mod watch;

use crate::config::Config;
use crate::network::Network;
use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Runs the command line of this process. Exit codes: 0 success, 1 data or files, 2 usage.
pub fn main() -> ExitCode {
    let result = match args::Args::parse().command {
        args::Command::Train(args) => train::run(&args),
        args::Command::Runs(args) => runs::run(&args),
        args::Command::Eval(args) => eval::run(&args),
        args::Command::Sample(args) => sample::run(&args),
        args::Command::Toy(args) => toy::run(&args),
        args::Command::Export(args) => export::run(&args),
        args::Command::Data(command) => data::run(&command),
        args::Command::Compare(args) => compare::run(&args),
        args::Command::Variance(args) => variance::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to say where even this cannot be written.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// Prints a line. A reader that went away is no error; any other failure to write is.
fn say(line: std::fmt::Arguments<'_>) -> Outcome {
    match writeln!(std::io::stdout(), "{line}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("standard output: {e}").into()),
        _ => Ok(()),
    }
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A combination of options that makes no sense, found after parsing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// What the commands say about the network that they train, and where its settings come from.
fn headline(network: &Network, config: &Config) -> String {
    let parameters = network.shape().params();
    let beyond = Some(config.beyond_notation()).filter(|words| !words.is_empty());
    let beyond = beyond.map_or_else(String::new, |words| format!(", {words}"));
    let source = config.source().map_or_else(String::new, |source| format!("\n{source}"));
    format!("{}{beyond}  {parameters} parameters{source}", network.notation())
}

/// What the commands say about a bound.
fn bound_line(figures: &crate::train::Figures) -> String {
    format!(
        "test NLL   {:8.2} nats  (importance-weighted bound, K = {}, {} images)",
        figures.nll, figures.nll_samples, figures.images
    )
}
