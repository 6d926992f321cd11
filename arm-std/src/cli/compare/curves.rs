//! The learning curve of one run of a comparison.

use super::folder::Point;
use crate::cli::interrupts::interrupted;
use arm_std::train::{Checkpoint, Epoch, Failure, Next, Observer, Restored};
use std::time::{Duration, Instant};

/// Points of each curve.
const POINTS: u64 = 200;

/// Notes the learning curve of a run.
pub(super) struct Curves {
    every: u64,
    pub(super) points: Vec<Point>,
    sum: f64,
    count: u64,
    spent: Duration,
    last: Instant,
}

impl Curves {
    pub(super) fn new(steps: u64) -> Curves {
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
        if interrupted() { Next::Leave } else { Next::Go }
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
