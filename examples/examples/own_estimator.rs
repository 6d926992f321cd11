//! An estimator of one's own: REINFORCE at a sample and at its antithetic partner, half of each. It is proven unbiased
//! against the sum over all samples.

use arm_core::estimator::{
    DrawRule, DrawnUnit, Estimator, Evaluated, Exact, Reinforce, SecondPaths, UniformTransform, independent,
};
use arm_core::kernels::Portable;
use arm_core::objective::BlackBox;
use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Shape, Shard};

const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(6)]);
const LOGITS: [f32; 6] = [0.3, -0.8, 1.2, 0.0, -0.4, 0.7];

#[derive(Clone, Copy)]
struct Antithetic;

/// A unit with probability p, q = 1 - p: its sample out of the uniform u, and the score b - p.
impl DrawRule for Antithetic {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

/// Two samples an example, f of each times its own scores.
impl Estimator for Antithetic {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        2
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.iter_mut().zip(evaluated.f).for_each(|(s, f)| *s = 0.5 * f);
        weight.fill(0.5);
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        Some(self)
    }
}

/// The second sample is drawn from 1 - u; above the first layer, where logits differ, samples are independent.
impl UniformTransform for Antithetic {
    fn transform(&self, _sample: usize, _units_before: usize, _u: &mut [f32]) {}

    fn couples(&self) -> bool {
        true
    }

    fn couple(&self, rows: &mut [f32], stride: usize, width: usize) {
        let (first, second) = rows.split_at_mut(stride);
        second.iter_mut().zip(first).take(width).for_each(|(v, u)| *v = 1.0 - *u);
    }
}

fn f(b: Bits) -> f32 {
    let pairs = b.get(0) == b.get(1);
    b.ones().map(|i| i as f32 - 2.0).sum::<f32>() + f32::from(u8::from(pairs))
}

/// One estimate of the gradient with respect to the logits.
fn gradient<E: Estimator>(engine: &Engine<Portable, E>, step: u64) -> Result<[f32; 6], Error> {
    let batch = Batch::new(BitMatrix::NONE, 1, 0, step);
    let (mut scratch, mut g) = (vec![0; engine.training_scratch(1)], [0.0; 6]);
    engine.examples(&mut BlackBox(f), &LOGITS, batch, &mut scratch, &mut [0.0])?;
    engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
    Ok(g)
}

/// Mean and variance of 20,000 estimates, of which the largest z-score and the sum over the logits are printed.
fn report<E: Estimator>(name: &str, estimator: E) -> Result<(f32, f32), Error> {
    const N: usize = 20_000;
    let exact = gradient(&Engine::new(SHAPE, Portable, Exact::new(&SHAPE)?, 1)?, 0)?;
    let engine = Engine::new(SHAPE, Portable, estimator, 1)?;
    let all: Vec<_> = (0..N as u64).map(|step| gradient(&engine, step)).collect::<Result<_, _>>()?;
    let (mut worst, mut total) = (0f32, 0.0);
    for (i, exact) in exact.iter().enumerate() {
        let mean = all.iter().map(|g| g[i]).sum::<f32>() / N as f32;
        let variance = all.iter().map(|g| (g[i] - mean).powi(2)).sum::<f32>() / N as f32;
        worst = worst.max((mean - exact).abs() / (variance / N as f32).sqrt());
        total += variance;
    }
    println!("{name:12} worst z of the mean {worst:4.1}   variance {total:5.2}");
    Ok((worst, total))
}

fn main() -> Result<(), Error> {
    let (z, single) = report("reinforce", Reinforce::default())?;
    let (own_z, pair) = report("antithetic", Antithetic)?;
    assert!(z < 5.0 && own_z < 5.0 && pair < single);
    Ok(())
}
