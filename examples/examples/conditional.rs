//! A conditional network: p(y | x), here what the sum of two numbers of three bits is, learned from examples.

use arm_core::estimator::DisArm;
use arm_core::optim::Adam;
use arm_core::{Error, Layer, Learner, Memory, Shape};

/// 6-64-[24]-4: the input, a hidden layer, a stochastic one, the target.
const SHAPE: Shape = Shape::conditional(
    6,
    &[Layer::hidden(64, 0.1), Layer::bernoulli(24)],
    &[Layer::hidden(32, 0.1), Layer::bernoulli(4)],
);
const MOMENTS: usize = SHAPE.moments::<Adam>();

/// x holds two numbers, y their sum.
fn example(x: u32) -> ([u32; 1], [u32; 1]) {
    ([x], [(x & 7) + (x >> 3)])
}

fn main() -> Result<(), Error> {
    let mut memory = Box::new(Memory::<{ SHAPE.params() }, MOMENTS, { SHAPE.scratch() }>::ZERO);
    let mut learner = Learner::new(SHAPE, DisArm, Adam::new(3e-3), 1, memory.slices())?;
    for step in 0..20_000u32 {
        let (x, y) = example(step.wrapping_mul(2_654_435_761) >> 26);
        let f = learner.step_conditional(&x, &y)?;
        if step % 4000 == 0 {
            println!("step {step:5}: {f:6.3} nats  (all sums alike: {:.3})", 4.0 * 2f32.ln());
        }
    }
    let mut right = 0;
    for x in 0..64 {
        let (x, y) = example(x);
        let mut bound = |y: u32| learner.score_conditional(&x, &[y], 50);
        let bounds: Vec<f32> = (0..16).map(&mut bound).collect::<Result<_, _>>()?;
        let best = (0..16).min_by(|a, b| bounds[*a].total_cmp(&bounds[*b]));
        right += usize::from(best == Some(y[0] as usize));
    }
    println!("the most probable sum is right for {right} of 64 pairs");
    assert!(right >= 60);
    Ok(())
}
