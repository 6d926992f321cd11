//! `arm variance`.

use super::subject::Subject;
use crate::cli::estimators::{choices, label};
use crate::cli::{Outcome, Usage, args, say};
use arm_core::estimator::Exact;
use arm_std::estimators::{BaselineName, Choice, EstimatorName};
use arm_std::files::{PICTURES, refuse_other, replace_bytes};
use arm_std::measure::gradients::{self, Effort, Measured, Reference, Row};
use arm_std::measure::padded;
use arm_std::memory::LINE;
use arm_std::network::SplitRows;
use arm_std::runs::plot::{Axis, Chart, Curve, page};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// `variance.json`.
#[derive(Serialize)]
struct Report<'a> {
    model: String,
    network: String,
    data: String,
    binarise: String,
    batch: usize,
    draws: u64,
    reference: String,
    reference_draws: u64,
    seed: u64,
    layers: &'a [String],
    estimators: &'a [Row],
}

/// How `variance.json` begins.
const START: &[u8] = b"{\n  \"model\": ";

pub(in crate::cli) fn run(args: &args::Variance) -> Outcome {
    refuse_other(&args.out.join("variance.json"), &[START]).map_err(Usage)?;
    refuse_other(&args.out.join("variance.svg"), &PICTURES).map_err(Usage)?;
    let subject = Subject::read(&args.model)?;
    let (model, data) = (&subject.model, subject.data(&args.measured)?);
    let mut drawn = arm_std::data::BitTable::default();
    let table = data.splits.train.epoch(args.seed, 0, &mut drawn);
    let batch = args.batch as usize;
    if batch > table.rows() {
        let (data, rows) = (data.path.display(), table.rows());
        return Err(Usage(format!("--batch {batch}: {data} has only {rows} train rows")).into());
    }
    let shape = model.network.shape().padded(LINE);
    let params = padded(model);
    let split = SplitRows::new(&shape, table.words(), table.cols());
    let (x, y) = (split.x(0..batch), split.y(0..batch));
    let chosen = choices(&args.estimators, &shape, |_| true)?;
    let effort = Effort {
        draws: args.draws,
        reference_draws: args.draws.saturating_mul(10),
        warm_up: args.warm_up,
        timed: args.timed,
        seed: args.seed,
        threads: args::threads(args.threads).most(),
    };
    let plain = match args.reference {
        Some(named) => named.choice(),
        None if Exact::new(&shape).is_ok() => of(EstimatorName::Exact, 2),
        None => of(EstimatorName::Disarm, 2),
    };
    if plain.name.bound() || plain.name.biased() {
        return Err(
            Usage(format!("--reference {}: give an unbiased estimator of the -ELBO", label(&plain))).into()
        );
    }
    let rows = rows(&*gradients::of_network(shape, params.floats(), x, y), &chosen, plain, effort)?;
    subject.say(&data, &format!("the first {batch} rows of train"))?;
    say(format_args!(
        "{} gradients of each estimator, reference {} with {}\n",
        effort.draws,
        label(&plain),
        effort.reference_draws
    ))?;
    print(&rows)?;
    let report = Report {
        model: args.model.display().to_string(),
        network: model.network.notation(),
        data: data.path.display().to_string(),
        binarise: data.binarise.into(),
        batch,
        draws: effort.draws,
        reference: label(&plain),
        reference_draws: effort.reference_draws,
        seed: args.seed,
        layers: &model.network.layer_names(),
        estimators: &rows,
    };
    write(&args.out, &report)?;
    say(format_args!("\nvariance.json and variance.svg in {}", args.out.display()))
}

/// A row for every estimator; those of the -ELBO are compared with `plain`, those of a bound with its own reference.
fn rows(model: &dyn Measured, chosen: &[Choice], plain: Choice, effort: Effort) -> Result<Vec<Row>, String> {
    let mut references: Vec<(Option<usize>, Reference)> = Vec::new();
    let mut rows = Vec::new();
    for choice in chosen {
        let objective = choice.name.bound().then_some(choice.samples);
        let at = match references.iter().position(|(of, _)| *of == objective) {
            Some(at) => at,
            None => {
                let by = objective.map_or(plain, |k| of(EstimatorName::LocalDisarmSym, k));
                let fail = |e: arm_core::Error| format!("reference {}: {e}", label(&by));
                references.push((objective, model.reference(by, effort).map_err(fail)?));
                references.len() - 1
            }
        };
        let row = model.row(*choice, label(choice), &references[at].1, effort);
        rows.push(row.map_err(|e| format!("{}: {e}", label(choice)))?);
    }
    Ok(rows)
}

