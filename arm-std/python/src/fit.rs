//! Training: what `arm train` does, watched from Python.

use crate::errors::value;
use crate::run::Run;
use crate::signals::LOOK;
use crate::table::Table;
use crate::threads;
use arm_std::Settings;
use arm_std::data::{BitTable, Loaded, Source};
use arm_std::driver::Threads;
use arm_std::network::{Model, Network};
use arm_std::runs::folder::Line;
use arm_std::train::{self, Checkpoint, Config, Epoch, Failure, Next, Observer, Outcome, Restored};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Names and values of settings, as text.
type Flags = Vec<(String, String)>;

fn settings(flags: &Flags, data: &str) -> PyResult<Settings> {
    let flags = flags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let settings = Settings::from_flags(flags).map_err(value)?;
    Ok(Settings { data: Some(PathBuf::from(data)), ..settings })
}

/// A network of the other kind than the estimator is for is an error, and one with other than `targets` outputs; an auto-encoder's rows
/// have no target.
fn right_kind(network: &Network, targets: usize) -> PyResult<()> {
    let (notation, outputs) = (network.notation(), network.shape().targets());
    match (network.conditional, targets) {
        (true, 0) => Err(value(format!("--network {notation}: is conditional; give BinaryRegressor"))),
        (false, 1..) => Err(value(format!("--network {notation}: is not conditional; give BinaryVAE"))),
        (true, _) if outputs != targets => {
            Err(value(format!("--network {notation}: has {outputs} outputs, but y has {targets} columns")))
        }
        _ => Ok(()),
    }
}

/// Refuses settings that contradict each other, as far as that is known without data.
#[pyfunction]
pub(crate) fn check(flags: Flags) -> PyResult<()> {
    settings(&flags, "X")?.resolve().map(drop).map_err(value)
}

/// A run of `arm train` on these rows: the one of the settings `flags` on a data set called `data`. Without `valid` or `test` these
/// come off `train`. A `watcher` has methods `step(step, neg_elbo)` and `epoch(figures)`, which leaves where it returns true.
#[pyfunction]
#[pyo3(signature = (flags, data, train, valid, test, *, targets, threads, watcher))]
#[expect(clippy::too_many_arguments, reason = "they have names in Python")]
pub(crate) fn fit(
    py: Python<'_>,
    flags: Flags,
    data: &str,
    train: &Table,
    valid: Option<&Table>,
    test: Option<&Table>,
    targets: usize,
    threads: Option<usize>,
    watcher: Option<Py<PyAny>>,
) -> PyResult<Run> {
    let settings = settings(&flags, data)?;
    let threads = threads::choose(threads);
    let table = |table: &Table| arm_std::data::Table::Bits(BitTable::clone(&table.0));
    let loaded =
        Loaded::of_tables(data.as_ref(), table(train), valid.map(table), test.map(table)).map_err(value)?;
    let mut watch = Watch::new(watcher);
    let result = py.detach(|| {
        let prepared = settings.prepare(loaded).map_err(value)?;
        right_kind(&prepared.network, targets)?;
        prepared.check(threads, true, None).map_err(value)?;
        let outcome = prepared.train(threads, None, None, &mut watch);
        Ok::<_, PyErr>((prepared, outcome))
    });
    let (prepared, outcome) = result?;
    // What was asked for in the meantime, the last evaluation: all that could be stopped is done.
    watch.ask(py, |_| Ok(()));
    if let Some(failure) = watch.failure {
        return Err(failure);
    }
    let lines = &mut watch.lines;
    let checkpoint = watch.saved;
    let model = match outcome.map_err(value)? {
        Outcome::Done { model, figures, .. } => {
            lines.push(Line::Test(figures));
            model
        }
        Outcome::Left(step) => {
            best(checkpoint.as_ref()).ok_or_else(|| value(format!("nothing was kept of step {step}")))?
        }
    };
    let train::Prepared { config, splits, .. } = prepared;
    let Source::Fixed(train) = splits.train else { return Err(value("the rows are no bits")) };
    Ok(Run {
        config: Some(config),
        checkpoint,
        lines: watch.lines,
        rows: vec![train, splits.valid, splits.test],
        interrupted: watch.interrupted,
        ..Run::of(model)
    })
}

/// The model of the best epoch, or before the end of the first one as it is.
fn best(checkpoint: Option<&Checkpoint>) -> Option<Model> {
    let checkpoint = checkpoint?;
    let model = checkpoint.model.clone();
    Some(if checkpoint.best.is_empty() { model } else { Model { params: checkpoint.best.clone(), ..model } })
}

