//! Sixteen switches and one measurement: nobody says how they should stand or how the machine works, only how well it
//! runs, with noise.

use arm_core::estimator::Arm;
use arm_core::learner::Slices;
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Bits, Error, Layer, Learner, Memory, Shape};

/// Sixteen free logits, no input and no model.
pub const SHAPE: Shape<'static> = Shape::chain(0, &[Layer::bernoulli(16)]);

/// Their memory.
pub type Room = Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }>;

/// Steps, of two measurements each.
pub const STEPS: u32 = 800;

/// The machine.
#[derive(Clone, Debug)]
pub struct Machine {
    noise: Stream,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// The setting with the highest reward, which only [`measure`](Self::measure) knows.
    pub const BEST: u32 = 0xb2d5;

    /// The machine.
    pub fn new() -> Self {
        Machine { noise: Stream::new(3, Purpose::Generate, 0, 0, 0) }
    }

    /// The reward of a setting, measured: a point for each right switch, two for each right pair of neighbours, and
    /// noise (uniform, standard deviation 3).
    pub fn measure(&mut self, switches: u32) -> f32 {
        let right = !(switches ^ Self::BEST) & 0xffff;
        let pairs = right & right >> 1;
        (right.count_ones() + 2 * pairs.count_ones()) as f32 + (self.noise.uniform() - 0.5) * 10.392
    }
}

/// Learns the setting from measurements; `progress` gets the number of steps, the running mean of the rewards and the
/// setting that is the most probable one so far. Returns the last such setting.
pub fn run(room: Slices<'_>, mut progress: impl FnMut(u32, f32, u32)) -> Result<u32, Error> {
    let mut machine = Machine::new();
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.02 }, 1, room)?;
    let mut running = 0.0;
    let mut setting = 0;
    for step in 1..=STEPS {
        // What is lowered is a cost.
        let cost = learner.step_black_box(&[], |switches: Bits<'_>| {
            -machine.measure(switches.words().first().copied().unwrap_or(0))
        })?;
        running += (-cost - running) / step.min(64) as f32;
        setting = learner.params().iter().rev().fold(0, |bits, logit| bits << 1 | u32::from(*logit > 0.0));
        if step.is_multiple_of(STEPS / 10) {
            progress(step, running, setting);
        }
    }
    Ok(setting)
}
