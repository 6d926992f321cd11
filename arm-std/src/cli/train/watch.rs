//! What is seen of a run, and when it is saved.

use crate::cli::interrupts::{Phase, enter, interrupted};
use crate::cli::say;
use arm_std::data::BitTable;
use arm_std::network::Model;
use arm_std::runs::folder::{Line, RunFolder};
use arm_std::runs::report::refresh;
use arm_std::train::{Checkpoint, Epoch, Failure, Next, Observer, RETRIES, Restored, best};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// When a run is saved.
#[derive(Clone, Copy)]
pub(super) struct Saving {
    /// Time between checkpoints.
    pub every: Duration,
    /// Checkpoints that are kept.
    pub keep: usize,
}

/// The progress bar, the metrics and the checkpoints.
pub(super) struct Watch<'a> {
    bar: ProgressBar,
    folder: &'a mut RunFolder,
    saving: Saving,
    ends: Option<Ends>,
    /// Sum and number of -ELBOs since the bar was drawn.
    recent: (f64, u32),
    drawn: Instant,
    saved: Option<Instant>,
    started: Instant,
    line: Instant,
    first: u64,
    /// The epoch whose model was written.
    best: Option<u64>,
    /// Results that became the ends of their ranges.
    saturated: u64,
    /// Test examples to reconstruct.
    test: &'a BitTable,
    reported: Option<Instant>,
}

/// The first and the last epoch.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub first: Epoch,
    pub last: Epoch,
}

/// What was seen of a run.
pub(super) struct Seen {
    pub ends: Option<Ends>,
    /// Whether a checkpoint was saved.
    pub saved: bool,
    /// Results that became the ends of their ranges, where there were some.
    pub saturated: Option<u64>,
}

/// Time between reports.
const REPORT_EVERY: Duration = Duration::from_secs(10);

impl<'a> Watch<'a> {
    /// Watches a run of `steps` steps from step `first`.
    pub(super) fn new(
        steps: u64,
        first: u64,
        saving: Saving,
        folder: &'a mut RunFolder,
        test: &'a BitTable,
    ) -> Self {
        let bar = ProgressBar::new(steps);
        let template = "{bar:30} {pos}/{len} steps  {msg}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let now = Instant::now();
        Watch {
            bar,
            folder,
            saving,
            ends: None,
            recent: (0.0, 0),
            drawn: now,
            saved: None,
            started: now,
            line: now,
            first,
            best: None,
            saturated: 0,
            test,
            reported: None,
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) -> Seen {
        self.bar.finish_and_clear();
        let saturated = Some(self.saturated).filter(|&results| results > 0);
        Seen { ends: self.ends, saved: self.saved.is_some(), saturated }
    }
}

impl Observer for Watch<'_> {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        self.recent = (self.recent.0 + f64::from(neg_elbo), self.recent.1 + 1);
        // Once: a step of a small network takes a few microseconds.
        let now = Instant::now();
        if now.duration_since(self.drawn) >= Duration::from_millis(200) {
            let rate = (step - self.first) as f64 / now.duration_since(self.started).as_secs_f64();
            let mean = self.recent.0 / f64::from(self.recent.1);
            self.bar.set_message(format!("-ELBO {mean:.2}  {rate:.0} steps/s"));
            self.bar.set_position(step);
            self.recent = (0.0, 0);
            self.drawn = now;
        }
        match () {
            () if interrupted() => Next::Leave,
            () if now.duration_since(self.saved.unwrap_or(self.started)) >= self.saving.every => Next::Save,
            () => Next::Go,
        }
    }

    fn epoch(&mut self, epoch: &Epoch, steps: u64, time: Duration) -> Result<(), Failure> {
        let first = self.ends.map_or(*epoch, |ends| ends.first);
        self.ends = Some(Ends { first, last: *epoch });
        let seconds = std::mem::replace(&mut self.line, Instant::now()).elapsed().as_secs_f64();
        let steps_per_second = steps as f64 / time.as_secs_f64().max(1e-9);
        if self.bar.is_hidden() {
            let Epoch { epoch, step, train_neg_elbo, valid_neg_elbo, .. } = epoch;
            // Training goes on where nobody can be told.
            let _ = say(format_args!(
                "epoch {epoch}, step {step}: train -ELBO {train_neg_elbo:.2}, valid -ELBO {valid_neg_elbo:.2}, \
                 {steps_per_second:.0} steps/s"
            ));
        }
        Ok(self.folder.line(&Line::Epoch { epoch: *epoch, steps_per_second, seconds })?)
    }

    fn saturated(&mut self, results: u64) {
        self.saturated += results;
    }

    fn done(&mut self) {
        let run = self.folder.path().display();
        enter(Phase::Kept(format!(
            "left before the evaluation; all steps are saved; go on with: arm train --resume {run}"
        )));
    }

    fn restored(&mut self, restored: &Restored) -> Result<(), Failure> {
        let Restored { step, error, to_step, attempt } = restored;
        self.bar.suspend(|| {
            tell(&format!(
                "step {step}: {error}. Back to the state after step {to_step}; its epoch is taken again with other \
                 random draws ({attempt} of {RETRIES}) and the same settings. A smaller --lr would avoid this"
            ));
        });
        Ok(self.folder.line(&Line::Restored(restored.clone()))?)
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.folder.sync()?;
        checkpoint.save(self.folder.path(), self.saving.keep)?;
        self.folder.publish()?;
        self.saved = Some(Instant::now());
        let best = best(&checkpoint.progress.history).map(|epoch| epoch.epoch);
        if best.is_none() {
            return Ok(());
        }
        let model = Model { params: checkpoint.best.clone(), ..checkpoint.model.clone() };
        if best != self.best {
            self.folder.model(&model, &checkpoint.config)?;
            self.best = best;
        }
        if self.reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
            refresh(self.folder, &model, self.test, checkpoint.config.seed)?;
            self.reported = Some(Instant::now());
        }
        Ok(())
    }
}

/// A line for the user, beside the results on standard output.
fn tell(line: &str) {
    // Training goes on where nobody can be told.
    let _ = writeln!(stderr(), "{line}");
}
