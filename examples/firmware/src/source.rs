//! Where samples come from: the simulated machine, or recordings that were given when this was built.

use super::monitor::Plan;
use super::vibration::Vibration;

/// Samples a second.
pub const RATE: u32 = 3200;

/// How the run goes: 40 seconds of learning, then five of normal operation and five with a damaged bearing.
pub const PLAN: Plan =
    Plan { levels: [-10_500, -3_500, 3_500, 10_500], learn: 16_000, normal: 2_000, faulty: 2_000 };

/// The hash of all scores, on every machine.
pub const SCORES: Option<u64> = Some(0xfdcc_3276_82ca_0182);

/// The source of samples.
#[derive(Debug)]
pub struct Source(Vibration);

impl Default for Source {
    fn default() -> Self {
        Self::new()
    }
}

impl Source {
    /// Before the first sample.
    pub const fn new() -> Self {
        Source(Vibration::new())
    }

    /// The next sample, of normal or of faulty operation.
    pub fn sample(&mut self, faulty: bool) -> i16 {
        self.0.sample(faulty)
    }
}
