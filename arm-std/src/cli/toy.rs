//! `arm toy`.

use super::estimators::{choices, label};
use super::{Outcome, Usage, args, say};
use arm_core::optim::MAX_RATE;
use arm_std::estimators::Choice;
use arm_std::files::{PICTURES, refuse_other, replace_bytes};
use arm_std::measure::toy::{Moment, Spread, TARGETS, Toy, UNIT, sigmoid, z_score};
use arm_std::runs::plot::{Axis, Chart, Curve, page};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Logits at which variances are measured.
const LOGITS: [f32; 9] = [-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0];

/// Moments of an ascent that are kept.
const MOMENTS: u64 = 300;

/// What was measured of one estimator at one p0.
struct Measured {
    toy: Toy,
    choice: Choice,
    ascent: Vec<Moment>,
    points: Vec<Point>,
}

/// Estimates at one logit.
struct Point {
    p: f64,
    spread: Spread,
    /// The true gradient.
    gradient: f64,
    /// The variance in closed form.
    closed: Option<f64>,
}

impl Point {
    /// z-score of the mean.
    fn bias(&self) -> Option<f64> {
        let error = (self.spread.variance / self.spread.draws as f64).sqrt();
        z_score(self.spread.mean, self.gradient, error, 1e-7)
    }

    /// z-score of the variance.
    fn excess(&self) -> Option<f64> {
        self.closed.and_then(|closed| z_score(self.spread.variance, closed, self.spread.error, 1e-12))
    }
}

/// Draws below which a z-score is of little use: its standard error is itself an estimate.
const FEW: u64 = 100;

/// A z-score in few characters.
fn z(score: Option<f64>) -> String {
    match score {
        None => "-".into(),
        Some(z) if z.abs() < 1e4 => format!("{z:.1}"),
        Some(z) => format!("{z:.0e}"),
    }
}

fn worst(z_scores: impl Iterator<Item = f64>) -> Option<f64> {
    z_scores.max_by(|a, b| a.abs().total_cmp(&b.abs()))
}

/// The first lines of `traces.csv` and `variance.csv`.
const HEADERS: [&str; 2] = [
    "p0,estimator,step,sigma,objective,gradient",
    "p0,estimator,p,draws,mean,true_gradient,variance,standard_error,closed_form",
];

pub(super) fn run(args: &args::Toy) -> Outcome {
    for (name, header) in ["traces.csv", "variance.csv"].into_iter().zip(HEADERS) {
        refuse_other(&args.out.join(name), &[header.as_bytes()]).map_err(Usage)?;
    }
    refuse_other(&args.out.join("toy.svg"), &PICTURES).map_err(Usage)?;
    if !(0.0..=MAX_RATE).contains(&args.lr) {
        return Err(Usage(format!("--lr {}: give a number from 0 to {MAX_RATE}, such as 1", args.lr)).into());
    }
    let chosen = choices(&args.estimators, &UNIT, |name| !name.bound())?;
    let every = args.steps.div_ceil(MOMENTS);
    let mut all = Vec::new();
    for target in TARGETS {
        let toy = Toy { target };
        for &choice in &chosen {
            let fail = |e: arm_core::Error| format!("{} at p0 = {target}: {e}", label(&choice));
            let ascent = toy.ascend(choice, args.lr, args.steps, every, args.seed).map_err(fail)?;
            let spread = |&phi: &f32| {
                let spread = toy.spread(choice, phi, args.draws, args.seed).map_err(fail)?;
                let p = sigmoid(phi);
                Ok(Point { p, spread, gradient: toy.gradient(p), closed: toy.variance(choice, p) })
            };
            let points = LOGITS.iter().map(spread).collect::<Result<_, String>>()?;
            all.push(Measured { toy, choice, ascent, points });
        }
    }
    print(&all)?;
    if args.draws < FEW {
        say(format_args!(
            "\nz-scores of {} draws say little (-: no closed form, or all draws alike); the default is 20000",
            args.draws
        ))?;
    }
    write(&args.out, &all)?;
    say(format_args!("traces.csv, variance.csv and toy.svg in {}", args.out.display()))
}

