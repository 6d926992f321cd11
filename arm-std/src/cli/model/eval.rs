//! `arm eval`.

use super::subject::{Data, Subject};
use crate::cli::{Outcome, Usage, args, figure_lines, say};
use arm_std::data::{BitTable, Source, Splits};
use arm_std::measure::scores::{Format, write};
use arm_std::measure::{Figures, Rows, Scores, Work};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;

/// What `--json` prints; docs/evaluation.md describes it.
#[derive(Serialize)]
struct Report<'a> {
    model: &'a Path,
    is_run: bool,
    network: String,
    parameters: usize,
    numbers: &'static str,
    conditional: bool,
    data: &'a Path,
    trained_on: Option<&'a Path>,
    binarise: String,
    split: String,
    split_rows: usize,
    rows: usize,
    choice: &'static str,
    seed: u64,
    neg_elbo: f64,
    neg_elbo_standard_error: Option<f64>,
    nll: f64,
    nll_standard_error: Option<f64>,
    nll_samples: usize,
    scores: Option<&'a Path>,
}

pub(in crate::cli) fn run(args: &args::Eval) -> Outcome {
    let file = args.scores.as_deref().map(|path| format(path).map(|format| (path, format))).transpose()?;
    let subject = Subject::read(&args.model)?;
    let data = subject.data(&args.measured)?;
    let table = table(&data.splits, args.split);
    let rows = match args.nll_images {
        Some(count) => Rows::spread(&table, count as usize),
        None => Rows::all(&table),
    };
    let (model, mut work) = (&subject.model, Work::on(args::threads(args.threads).most()));
    let scores = Scores::of_model(model, args.seed, rows, args.nll_samples as usize, &mut work)?;
    if let Some((path, format)) = file {
        write(&scores, format, path).map_err(|e| format!("{}: cannot be written: {e}", path.display()))?;
    }
    let figures = scores.figures();
    if args.json {
        return json(args, &subject, &data, rows, &figures);
    }
    let (split, all) = (args.split.name(), table.rows());
    let of = if args.split == args::Split::All { "train, valid and test" } else { &split };
    let chosen = match rows.is_all() {
        true => format!("all {all} rows of {of}"),
        false => format!("{} rows spread evenly over the {all} of {of}", rows.count()),
    };
    subject.say(&data, &chosen)?;
    for line in figure_lines(&split, &figures, model.network.conditional) {
        say(format_args!("{line}"))?;
    }
    match file {
        Some((path, format)) => say(format_args!("{}: {}", path.display(), format.describe(rows.count()))),
        None => Ok(()),
    }
}

fn json(args: &args::Eval, subject: &Subject, data: &Data, rows: Rows<'_>, figures: &Figures) -> Outcome {
    let network = &subject.model.network;
    let report = Report {
        model: &subject.path,
        is_run: subject.is_run,
        network: network.notation(),
        parameters: subject.model.params.len(),
        numbers: subject.model.numbers.name(),
        conditional: network.conditional,
        data: &data.path,
        trained_on: data.trained_on.as_deref(),
        binarise: data.binarise.into(),
        split: args.split.name(),
        split_rows: rows.table().rows(),
        rows: rows.count(),
        choice: if rows.is_all() { "all" } else { "spread" },
        seed: args.seed,
        neg_elbo: figures.neg_elbo,
        neg_elbo_standard_error: figures.neg_elbo_standard_error,
        nll: figures.nll,
        nll_standard_error: figures.nll_standard_error,
        nll_samples: figures.nll_samples,
        scores: args.scores.as_deref(),
    };
    say(format_args!("{}", serde_json::to_string_pretty(&report)?))
}

/// The rows of a split. Of a train split that is drawn anew every epoch, one draw, always the same.
fn table(splits: &Splits, split: args::Split) -> Cow<'_, BitTable> {
    match (split, &splits.train) {
        (args::Split::Train, Source::Fixed(train)) => Cow::Borrowed(train),
        (args::Split::Train, drawn) => {
            let mut train = BitTable::default();
            drawn.epoch(0, 0, &mut train);
            Cow::Owned(train)
        }
        (args::Split::Valid, _) => Cow::Borrowed(&splits.valid),
        (args::Split::Test, _) => Cow::Borrowed(&splits.test),
        (args::Split::All, _) => {
            let train = table(splits, args::Split::Train);
            let tables = [&*train, &splits.valid, &splits.test];
            let words = tables.map(BitTable::words).concat();
            Cow::Owned(BitTable::from_words(tables.map(BitTable::rows).iter().sum(), train.cols(), words))
        }
    }
}

/// The format of a file of scores. Errors: an ending that stands for none, no folder to put it in, or another file there.
fn format(path: &Path) -> Result<Format, Usage> {
    let fail = |what: &str| Usage(format!("--scores {}: {what}", path.display()));
    let format = Format::of(path).ok_or_else(|| fail("give a name that ends in .csv or .npy"))?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(fail("its folder does not exist"))
        }
        _ if path.is_dir() => Err(fail("is a folder")),
        _ => match format.may_replace(path) {
            Ok(true) => Ok(format),
            Ok(false) => Err(fail("exists already and holds no scores; give another name")),
            Err(e) => Err(fail(&format!("cannot be replaced: {e}"))),
        },
    }
}
