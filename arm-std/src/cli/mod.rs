//! The `arm` command.

mod args;
mod compare;
mod data;
mod estimators;
#[cfg(feature = "fetch")]
mod fetch;
mod interrupts;
mod model;
mod prepare;
mod runs;
mod toy;
mod train;

use arm_std::data::{Binarise, BinariseName, Note};
use arm_std::files;
use arm_std::network::Network;
use arm_std::train::Config;
use clap::Parser;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Runs the command line of this process. Exit codes: 0 success, 1 data or files, 2 usage, 3 left before the end with
/// what was finished kept.
pub(crate) fn main() -> ExitCode {
    files::refuse_writes_beyond_limits();
    let result = match args::Args::parse().command {
        args::Command::Train(args) => train::run(&args),
        args::Command::Runs(args) => runs::run(&args),
        args::Command::Eval(args) => model::eval::run(&args),
        args::Command::Sample(args) => model::sample::run(&args),
        args::Command::Toy(args) => toy::run(&args),
        args::Command::Export(args) => model::export::run(&args),
        args::Command::Data(command) => data::run(&command),
        args::Command::Compare(args) => compare::run(&args),
        args::Command::Variance(args) => model::variance::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Left>() => ExitCode::from(LEFT),
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

/// Says on the error stream what was assumed of a data set. What a threshold was chosen for needs no warning.
fn tell(data: &Path, notes: &[Note], binarise: BinariseName) {
    let chosen = matches!(binarise.choice(), Some(Binarise::Threshold(_)));
    for note in notes.iter().filter(|note| !(chosen && matches!(note, Note::Dark { .. }))) {
        let kind = if note.is_warning() { "warning" } else { "note" };
        // A reader that went away misses a note.
        let _ = writeln!(std::io::stderr(), "{kind}: {}: {note}", data.display());
    }
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A command was left before its end, which was said; it can go on.
#[derive(Debug, thiserror::Error)]
#[error("left before the end")]
struct Left;

/// Its exit code.
const LEFT: u8 = 3;

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

/// What the commands say about figures: each mean ± its standard error.
fn figure_lines(
    split: &str,
    figures: &arm_std::measure::evaluate::Figures,
    conditional: bool,
) -> [String; 2] {
    let mean = |value: f64, error: Option<f64>| {
        let error = error.map_or_else(String::new, |error| format!(" ± {error:.2}"));
        format!("{value:8.2}{error} nats")
    };
    let neg_elbo = mean(figures.neg_elbo, figures.neg_elbo_standard_error);
    let nll = mean(figures.nll, figures.nll_standard_error);
    let of = if conditional { "-log p(y | x)" } else { "-log p(x)" };
    let (images, samples) = (figures.images, figures.nll_samples);
    [
        format!("{split} -ELBO {neg_elbo}  (one sample, {images} rows)"),
        format!("{split} NLL   {nll}  (importance-weighted bound of {of}, K = {samples}, {images} rows)"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_printed_with_its_standard_error() {
        let figures = arm_std::measure::evaluate::Figures {
            neg_elbo: 101.256,
            neg_elbo_standard_error: Some(0.4),
            nll: 99.5,
            nll_standard_error: None,
            nll_samples: 7,
            images: 1,
        };
        let [neg_elbo, nll] = figure_lines("test", &figures, true);
        assert_eq!(neg_elbo, "test -ELBO   101.26 ± 0.40 nats  (one sample, 1 rows)");
        assert!(
            nll.starts_with("test NLL      99.50 nats  (") && nll.contains("-log p(y | x), K = 7"),
            "{nll}"
        );
    }
}
