//! Anomaly scores: a network learns rows that are normal, a threshold follows from their scores, and rows of another kind
//! are told by theirs.

use arm_core::estimator::DisArm;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};

const SHAPE: Shape = Shape::vae(
    24,
    &[Layer::hidden(32, 0.1), Layer::bernoulli(8)],
    &[Layer::hidden(32, 0.1), Layer::bernoulli(24)],
    Prior::Fixed,
);
const MOMENTS: usize = SHAPE.moments::<Adam>();

/// Eight sensors of three bits that go together: all are in one of three states, with a few errors.
fn normal(random: &mut Stream) -> [u32; 1] {
    let state = random.below(3);
    let row = (0..8).fold(0, |row, sensor| row | 1 << (3 * sensor + state));
    [(0..24).fold(row, |row, bit| row ^ u32::from(random.uniform() < 0.02) << bit)]
}

/// Each sensor is in a state of its own: every bit by itself is as usual.
fn strange(random: &mut Stream) -> [u32; 1] {
    [(0..8).fold(0, |row, sensor| row | 1 << (3 * sensor + random.below(3)))]
}

fn main() -> Result<(), Error> {
    let mut random = Stream::new(1, Purpose::Initial, 0, 0, 0);
    let mut memory = Box::new(Memory::<{ SHAPE.params() }, MOMENTS, { SHAPE.scratch() }>::ZERO);
    let mut learner = Learner::new(SHAPE, DisArm, Adam::new(3e-3), 1, memory.slices())?;
    for _ in 0..20_000 {
        learner.step(&normal(&mut random))?;
    }
    // 100 samples tighten the bound of -log p(x) that scores a row.
    let mut score = |row: [u32; 1]| learner.score(&row, 100);
    let mut good = (0..1000).map(|_| score(normal(&mut random))).collect::<Result<Vec<_>, _>>()?;
    good.sort_by(f32::total_cmp);
    let threshold = good[990];
    println!("normal rows: median {:.1} nats, 99 % below {threshold:.1}", good[500]);

    let mut alarms = [0; 2];
    for _ in 0..1000 {
        alarms[0] += u32::from(score(normal(&mut random))? > threshold);
        alarms[1] += u32::from(score(strange(&mut random))? > threshold);
    }
    println!("alarms: {} of 1000 normal rows, {} of 1000 strange ones", alarms[0], alarms[1]);
    assert!(alarms[0] < 30 && alarms[1] > 900);
    Ok(())
}
