//! An anomaly detector that learns from its sensor: windows of samples become bits, a variational auto-encoder learns
//! them one by one, and the -ELBO is the score.

use super::detector::{Independent, Tally};
use arm_core::estimator::Arm;
use arm_core::learner::Progress;
use arm_core::optim::Sgd;
use arm_core::stream::{Detector, Thermometer, Windows, window_words};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};
use heapless::spsc::Consumer;

/// Samples of a window.
const SAMPLES: usize = 16;
/// New samples of a window: half of it is that of the window before.
pub const STEP: usize = 8;
/// Levels of the thermometer code.
pub const LEVELS: usize = 4;

type Encoder = Thermometer<i16, LEVELS>;
const BITS: usize = SAMPLES * LEVELS;
const WORDS: usize = window_words::<Encoder>(SAMPLES);

/// The network: 64-16-[8] / [8]-16-64.
pub const SHAPE: Shape<'static> = Shape::vae(
    BITS,
    &[Layer::hidden(16, 0.1), Layer::bernoulli(8)],
    &[Layer::hidden(16, 0.1), Layer::bernoulli(BITS)],
    Prior::Fixed,
);

/// The memory of a detector, for a static: it is never on the stack.
#[derive(Debug)]
pub struct Room {
    network: Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }>,
    independent: Independent<BITS>,
    /// What was found.
    pub findings: Findings,
}

impl Room {
    /// Of a detector that knows nothing.
    pub const ZERO: Self =
        Room { network: Memory::ZERO, independent: Independent::ZERO, findings: Findings::ZERO };
}

/// Learning rate. Five times as much, and the gradient's variance drives the latent units out of use.
const RATE: f32 = 0.002;

/// Parameters that one call may update.
pub const BUDGET: usize = 256;

/// How long each part of a run is, in windows, and how samples become bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Samples a second.
    pub rate: u32,
    /// Ascending levels of the code, in the units of the sample.
    pub levels: [i16; LEVELS],
    /// Windows of normal operation that the network learns; from then on it stays as it is.
    pub learn: u32,
    /// Windows of normal operation from whose scores the threshold is learned.
    pub settle: u32,
    /// Windows of normal operation that are also counted.
    pub normal: u32,
    /// Windows of faulty operation.
    pub faulty: u32,
}

impl Plan {
    /// Samples of normal operation.
    pub const fn normal_samples(&self) -> u32 {
        (self.unwatched() + self.normal).saturating_sub(1) * STEP as u32 + SAMPLES as u32
    }

    /// Windows before those that are watched.
    pub const fn unwatched(&self) -> u32 {
        self.learn + self.settle
    }

    /// All samples: the last one completes the last window.
    pub const fn samples(&self) -> u32 {
        self.normal_samples() + self.faulty * STEP as u32 + (SAMPLES - STEP) as u32
    }

    /// All windows: one of them is partly normal and partly faulty.
    pub const fn windows(&self) -> u32 {
        self.unwatched() + self.normal + 1 + self.faulty
    }

    /// Whether window `i` is faulty; `None` for one that is partly so or not watched.
    fn truth(&self, i: u32) -> Option<bool> {
        let start = i * STEP as u32;
        if start >= self.normal_samples() {
            Some(true)
        } else if i >= self.unwatched() && start + SAMPLES as u32 <= self.normal_samples() {
            Some(false)
        } else {
            None
        }
    }
}

/// What came out.
#[derive(Debug)]
pub struct Findings {
    /// The -ELBO of single windows.
    pub windows: Tally,
    /// Its running mean, which raises the alarm.
    pub means: Tally,
    /// For comparison: the negative log-likelihood of single windows under independent bits.
    pub independent: Tally,
    /// Windows of normal operation with an alarm.
    pub false_alarms: u32,
    /// Windows of faulty operation with an alarm.
    pub detections: u32,
    /// Faulty windows before the first one with an alarm.
    pub delay: Option<u32>,
    /// FNV-1a over the bits of every score, from zero.
    pub hash: u64,
}

