//! `arm compare`.

mod curves;
mod folder;

use super::estimators::{choices, label};
use super::interrupts::{Phase, enter, interrupted, leave_on_request};
use super::prepare::{check, prepare};
use super::{Left, Outcome, Usage, args, headline, say};
use arm_std::train::{self, Config, Failure};
use curves::Curves;
use folder::{Comparison, Earlier, Run};
use std::fs;
use std::io::{IsTerminal, Write, stderr, stdin};
use std::path::Path;

pub(super) fn run(args: &args::Compare) -> Outcome {
    for (name, given) in
        [("estimator", args.settings.estimator.is_some()), ("samples", args.settings.samples.is_some())]
    {
        if given {
            return Err(Usage(format!("--{name}: give --estimators, such as arm,rloo:4")).into());
        }
    }
    leave_on_request(Phase::Idle("left before the first step; nothing is written"))?;
    let mut prepared = prepare(&args.settings, true)?;
    let (threads, shape) = (args::threads(args.threads), prepared.network.shape());
    let floats = prepared.config.numbers.is_float();
    let chosen = choices(&args.estimators, &shape, |name| floats || name.integers())?;
    let of_all = prepared.config.clone();
    for choice in &chosen {
        prepared.config = Config { estimator: choice.name, samples: choice.samples, ..of_all.clone() };
        check(&prepared, threads, true, None)?;
    }
    // What all estimators share; that of the default stands for theirs.
    let mut comparison = Comparison::new(&of_all, prepared.splits.checksum())?;
    enter(Phase::Busy("leaving"));
    let made = make_folder(&args.out, args.force, &mut comparison)?;
    say(format_args!("{}", headline(&prepared.network, &of_all)))?;
    let Config { data, batch, steps, seed, .. } = &of_all;
    let (data, rows) = (data.display(), prepared.splits.train.rows());
    let optimiser = of_all.optimiser();
    say(format_args!("{data}: {rows} train rows; {optimiser}, batch {batch}, {steps} steps, seed {seed}\n"))?;
    say(format_args!(
        "{:<28}{:>12}{:>10}{:>14}{:>13}{:>12}{:>12}",
        "estimator", "evaluations", "seconds", "train at end", "valid -ELBO", "test -ELBO", "test NLL"
    ))?;
    let (mut missing, mut failures) = (Vec::new(), Vec::new());
    for choice in chosen {
        let (name, evaluations) = (label(&choice), choice.evaluations(&shape));
        if let Some(run) = comparison.run(&name) {
            print(run, *steps)?;
            continue;
        }
        if interrupted() {
            missing.push(name);
            continue;
        }
        let mut curves = Curves::new(*steps);
        prepared.config = Config { estimator: choice.name, samples: choice.samples, ..of_all.clone() };
        match prepared.train(threads, None, None, &mut curves) {
            Ok(train::Outcome::Done { best, figures, .. }) => {
                let run = Run { name, evaluations, points: curves.points, best, figures };
                print(&run, *steps)?;
                comparison.runs.push(run);
                comparison.write(&args.out)?;
            }
            Ok(train::Outcome::Left(_)) => missing.push(name),
            Err(error) => {
                // The others may well be fine.
                let _ = writeln!(stderr(), "{name}: {error}");
                failures.push(name);
            }
        }
    }
    let out = args.out.display();
    let kept = match comparison.runs.is_empty() {
        true if made => {
            let _ = fs::remove_dir(&args.out);
            "nothing was finished and nothing is written".into()
        }
        true => format!("nothing was finished; {out} is as it was"),
        false => format!("finished in {out}: {}", comparison.names()),
    };
    let failed = match failures.is_empty() {
        true => String::new(),
        false => format!("; failed: {}", failures.join(", ")),
    };
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let left = format!("left; {kept}{failed}; missing: {missing}. The same command trains those");
        // Where even this cannot be written, the exit code tells.
        let _ = writeln!(stderr(), "{left}");
        return Err(Left.into());
    }
    if !failures.is_empty() {
        return Err(format!("{kept}{failed}").into());
    }
    say(format_args!(
        "\nevaluations: of f for an example, at most; train: the objective over the last steps, the -ELBO or the bound of \
         several samples\ncurves.csv, results.csv, compare.svg and compare.json in {out}"
    ))
}

fn print(run: &Run, steps: u64) -> Outcome {
    let (seconds, last) = run.points.last().map_or((0.0, f64::NAN), |p| (p.seconds, p.objective));
    say(format_args!(
        "{:<28}{:>12}{seconds:>10.1}{last:>14.2}{:>13.2}{:>12.2}{:>12.2}",
        run.name,
        steps.saturating_mul(run.evaluations as u64),
        run.best.valid_neg_elbo,
        run.figures.neg_elbo,
        run.figures.nll
    ))
}

/// Makes `out` ready: takes up what it holds of the same comparison, asks before what is in it is replaced, or makes the
/// folder. Returns whether it made it.
fn make_folder(out: &Path, force: bool, comparison: &mut Comparison) -> Result<bool, Failure> {
    match Earlier::read(out, comparison) {
        Earlier::Nothing => {}
        _ if force => {}
        Earlier::Same(runs) => {
            let names: Vec<_> = runs.iter().map(|run| run.name.as_str()).collect();
            say(format_args!("{}: has {} already; --force trains anew\n", out.display(), names.join(", ")))?;
            comparison.runs = runs;
        }
        Earlier::Other(what) => {
            let question = format!("{}: holds {what}", out.display());
            if !(stdin().is_terminal() && stderr().is_terminal()) {
                return Err(format!("{question}; give another --out, or --force to replace it").into());
            }
            write!(stderr(), "{question}. Replace it? [y/N] ")?;
            let mut answer = String::new();
            stdin().read_line(&mut answer)?;
            if !matches!(answer.trim(), "y" | "Y" | "yes") {
                return Err(format!("{} is left as it is; give another --out", out.display()).into());
            }
        }
    }
    let made = !out.exists();
    let fail = |e| format!("{}: cannot be made a folder: {e}", out.display());
    fs::create_dir_all(out).map_err(fail)?;
    Ok(made)
}
