//! A variational auto-encoder that learns rows of 16 correlated bits, one at a time, in static memory.

use arm_core::estimator::Arm;
use arm_core::optim::Adam;
use arm_core::{Layer, Learner, Memory, Prior, Shape};

const SHAPE: Shape = Shape::vae(
    16,
    &[Layer::hidden(16, 0.1), Layer::bernoulli(8)],
    &[Layer::hidden(16, 0.1), Layer::bernoulli(16)],
    Prior::Fixed,
);

fn main() -> Result<(), arm_core::Error> {
    let mut memory = Memory::<{ SHAPE.params() }, { SHAPE.moments::<Adam>() }, { SHAPE.scratch() }>::ZERO;
    let mut learner = Learner::new(SHAPE, Arm, Adam::new(3e-3), 1, memory.slices())?;
    let row = |i: u32| 0x000f_u32.rotate_left(i.wrapping_mul(2_654_435_761) >> 28 & 12) & 0xffff;
    for i in 0..20_000 {
        let neg_elbo = learner.step(&[row(i)])?;
        if i % 4000 == 0 {
            println!("step {i:5}: -ELBO {neg_elbo:5.2} nats");
        }
    }
    let normal = learner.score(&[0x00f0], 200)?;
    let strange = learner.score(&[0x5555], 200)?;
    println!(
        "-log p: a seen row {normal:.2} nats (ln 4 = 1.39 is the floor), a strange one {strange:.2} nats"
    );
    Ok(())
}
