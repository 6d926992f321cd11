//! `arm compare`.

mod folder;

use super::estimators::{choices, label};
use super::train::enough_memory;
use super::{Left, Outcome, Usage, args, headline, say, tell};
use crate::estimators::EstimatorName;
use crate::train::{self, Checkpoint, Config, Epoch, Failure, Next, Observer, Restored, fingerprint, train};
use arm_core::shape::MAX_WIDTH;
use folder::{Comparison, Earlier, Point, Run};
use std::io::{IsTerminal, Write, stderr, stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, process};

/// Whether Ctrl-C was pressed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Points of each curve.
const POINTS: u64 = 200;

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
        if INTERRUPTED.load(Ordering::SeqCst) { Next::Leave } else { Next::Go }
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

pub(super) fn run(args: &args::Compare) -> Outcome {
    for (name, given) in
        [("estimator", args.settings.estimator.is_some()), ("samples", args.settings.samples.is_some())]
    {
        if given {
            return Err(Usage(format!("--{name}: give --estimators, such as arm,rloo:4")).into());
        }
    }
    let mut config = args.settings.resolve().map_err(Usage)?;
    let loaded = config.load()?;
    tell(&config.data, &loaded.notes, config.binarise);
    let splits = config.split(loaded)?;
    args.settings.suit(&mut config, splits.train.cols(), splits.train.rows());
    let (rows, batch, data) = (splits.train.rows(), config.batch, config.data.display().to_string());
    if batch > rows {
        return Err(Usage(format!("--batch {batch}: {data} has only {rows} train rows")).into());
    }
    if splits.train.cols() > MAX_WIDTH {
        let cols = splits.train.cols();
        return Err(format!("{data}: has {cols} columns; at most {MAX_WIDTH} are supported").into());
    }
    if config.steps == 0 {
        config.steps = args.settings.epochs().saturating_mul((rows / batch) as u64);
    }
    let steps = config.steps;
    let network = config.network(&splits.train).map_err(Usage)?;
    let shape = network.shape();
    let chosen = choices(&args.estimators, &shape, |_| true)?;
    let of = |name: EstimatorName, samples| Config { estimator: name, samples, ..config.clone() };
    for choice in &chosen {
        let config = of(choice.name, choice.samples);
        enough_memory(&network, &config, args::threads(args.threads), false)?;
    }
    // What all estimators share; that of the default stands for theirs.
    let mut comparison = Comparison::new(&config, fingerprint(&splits))?;
    let made = prepare(&args.out, args.force, &mut comparison)?;
    say(format_args!("{}", headline(&network, &config)))?;
    say(format_args!(
        "{data}: {rows} train rows; Adam {}, batch {batch}, {steps} steps, seed {}\n",
        config.lr, config.seed
    ))?;
    say(format_args!(
        "{:<28}{:>12}{:>10}{:>14}{:>13}{:>12}{:>12}",
        "estimator", "evaluations", "seconds", "train at end", "valid -ELBO", "test -ELBO", "test NLL"
    ))?;
    leave_on_interrupts()?;
    let (mut missing, mut failures) = (Vec::new(), Vec::new());
    for choice in chosen {
        let (name, evaluations) = (label(&choice), choice.evaluations(&shape));
        if let Some(run) = comparison.run(&name) {
            print(run, steps)?;
            continue;
        }
        if INTERRUPTED.load(Ordering::SeqCst) {
            missing.push(name);
            continue;
        }
        let mut curves = Curves::new(steps);
        let (config, threads) = (of(choice.name, choice.samples), args::threads(args.threads));
        match train(&config, &network, &splits, threads, None, None, &mut curves) {
            Ok(train::Outcome::Done { best, figures, .. }) => {
                let run = Run { name, evaluations, points: curves.points, best, figures };
                print(&run, steps)?;
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
fn prepare(out: &Path, force: bool, comparison: &mut Comparison) -> Result<bool, Failure> {
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

/// From now on a first Ctrl-C (or request to terminate) leaves after the step in hand, a second quits.
fn leave_on_interrupts() -> Outcome {
    Ok(ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            process::exit(130);
        }
        let _ = writeln!(stderr(), "leaving; once more to quit at once");
    })?)
}
