//! Steps of a small network, as a learner takes them, to be counted or timed: `scripts/small.sh`.
//!
//! `cargo run --release -p arm-core --example steps -- sgd 100000 64` prints microseconds a step and the mean of f. The first
//! argument is sgd, adam or score, or in integers i16 or i16-score, the last one of the networks 16-16-\[8\], 64-32-\[16\] and
//! 180-64-\[32\].

use arm_core::estimator::Arm;
use arm_core::kernels::Integer;
use arm_core::learner::Slices;
use arm_core::optim::{Adam, Optimiser, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Prior, Shape};
use std::time::Instant;

const NETWORKS: [Shape<'static>; 3] = [
    Shape::vae(
        16,
        &[Layer::hidden(16, 0.1), Layer::bernoulli(8)],
        &[Layer::hidden(16, 0.1), Layer::bernoulli(16)],
        Prior::Fixed,
    ),
    Shape::vae(
        64,
        &[Layer::hidden(32, 0.1), Layer::bernoulli(16)],
        &[Layer::hidden(32, 0.1), Layer::bernoulli(64)],
        Prior::Fixed,
    ),
    Shape::vae(
        180,
        &[Layer::hidden(64, 0.1), Layer::bernoulli(32)],
        &[Layer::hidden(64, 0.1), Layer::bernoulli(180)],
        Prior::Fixed,
    ),
];

/// Inputs, of which three in ten bits are one.
fn rows(width: usize) -> Vec<Vec<u32>> {
    let mut random = Stream::new(1, Purpose::Order, 0, 0, 0);
    let mut row = || {
        let mut words = vec![0; width.div_ceil(32)];
        (0..width).for_each(|i| words[i / 32] |= u32::from(random.uniform() < 0.3) << (i % 32));
        words
    };
    (0..64).map(|_| row()).collect()
}

/// Takes so many steps or scores of inputs in turn.
fn time(
    shape: Shape<'_>,
    steps: usize,
    mut step: impl FnMut(&[u32]) -> Result<f32, Error>,
) -> Result<(), Error> {
    let (rows, mut sum) = (rows(shape.inputs()), 0.0);
    let start = Instant::now();
    for i in 0..steps {
        sum += step(&rows[i % rows.len()])?;
    }
    let us = 1e6 * start.elapsed().as_secs_f64() / steps as f64;
    println!("{us:.3} us a step, mean f {:.3}", sum / steps as f32);
    Ok(())
}

fn integers(shape: Shape<'_>, steps: usize, score: bool) -> Result<(), Error> {
    let mut params = vec![0; shape.params()];
    let mut scratch = vec![0; shape.integer_scratch()];
    let memory = Slices::<Integer> { params: &mut params, moments: &mut [], scratch: &mut scratch };
    let mut learner = Learner::integer(shape, Arm, Sgd { rate: 0.001 }, 1, memory)?;
    time(shape, steps, |x| if score { learner.score(x, 1) } else { learner.step(x) })
}

fn run<O: Optimiser>(shape: Shape<'_>, optimiser: O, steps: usize, score: bool) -> Result<(), Error> {
    let mut params = vec![0.0; shape.params()];
    let mut moments = vec![0.0; shape.moments::<O>()];
    let mut scratch = vec![0; shape.scratch()];
    let memory = Slices { params: &mut params, moments: &mut moments, scratch: &mut scratch };
    let mut learner = Learner::new(shape, Arm, optimiser, 1, memory)?;
    time(shape, steps, |x| if score { learner.score(x, 1) } else { learner.step(x) })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, steps, inputs] = arguments.as_slice() else {
        return Err("usage: steps sgd|adam|score|i16|i16-score STEPS 16|64|180".into());
    };
    let (steps, inputs) = (steps.parse()?, inputs.parse::<usize>()?);
    let shape = NETWORKS.into_iter().find(|shape| shape.inputs() == inputs).ok_or("no such network")?;
    match what.as_str() {
        "sgd" => run(shape, Sgd { rate: 0.001 }, steps, false)?,
        "adam" => run(shape, Adam::new(0.001), steps, false)?,
        "score" => run(shape, Sgd { rate: 0.001 }, steps, true)?,
        "i16" => integers(shape, steps, false)?,
        "i16-score" => integers(shape, steps, true)?,
        _ => return Err(format!("{what}: not sgd, adam, score, i16 or i16-score").into()),
    }
    Ok(())
}
