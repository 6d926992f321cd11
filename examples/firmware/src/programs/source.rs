//! Where samples come from: the simulated machine, or recordings of an accelerometer.

use super::monitor::{Plan, STEP};
use super::vibration::Vibration;

/// How the run with the machine goes: 40 seconds of learning, 40 for the threshold, five of normal operation, five with a
/// damaged bearing.
pub const MACHINE: Plan = Plan {
    rate: 3200,
    levels: [-10_500, -3_500, 3_500, 10_500],
    learn: 16_000,
    settle: 16_000,
    normal: 2_000,
    faulty: 2_000,
};

/// The hash of all scores of that run, on every machine.
pub const SCORES: u64 = 0x9a34_faa0_0f5b_660e;

/// Recorded samples as little-endian bytes: normal ones to learn, others, and faulty ones.
pub type Recordings<'a> = [&'a [u8]; 3];

/// How a run with recordings of a hand's movements goes, in thousandths of g between two samples: what is normal is
/// learned six times over, and heard six times more for the threshold; the rest comes once.
pub const fn plan(recordings: Recordings<'_>) -> Plan {
    let [learn, normal, faulty] = recordings;
    Plan {
        rate: 104,
        levels: [10, 30, 100, 300],
        learn: 6 * (learn.len() / (2 * STEP)) as u32,
        settle: 6 * (learn.len() / (2 * STEP)) as u32,
        normal: (normal.len() / (2 * STEP)) as u32 - 1,
        faulty: (faulty.len() / (2 * STEP)) as u32 - 1,
    }
}

/// The source of samples.
#[derive(Debug)]
pub enum Source<'a> {
    /// The machine.
    Machine(Vibration),
    /// The recordings.
    Recordings(Recordings<'a>),
}

impl Source<'_> {
    /// Sample `i` of a run; samples are to be taken in order.
    pub fn sample(&mut self, plan: &Plan, i: u32) -> i16 {
        let parts = match self {
            Source::Machine(machine) => return machine.sample(i >= plan.normal_samples()),
            Source::Recordings(parts) => parts,
        };
        let learned = plan.unwatched() * STEP as u32;
        let [learn, normal, faulty] = parts.map(|bytes| bytes.as_chunks::<2>().0);
        let (part, at) = if i < learned {
            (learn, (i as usize).checked_rem(learn.len()).unwrap_or(0))
        } else if i < plan.normal_samples() {
            (normal, (i - learned) as usize)
        } else {
            (faulty, (i - plan.normal_samples()) as usize)
        };
        part.get(at).map_or(0, |sample| i16::from_le_bytes(*sample))
    }
}
