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

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;

/// Exit code of a command that was interrupted and kept what was finished.
const LEFT: u8 = 3;

/// Runs the command line of this process. Exit codes: 0 success, 1 data or files, 2 usage, 3 left before the end.
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
            ExitCode::from(match () {
                () if error.is::<Usage>() => 2,
                () if error.is::<Left>() => LEFT,
                () => 1,
            })
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

/// An interruption that left work undone: what is kept, what is missing, and how to go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Left(String);

/// What the commands say about a bound.
fn bound_line(figures: &crate::train::Figures) -> String {
    format!(
        "test NLL   {:8.2} nats  (importance-weighted bound, K = {}, {} images)",
        figures.nll, figures.nll_samples, figures.images
    )
}