fn of(name: EstimatorName, samples: usize) -> Choice {
    Choice { name, samples, baseline: BaselineName::None }
}

/// The row that others are set against: ARM, or the first.
fn norm(rows: &[Row]) -> Option<&Row> {
    rows.iter().find(|r| r.estimator == EstimatorName::Arm.name()).or(rows.first())
}

fn print(rows: &[Row]) -> Outcome {
    let Some(norm) = norm(rows) else { return Ok(()) };
    say(format_args!(
        "{:<28}{:>6}{:>11}{:>12}{:>12}{:>12}{:>12}{:>8}{:>7}",
        "", "evals", "time", "variance", "variance", "at evals", "at time", "bias", "rms"
    ))?;
    say(format_args!(
        "{:<28}{:>6}{:>11}{:>12}{:>12}{:>12}{:>12}{:>8}{:>7}",
        "estimator",
        "of f",
        "ms",
        "encoder",
        "decoder",
        format!("of {}", norm.estimator),
        format!("of {}", norm.estimator),
        "z",
        "z"
    ))?;
    for row in rows {
        say(format_args!(
            "{:<28}{:>6}{:>11.2}{:>12.4e}{:>12.4e}{:>12.4e}{:>12.4e}{:>8.1}{:>7.2}",
            row.estimator,
            row.evaluations,
            1e3 * row.seconds,
            row.encoder,
            row.decoder,
            row.at_evaluations(norm.evaluations),
            row.at_seconds(norm.seconds),
            row.bias_z,
            row.rms_z
        ))?;
    }
    say(format_args!(
        "\nvariance: sum over the parameters, nats²; at evals, at time: of the encoder, when estimates are averaged\n\
         until as much is spent as {} spends; bias: z-score along the reference; rms z: 1 if unbiased",
        norm.estimator
    ))
}

fn write(folder: &Path, report: &Report<'_>) -> Outcome {
    let fail = |name: &str, e: &dyn std::fmt::Display| format!("{}: {e}", folder.join(name).display());
    fs::create_dir_all(folder).map_err(|e| fail("", &e))?;
    let mut json = serde_json::to_string_pretty(report)?;
    json.push('\n');
    let svg = page(&charts(report), 3)?;
    for (name, text) in [("variance.json", json), ("variance.svg", svg)] {
        replace_bytes(&folder.join(name), text.as_bytes()).map_err(|e| fail(name, &e))?;
    }
    Ok(())
}

/// Variance against evaluations and time, as more and more estimates are averaged; and layer by layer.
fn charts(report: &Report<'_>) -> [Chart; 3] {
    let averaged = |row: &Row, cost: f64| {
        let points = (0..=6).map(|k| f64::from(1 << k)).map(|n| (n * cost, row.encoder / n));
        Curve::new(row.estimator.clone(), points.filter(|p| p.1 > 0.0).collect::<Vec<_>>())
    };
    let chart = |title: &str, x: Axis, curve: &dyn Fn(&Row) -> Curve| Chart {
        title: title.into(),
        x,
        y: Axis::log("variance, nats²"),
        curves: report.estimators.iter().map(curve).collect(),
    };
    let by_layer = |row: &Row| {
        let points = row.layers.iter().enumerate().map(|(i, &v)| (i as f64, v));
        Curve::new(row.estimator.clone(), points)
    };
    [
        chart("encoder, over evaluations (averaged)", Axis::log("evaluations of f for an example"), &|row| {
            averaged(row, row.evaluations as f64)
        }),
        chart("encoder, over time (averaged)", Axis::log("milliseconds on one thread"), &|row| {
            averaged(row, 1e3 * row.seconds)
        }),
        chart("one estimate, layer by layer", Axis::names("layer", report.layers.to_vec()), &by_layer),
    ]
}
