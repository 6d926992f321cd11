//! A node of 16 KB that learns its sensor in 16-bit integers: windows of samples, 64-32-[16], a bounded piece of work a call.

use super::reference::{P, SHAPE};
use arm_core::estimator::Arm;
use arm_core::kernels::Integer;
use arm_core::learner::Progress;
use arm_core::optim::Sgd;
use arm_core::stream::{Thermometer, Windows, window_words};
use arm_core::{Error, Learner, Memory};
use heapless::spsc::Consumer;

/// Samples of a window; half of them are those of the window before.
const SAMPLES: usize = 16;
/// Levels of the thermometer code, in units of the sample.
const LEVELS: [i16; 4] = [-10_500, -3_500, 3_500, 10_500];
type Encoder = Thermometer<i16, { LEVELS.len() }>;

/// Samples a second: at 16 MHz a step of 115,000 instructions ends before the next window is there.
pub const RATE: u32 = 500;
/// Windows that are learned.
pub const LEARN: u32 = 2000;
/// The hash of the parameters that come out, on every machine.
pub const HASH: u32 = 0xb2eb_580a;
/// Parameters that one call may update.
const BUDGET: usize = 256;

/// The memory of its network, for a static.
pub type Room = Memory<P, 0, { SHAPE.integer_scratch() }, Integer>;

/// The node.
#[derive(Debug)]
pub struct Node<'m> {
    windows: Windows<Encoder, SAMPLES, { window_words::<Encoder>(SAMPLES) }, 8>,
    learner: Learner<'m, 'static, Arm, Sgd, Integer>,
    learned: u32,
    mean: f32,
}

impl<'m> Node<'m> {
    /// One that knows nothing yet.
    pub fn new(room: &'m mut Room) -> Result<Self, Error> {
        Ok(Node {
            windows: Windows::new(Thermometer::new(LEVELS)?, SAMPLES / 2)?,
            learner: Learner::integer(SHAPE, Arm, Sgd { rate: 0.005 }, 1, room.slices())?,
            learned: 0,
            mean: 0.0,
        })
    }

    /// Takes samples from the interrupt's queue up to the end of a window, and does a bounded piece of a step.
    pub fn poll(&mut self, samples: &mut Consumer<'_, i16>) -> Result<Progress, Error> {
        self.windows.drain(samples);
        let progress = self.windows.poll(&mut self.learner, BUDGET)?;
        if let Progress::Done(f) = progress {
            self.learned += 1;
            self.mean += (f - self.mean) / self.learned.min(64) as f32;
        }
        Ok(progress)
    }

    /// Windows learned.
    pub fn learned(&self) -> u32 {
        self.learned
    }

    /// The running mean of -ELBO, in nats.
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// Results that left the range of 16 bits.
    pub fn saturated(&self) -> u32 {
        self.learner.saturated()
    }

    /// FNV-1a over the parameters.
    pub fn hash(&self) -> u32 {
        let words = self.learner.params().iter().map(|w| u32::from(*w as u16));
        words.fold(0x811c_9dc5, |hash, w| (hash ^ w).wrapping_mul(0x0100_0193))
    }
}
