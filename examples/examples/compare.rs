//! Estimators side by side on one function: how much does one estimate of the gradient vary, and what does it cost?

use arm_core::estimator::{Ar, Arm, Arms, BitFlip, DisArm, Estimator, Leg, Reinforce, Rloo};
use arm_core::kernels::Portable;
use arm_core::objective::BlackBox;
use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Shape, Shard};
use std::cell::Cell;

const UNITS: usize = 10;
const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(UNITS)]);
const EXAMPLES: usize = 5000;

/// Neighbours should differ, and about half of the units be one; f is far from zero, as a loss is.
fn f(b: Bits) -> f32 {
    let alike = (1..UNITS).filter(|&i| b.get(i) == b.get(i - 1)).count() as f32;
    10.0 + alike + (b.count_ones() as f32 - UNITS as f32 / 2.0).powi(2)
}

/// Variance of one estimate, summed over the logits, and evaluations of f.
fn measure<E: Estimator>(name: &str, estimator: E) -> Result<f32, Error> {
    let engine = Engine::new(SHAPE, Portable, estimator, 1)?;
    let logits: [f32; UNITS] = std::array::from_fn(|i| 0.8 * (1.7 * i as f32).sin());
    let (mut scratch, calls) = (vec![0; engine.training_scratch(1)], Cell::new(0));
    let mut objective = BlackBox(|b: Bits| {
        calls.set(calls.get() + 1);
        f(b)
    });
    let (mut sum, mut squares) = ([0f32; UNITS], 0f32);
    for step in 0..EXAMPLES {
        let batch = Batch::new(BitMatrix::NONE, 1, 0, step as u64);
        let mut g = [0.0; UNITS];
        engine.examples(&mut objective, &logits, batch, &mut scratch, &mut [0.0])?;
        engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
        sum.iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
        squares += g.iter().map(|g| g * g).sum::<f32>();
    }
    let n = EXAMPLES as f32;
    let variance = squares / n - sum.iter().map(|s| (s / n).powi(2)).sum::<f32>();
    println!("{name:12} {:13.2} {variance:12.2}", calls.get() as f32 / n);
    Ok(variance)
}

fn main() -> Result<(), Error> {
    println!("estimator    calls of f     variance");
    let ar = measure("ar", Ar)?;
    let reinforce = measure("reinforce", Reinforce::default())?;
    let arm = measure("arm", Arm)?;
    let disarm = measure("disarm", DisArm)?;
    measure("rloo:2", Rloo { samples: 2 })?;
    measure("arms:4", Arms { samples: 4 })?;
    measure("bitflip1", BitFlip)?;
    let leg = measure("leg", Leg)?;
    assert!(ar > reinforce && reinforce > arm && arm > disarm && disarm > leg);
    Ok(())
}