/// One step on every batch of `rows` in their order, from where `from` left off, or from the start.
#[pyfunction]
#[pyo3(signature = (flags, data, rows, from, *, targets, threads))]
pub(crate) fn take_rows(
    py: Python<'_>,
    flags: Flags,
    data: &str,
    rows: &Table,
    from: Option<&Run>,
    targets: usize,
    threads: Option<usize>,
) -> PyResult<Run> {
    let settings = settings(&flags, data)?;
    let mut watch = Watch::new(None);
    let result = py.detach(|| {
        let (config, network) = match from {
            Some(run) => run.stream(&settings)?,
            None => settings.prepare_stream(&rows.0).map_err(value)?,
        };
        right_kind(&network, targets)?;
        let from = from.map(|run| run.checkpoint_or(&config)).transpose()?;
        let threads = Threads::Fixed(threads.unwrap_or(1));
        train::take_rows(&config, &network, threads, &rows.0, from, &mut watch).map_err(value)
    });
    let mut checkpoint = result?;
    if let Some(failure) = watch.failure {
        return Err(failure);
    }
    // A stream has no end: its length is what came so far.
    checkpoint.config = Config { steps: checkpoint.progress.step.max(1), ..checkpoint.config };
    Ok(Run {
        config: Some(checkpoint.config.clone()),
        rows: vec![BitTable::clone(&rows.0)],
        interrupted: watch.interrupted,
        ..Run::of(checkpoint.model.clone())
    }
    .at(checkpoint))
}

/// Keeps what a run tells, and asks Python now and then.
struct Watch {
    watcher: Option<Py<PyAny>>,
    lines: Vec<Line>,
    saved: Option<Checkpoint>,
    failure: Option<PyErr>,
    interrupted: bool,
    leave: bool,
    looked: Instant,
    line: Instant,
    /// Sum and number of -ELBOs since Python was shown one.
    recent: (f64, u32),
}

impl Watch {
    fn new(watcher: Option<Py<PyAny>>) -> Watch {
        let now = Instant::now();
        Watch {
            watcher,
            lines: vec![],
            saved: None,
            failure: None,
            interrupted: false,
            leave: false,
            looked: now,
            line: now,
            recent: (0.0, 0),
        }
    }

    /// Lets Python handle signals, and calls it. What it raises ends the run; an interrupt keeps it.
    fn ask(&mut self, py: Python<'_>, call: impl FnOnce(Python<'_>) -> PyResult<()>) {
        match py.check_signals().and_then(|()| call(py)) {
            Ok(()) => {}
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => {
                (self.interrupted, self.leave) = (true, true);
            }
            Err(error) => (self.failure, self.leave) = (Some(error), true),
        }
    }
}

impl Observer for Watch {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        self.recent = (self.recent.0 + f64::from(neg_elbo), self.recent.1 + 1);
        let now = Instant::now();
        if now.duration_since(self.looked) >= LOOK {
            self.looked = now;
            let mean = self.recent.0 / f64::from(self.recent.1);
            self.recent = (0.0, 0);
            Python::attach(|py| {
                let watcher = self.watcher.as_ref().map(|watcher| watcher.clone_ref(py));
                self.ask(py, |py| match watcher {
                    Some(watcher) => watcher.call_method1(py, "step", (step, mean)).map(drop),
                    None => Ok(()),
                });
            });
        }
        if self.leave { Next::Leave } else { Next::Go }
    }

    fn leave(&mut self) -> bool {
        if self.looked.elapsed() >= LOOK {
            Python::attach(|py| self.ask(py, |_| Ok(())));
            self.looked = Instant::now();
        }
        // A callback that wants to leave has an end of its own, behind the next step.
        self.interrupted || self.failure.is_some()
    }

    fn epoch(&mut self, epoch: &Epoch, steps: u64, time: Duration) -> Result<(), Failure> {
        let seconds = std::mem::replace(&mut self.line, Instant::now()).elapsed().as_secs_f64();
        let steps_per_second = steps as f64 / time.as_secs_f64().max(1e-9);
        let line = Line::Epoch { epoch: *epoch, steps_per_second, seconds };
        Python::attach(|py| {
            let watcher = self.watcher.as_ref().map(|watcher| watcher.clone_ref(py));
            let mut leave = false;
            self.ask(py, |py| {
                let Some(watcher) = watcher else { return Ok(()) };
                let figures = crate::run::figures(py, &line)?;
                leave = watcher.call_method1(py, "epoch", (figures,))?.is_truthy(py)?;
                Ok(())
            });
            self.leave |= leave;
        });
        self.lines.push(line);
        if self.failure.is_some() { Err("Python raised an error".into()) } else { Ok(()) }
    }

    fn restored(&mut self, restored: &Restored) -> Result<(), Failure> {
        self.lines.push(Line::Restored(restored.clone()));
        Ok(())
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.saved = Some(checkpoint.clone());
        Ok(())
    }
}