impl Findings {
    /// Nothing yet.
    pub const ZERO: Self = Findings {
        windows: Tally::ZERO,
        means: Tally::ZERO,
        independent: Tally::ZERO,
        false_alarms: 0,
        detections: 0,
        delay: None,
        hash: 0,
    };
}

/// The share of windows that may raise an alarm while nothing is wrong.
pub const FALSE_ALARMS: f32 = 0.005;

/// The detector with its network.
#[derive(Debug)]
pub struct Monitor<'m> {
    plan: Plan,
    windows: Windows<Encoder, SAMPLES, WORDS, 8>,
    learner: Learner<'m, 'static, Arm, Sgd>,
    detector: Detector,
    independent: &'m mut Independent<BITS>,
    findings: &'m mut Findings,
    window: u32,
    faulty: u32,
}

impl<'m> Monitor<'m> {
    /// A detector that knows nothing yet. Errors: levels that do not ascend.
    pub fn new(plan: Plan, room: &'m mut Room) -> Result<Self, Error> {
        let Room { network, independent, findings } = room;
        Ok(Monitor {
            plan,
            windows: Windows::new(Thermometer::new(plan.levels)?, STEP)?,
            learner: Learner::new(SHAPE, Arm, Sgd { rate: RATE }, 1, network.slices())?,
            detector: Detector::new(FALSE_ALARMS)?,
            independent,
            findings,
            window: 0,
            faulty: 0,
        })
    }

    /// A bounded piece of work: takes samples from the interrupt's queue up to the end of a window, then begins a step
    /// on a window, updates at most [`BUDGET`] parameters, or scores a window. [`Progress::Done`] has its score.
    pub fn poll(&mut self, samples: &mut Consumer<'_, i16>) -> Result<Progress, Error> {
        self.windows.drain(samples);
        if self.learner.state().pending.is_some() {
            return self.learner.poll(BUDGET);
        }
        let Some(window) = self.windows.next() else { return Ok(Progress::Idle) };
        if self.window < self.plan.learn {
            self.learner.begin(&window)?;
            self.take(&window, self.learner.state().pending.map_or(0.0, |step| step.f));
            return Ok(Progress::Working);
        }
        // What is watched is not learned, and the threshold is that of the network that watches.
        let score = self.learner.score(&window, 1)?;
        self.take(&window, score);
        Ok(Progress::Done(score))
    }

    /// What follows from the score of a window.
    fn take(&mut self, window: &[u32; WORDS], score: f32) {
        let learns = self.window < self.plan.learn;
        let mut alarm = false;
        if self.window >= self.plan.unwatched() {
            alarm = self.detector.watch(score);
        } else if !learns {
            self.detector.learn(score);
        }
        let found = &mut *self.findings;
        found.hash = (found.hash ^ u64::from(score.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        match self.plan.truth(self.window) {
            Some(faulty) => {
                found.windows.push(faulty, score);
                found.means.push(faulty, self.detector.mean());
                found.independent.push(faulty, self.independent.score(window));
                if faulty {
                    found.detections += u32::from(alarm);
                    found.delay = found.delay.or(alarm.then_some(self.faulty));
                    self.faulty += 1;
                } else {
                    found.false_alarms += u32::from(alarm);
                }
            }
            None if learns => self.independent.learn(window),
            None => {}
        }
        self.window += 1;
    }

    /// What was found so far.
    pub fn findings(&self) -> &Findings {
        self.findings
    }

    /// The network's parameters.
    pub fn params(&self) -> &[f32] {
        self.learner.params()
    }

    /// Windows scored so far.
    pub fn scored(&self) -> u32 {
        self.window
    }

    /// Samples and windows that were lost: those that are no numbers, and those no queue had room for.
    pub fn lost(&self) -> u32 {
        self.windows.dropped().saturating_add(self.windows.unsound())
    }

    /// The running mean of the scores and the threshold, in nats.
    pub fn now(&self) -> (f32, f32) {
        (self.detector.mean(), self.detector.threshold())
    }
}
