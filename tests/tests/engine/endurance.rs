//! Ten million steps without drift into NaN. `cargo test --release -p arm-tests --test main -- --ignored endurance`

use arm_core::estimator::{Arm, DisArm, Estimator};
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};

const SHAPE: Shape = Shape::vae(
    8,
    &[Layer::hidden(3, 0.1), Layer::bernoulli(3)],
    &[Layer::hidden(3, 0.1), Layer::bernoulli(8)],
    Prior::Learned,
);
const STEPS: u64 = 10_000_000;

/// Trains on six patterns, and every other stretch on one only, which drives logits towards infinity. Returns the score
/// of the one of the last stretch, and the number of steps that were refused.
fn run<const M: usize>(estimator: impl Estimator, optimiser: impl Optimiser, steps: u64) -> (f32, u64) {
    let mut memory = Memory::<{ SHAPE.params() }, M, { SHAPE.scratch() }>::ZERO;
    let mut learner = Learner::new(SHAPE, estimator, optimiser, 1, memory.slices()).unwrap();
    let patterns = [0x00, 0xff, 0x0f, 0xf0, 0xaa, 0x3c];
    let (mut refused, mut x) = (0, 0);
    for step in 0..steps {
        let stretch = step / 100_000;
        let i = if stretch % 2 == 0 { step } else { stretch };
        x = patterns[i as usize % patterns.len()];
        match learner.step(&[x]) {
            Ok(f) => assert!(f.is_finite()),
            Err(Error::Diverged | Error::Objective) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(learner.params().iter().all(|p| p.is_finite()));
    (learner.score(&[x], 100).unwrap(), refused)
}

/// At a rate that makes sense every step is taken, and after all of them the network still learns.
fn sensible<const M: usize>(estimator: impl Estimator, optimiser: impl Optimiser) {
    let (score, refused) = run::<M>(estimator, optimiser, STEPS);
    assert!(score < 0.1 && refused == 0, "{score} nats, {refused} steps refused");
}

#[test]
#[ignore = "ten million steps"]
fn sgd() {
    sensible::<0>(Arm, Sgd { rate: 0.002 });
}

#[test]
#[ignore = "ten million steps"]
fn momentum() {
    sensible::<{ SHAPE.params() }>(DisArm, Momentum { rate: 0.0005, momentum: 0.9 });
}

#[test]
#[ignore = "ten million steps"]
fn adam() {
    sensible::<{ 2 * SHAPE.params() }>(Arm, Adam::new(0.001));
}

/// At absurd rates the model is bad, but no parameter is ever NaN or infinite.
#[test]
#[ignore = "a million steps each"]
fn absurd_rates() {
    for rate in [10.0, 1e3, 1e6] {
        run::<0>(Arm, Sgd { rate }, STEPS / 10);
        run::<{ SHAPE.params() }>(Arm, Momentum { rate, momentum: 0.99 }, STEPS / 10);
        run::<{ 2 * SHAPE.params() }>(Arm, Adam::new(rate), STEPS / 10);
    }
}