fn print(all: &[Measured]) -> Outcome {
    say(format_args!(
        "maximise E[(b - p0)^2] from sigma = 1/2; the better end is sigma = 1 for p0 < 1/2 and 0 above\n\
         z: the worst z-score at {} values of phi; variance: at phi = 0\n\n\
         {:<7}{:<26}{:>13}{:>9}{:>13}{:>14}{:>12}",
        LOGITS.len(),
        "p0",
        "estimator",
        "sigma at end",
        "bias z",
        "variance",
        "closed form",
        "variance z"
    ))?;
    for m in all {
        let middle = &m.points[LOGITS.len() / 2];
        let shown = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.3e}"));
        say(format_args!(
            "{:<7}{:<26}{:>13.4}{:>9}{:>13}{:>14}{:>12}",
            m.toy.target,
            label(&m.choice),
            m.ascent.last().map_or(f64::NAN, |last| last.probability),
            z(worst(m.points.iter().filter_map(Point::bias))),
            shown(Some(middle.spread.variance)),
            shown(middle.closed),
            z(worst(m.points.iter().filter_map(Point::excess))),
        ))?;
    }
    Ok(())
}

fn write(folder: &Path, all: &[Measured]) -> Outcome {
    let fail = |name: &str, e: &dyn std::fmt::Display| format!("{}: {e}", folder.join(name).display());
    fs::create_dir_all(folder).map_err(|e| fail("", &e))?;
    let [mut traces, mut variances] = HEADERS.map(|header| format!("{header}\n"));
    for m in all {
        let (target, name) = (m.toy.target, label(&m.choice));
        for Moment { step, probability, objective, gradient } in &m.ascent {
            writeln!(traces, "{target},{name},{step},{probability},{objective},{gradient}")?;
        }
        for Point { p, spread: Spread { draws, mean, variance, error }, gradient, closed } in &m.points {
            let closed = closed.map_or_else(String::new, |c| c.to_string());
            writeln!(variances, "{target},{name},{p},{draws},{mean},{gradient},{variance},{error},{closed}")?;
        }
    }
    let svg = page(&charts(all), 4)?;
    for (name, text) in [("traces.csv", traces), ("variance.csv", variances), ("toy.svg", svg)] {
        replace_bytes(&folder.join(name), text.as_bytes()).map_err(|e| fail(name, &e))?;
    }
    Ok(())
}

/// For each p0 the objective, sigma(phi), the gradient, and the variance over sigma(phi).
fn charts(all: &[Measured]) -> Vec<Chart> {
    let mut charts = Vec::new();
    for target in TARGETS {
        let here: Vec<_> = all.iter().filter(|m| m.toy.target == target).collect();
        let traced = |what: &str, pick: fn(&Moment) -> f64| Chart {
            title: format!("{what}, p0 = {target}"),
            x: Axis::linear("step"),
            y: Axis::linear(what),
            curves: here
                .iter()
                .map(|m| Curve::new(label(&m.choice), m.ascent.iter().map(|t| (t.step as f64, pick(t)))))
                .collect(),
        };
        charts.push(traced("E[(b - p0)²]", |t| t.objective));
        charts.push(traced("σ(φ)", |t| t.probability));
        charts.push(traced("estimate of the gradient", |t| t.gradient));
        let spread = |m: &&Measured| {
            // Below this it is rounding, which has no place on the axis.
            let shown = |v: f64| if v < 1e-13 { 0.0 } else { v };
            Curve::new(label(&m.choice), m.points.iter().map(|point| (point.p, shown(point.spread.variance))))
        };
        charts.push(Chart {
            title: format!("variance, p0 = {target}"),
            x: Axis::linear("σ(φ)"),
            y: Axis::log("variance of one estimate"),
            curves: here.iter().map(spread).collect(),
        });
    }
    charts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z_scores_are_short() {
        assert_eq!(
            (z(None), z(Some(-308.62)), z(Some(4.2e300))),
            ("-".into(), "-308.6".into(), "4e300".into())
        );
    }
}
