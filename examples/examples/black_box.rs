//! Eight switches, learned from measured rewards alone: f may be any function of the bits.

use arm_core::estimator::Arm;
use arm_core::optim::Sgd;
use arm_core::{Layer, Learner, Memory, Shape};

const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(8)]);

fn main() -> Result<(), arm_core::Error> {
    let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO;
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.5 }, 1, memory.slices())?;
    let wanted = [true, false, true, true, false, false, true, false];
    for step in 0..=2000 {
        // The cost that is minimised: here the number of wrong switches, elsewhere a measurement.
        let cost =
            learner.step_black_box(&[], |b| b.iter().zip(wanted).filter(|(b, w)| b != w).count() as f32)?;
        if step % 400 == 0 {
            println!("step {step:4}: {cost} wrong; logits {:.1?}", learner.params());
        }
    }
    Ok(())
}
