//! `arm compare`.

use super::estimators::{choices, label};
use super::{Outcome, Usage, args, headline, say};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::files::replace_bytes;
use crate::plot::{Axis, Chart, Curve, page};
use crate::train::{self, Epoch, Failure, Figures, Next, Observer, Restored, train};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Points of each curve.
const POINTS: u64 = 200;

/// A point of a learning curve.
struct Point {
    step: u64,
    /// Time that steps took so far, without validation.
    seconds: f64,
    /// Mean of the objective over the steps since the last point.
    objective: f64,
}

/// Notes the learning curve of a run.
struct Curves {
    every: u64,
    points: Vec<Point>,
    sum: f64,
    count: u64,
    spent: Duration,
    last: Instant,
}

impl Curves {
    fn new(steps: u64) -> Curves {
        let every = steps.div_ceil(POINTS);
        Curves { every, points: vec![], sum: 0.0, count: 0, spent: Duration::ZERO, last: Instant::now() }
    }
}

impl Observer for Curves {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        let now = Instant::now();
        self.spent += now - self.last;
        self.last = now;
        self.sum += f64::from(neg_elbo);
        self.count += 1;
        if self.count == self.every {
            let objective = self.sum / self.count as f64;
            self.points.push(Point { step, seconds: self.spent.as_secs_f64(), objective });
            (self.sum, self.count) = (0.0, 0);
        }
        Next::Go
    }

    fn epoch(&mut self, _: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        // What validation took is not the estimator's.
        self.last = Instant::now();
        Ok(())
    }

    fn restored(&mut self, restored: &Restored) -> Result<(), Failure> {
        self.points.retain(|p| p.step <= restored.to_step);
        (self.sum, self.count) = (0.0, 0);
        Ok(())
    }

    fn save(&mut self, _: &Checkpoint) -> Result<(), Failure> {
        self.last = Instant::now();
        Ok(())
    }
}

/// A run that is done.
struct Run {
    name: String,
    evaluations: usize,
    points: Vec<Point>,
    best: Epoch,
    figures: Figures,
}

pub(super) fn run(args: &args::Compare) -> Outcome {
    for (name, given) in
        [("estimator", args.settings.estimator.is_some()), ("samples", args.settings.samples.is_some())]
    {
        if given {
            return Err(Usage(format!("--{name}: give --estimators, such as arm,rloo:4")).into());
        }
    }
    let mut config = args.settings.resolve().map_err(Usage)?;
    let splits = config.splits()?;
    let (rows, batch, data) = (splits.train.rows(), config.batch, config.data.display().to_string());
    if batch > rows {
        return Err(Usage(format!("--batch {batch}: {data} has only {rows} train rows")).into());
    }
    let steps = match config.steps {
        0 => args.settings.epochs().saturating_mul((rows / batch) as u64),
        steps => steps,
    };
    let network = config.network(&splits.train).map_err(Usage)?;
    let shape = network.shape();
    let chosen = choices(&args.estimators, &shape, |_| true)?;
    say(format_args!("{}", headline(&network, &config)))?;
    say(format_args!(
        "{data}: {rows} train images; Adam {}, batch {batch}, {steps} steps, seed {}\n",
        config.lr, config.seed
    ))?;
    say(format_args!(
        "{:<28}{:>12}{:>10}{:>14}{:>13}{:>12}{:>12}",
        "estimator", "evaluations", "seconds", "train at end", "valid -ELBO", "test -ELBO", "test NLL"
    ))?;
    let mut runs = Vec::new();
    for choice in chosen {
        let (name, evaluations) = (label(&choice), choice.evaluations(&shape));
        let config = Config { estimator: choice.name, samples: choice.samples, steps, ..config.clone() };
        let mut curves = Curves::new(steps);
        let threads = args::threads(args.threads);
        let outcome = train(&config, &network, &splits, threads, None, None, &mut curves);
        let (best, figures) = match outcome.map_err(|e| format!("{name}: {e}"))? {
            train::Outcome::Done { best, figures, .. } => (best, figures),
            train::Outcome::Left(step) => return Err(format!("{name}: left at step {step}").into()),
        };
        let (seconds, last) = curves.points.last().map_or((0.0, f64::NAN), |p| (p.seconds, p.objective));
        say(format_args!(
            "{name:<28}{:>12}{seconds:>10.1}{last:>14.2}{:>13.2}{:>12.2}{:>12.2}",
            steps.saturating_mul(evaluations as u64),
            best.valid_neg_elbo,
            figures.neg_elbo,
            figures.nll
        ))?;
        runs.push(Run { name, evaluations, points: curves.points, best, figures });
    }
    write(&args.out, &runs)?;
    say(format_args!(
        "\nevaluations: of f for an example, at most; train: the objective over the last steps, the -ELBO or the bound of \
         several samples\ncurves.csv, results.csv and compare.svg in {}",
        args.out.display()
    ))
}

fn write(folder: &Path, runs: &[Run]) -> Outcome {
    let fail = |name: &str, e: &dyn std::fmt::Display| format!("{}: {e}", folder.join(name).display());
    fs::create_dir_all(folder).map_err(|e| fail("", &e))?;
    let mut curves = String::from("estimator,step,evaluations,seconds,objective\n");
    let mut results =
        String::from("estimator,best_epoch,valid_neg_elbo,test_neg_elbo,test_nll,nll_samples\n");
    for Run { name, evaluations, points, best, figures } in runs {
        for Point { step, seconds, objective } in points {
            writeln!(curves, "{name},{step},{},{seconds:.4},{objective}", step * *evaluations as u64)?;
        }
        let Figures { neg_elbo, nll, nll_samples, .. } = figures;
        writeln!(results, "{name},{},{},{neg_elbo},{nll},{nll_samples}", best.epoch, best.valid_neg_elbo)?;
    }
    let svg = page(&charts(runs), 3)?;
    for (name, text) in [("curves.csv", curves), ("results.csv", results), ("compare.svg", svg)] {
        replace_bytes(&folder.join(name), text.as_bytes()).map_err(|e| fail(name, &e))?;
    }
    Ok(())
}

/// The objective against steps, evaluations and time.
fn charts(runs: &[Run]) -> [Chart; 3] {
    let chart = |x: &str, pick: &dyn Fn(&Run, &Point) -> f64| Chart {
        title: "training".into(),
        x: Axis::linear(x),
        y: Axis::log("−ELBO, nats"),
        curves: runs
            .iter()
            .map(|r| Curve::new(r.name.clone(), r.points.iter().map(|p| (pick(r, p), p.objective))))
            .collect(),
    };
    [
        chart("steps", &|_, p| p.step as f64),
        chart("evaluations of f for an example", &|r, p| p.step as f64 * r.evaluations as f64),
        chart("seconds", &|_, p| p.seconds),
    ]
}
