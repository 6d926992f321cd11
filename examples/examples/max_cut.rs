//! A structured black box: the largest cut of a graph. Two stochastic layers, so that the nodes' bits depend on each other;
//! f is only called.

use arm_core::estimator::Arm;
use arm_core::optim::Adam;
use arm_core::{Bits, Error, Layer, Learner, Memory, Shape};

const NODES: usize = 16;
/// Three bits choose, a hidden layer passes it on, sixteen bits say on which side each node is.
const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(3), Layer::hidden(24, 0.1), Layer::bernoulli(NODES)]);
const MOMENTS: usize = SHAPE.moments::<Adam>();

/// A ring with chords.
fn edges() -> impl Iterator<Item = (usize, usize)> {
    (0..NODES).flat_map(|i| [(i, (i + 1) % NODES), (i, (i + 5) % NODES), (i, (i * i + 2) % NODES)])
}

fn cut(side: impl Fn(usize) -> bool) -> usize {
    edges().filter(|&(a, b)| side(a) != side(b)).count()
}

/// The best cut that is seen while one network learns, and the mean at the end.
fn learn(seed: u64) -> Result<(usize, f32), Error> {
    let mut memory = Box::new(Memory::<{ SHAPE.params() }, MOMENTS, { SHAPE.scratch() }>::ZERO);
    let mut learner = Learner::new(SHAPE, Arm, Adam::new(0.01), seed, memory.slices())?;
    let (mut best, mut mean) = (0, 0.0);
    for _ in 0..6000 {
        let f = learner.step_black_box(&[], |b: Bits| {
            let edges = cut(|node| b.get(node));
            best = best.max(edges);
            -(edges as f32)
        })?;
        mean += (-f - mean) / 500.0;
    }
    Ok((best, mean))
}

fn main() -> Result<(), Error> {
    // Each start ends in a cut that no single node improves; the best of several is the largest.
    let mut found = 0;
    for seed in 0..6 {
        let (best, mean) = learn(seed)?;
        println!("start {seed}: {mean:4.1} edges are cut in the mean, {best} at best");
        found = found.max(best);
    }
    let largest = (0..1u32 << NODES).map(|sides| cut(|node| sides >> node & 1 == 1)).max();
    println!("the largest cut of all: {} of {} edges", largest.unwrap_or(0), edges().count());
    assert!(Some(found) == largest);
    Ok(())
}
