//! What is seen of a run, and when it is saved.

use crate::checkpoint::Checkpoint;
use crate::run::RunFolder;
use crate::train::{Epoch, Failure, Next, Observer};
use indicatif::{ProgressBar, ProgressStyle};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Whether Ctrl-C was pressed.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The progress bar, the metrics and the checkpoints.
pub(super) struct Watch<'a> {
    bar: ProgressBar,
    folder: &'a mut RunFolder,
    ends: Option<(Epoch, Epoch)>,
    /// Sum and number of -ELBOs since the bar was drawn.
    recent: (f64, u32),
    drawn: Instant,
    saved: Instant,
    started: Instant,
    first: u64,
    save_every: Duration,
    any_saved: bool,
}

impl<'a> Watch<'a> {
    /// Watches a run of `steps` steps from step `first`. From now on a first Ctrl-C saves and leaves, a second quits.
    pub(super) fn new(
        steps: u64,
        first: u64,
        save_every: Duration,
        folder: &'a mut RunFolder,
    ) -> Result<Self, Failure> {
        ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                process::exit(130);
            }
        })?;
        let bar = ProgressBar::new(steps);
        let template = "{bar:30} {pos}/{len} steps  {msg}  {eta} left";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let now = Instant::now();
        Ok(Watch {
            bar,
            folder,
            ends: None,
            recent: (0.0, 0),
            drawn: now,
            saved: now,
            started: now,
            first,
            save_every,
            any_saved: false,
        })
    }

    /// Takes the bar away; returns the first and the last epoch, and whether a checkpoint was saved.
    pub(super) fn finish(self) -> (Option<(Epoch, Epoch)>, bool) {
        self.bar.finish_and_clear();
        (self.ends, self.any_saved)
    }
}

impl Observer for Watch<'_> {
    fn step(&mut self, step: u64, neg_elbo: f32) -> Next {
        self.recent = (self.recent.0 + f64::from(neg_elbo), self.recent.1 + 1);
        if self.drawn.elapsed() >= Duration::from_millis(200) {
            let rate = (step - self.first) as f64 / self.started.elapsed().as_secs_f64();
            let mean = self.recent.0 / f64::from(self.recent.1);
            self.bar.set_message(format!("-ELBO {mean:.2}  {rate:.0} steps/s"));
            self.bar.set_position(step);
            self.recent = (0.0, 0);
            self.drawn = Instant::now();
        }
        match () {
            () if INTERRUPTED.load(Ordering::SeqCst) => Next::Leave,
            () if self.saved.elapsed() >= self.save_every => Next::Save,
            () => Next::Go,
        }
    }

    fn epoch(&mut self, epoch: &Epoch, steps: u64, time: Duration) -> Result<(), Failure> {
        let first = self.ends.map_or(*epoch, |(first, _)| first);
        self.ends = Some((first, *epoch));
        Ok(self.folder.epoch(epoch, steps as f64 / time.as_secs_f64().max(1e-9))?)
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        checkpoint.save(self.folder.path())?;
        self.saved = Instant::now();
        self.any_saved = true;
        Ok(())
    }
}
