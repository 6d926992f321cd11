//! What the cross-crate tests share.

pub mod law;
pub mod reference;

use arm_core::Error;
use arm_core::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, Exact, SecondPaths, UniformTransform};
use arm_core::kernels::Portable;
use arm_core::objective::{BlackBox, Differentiable, Objective};
use arm_core::{Batch, BitMatrix, Bits, Engine, Shape, Shard};

/// A [`BlackBox`], of one type whatever the function: an engine is compiled once for all.
pub fn black_box(f: &dyn Fn(Bits<'_>) -> f32) -> BlackBox<&dyn Fn(Bits<'_>) -> f32> {
    BlackBox(f)
}

/// A [`Differentiable`] of one type for all functions.
pub type Smooth = Differentiable<fn(Bits<'_>) -> f32, fn(&[f32], &mut [f32]) -> f32>;

/// Mean f and mean gradient, unpadded and in the order of the parameters, of one batch.
pub fn gradient<E: Estimator, O: Objective<Portable>>(
    engine: &Engine<'_, Portable, E>,
    objective: &mut O,
    params: &[f32],
    x: BitMatrix<'_>,
    examples: usize,
    step: u64,
) -> (f32, Vec<f32>) {
    batch_gradient(engine, objective, params, Batch::new(x, examples, 0, step))
}

/// [`gradient`] of a batch that may have targets.
pub fn batch_gradient<E: Estimator, O: Objective<Portable>>(
    engine: &Engine<'_, Portable, E>,
    objective: &mut O,
    params: &[f32],
    batch: Batch<'_>,
) -> (f32, Vec<f32>) {
    let examples = batch.examples;
    let mut scratch = vec![0; engine.training_scratch(examples)];
    let mut f = vec![0.0; examples];
    engine.examples(objective, params, batch, &mut scratch, &mut f).expect("a step");
    let shards = [Shard { batch, scratch: &scratch }];
    let mut g = vec![0.0; params.len()];
    for layer in 0..engine.shape().dense_layers() {
        let dense = engine.shape().dense(layer);
        let g = &mut g[dense.offset..dense.offset + dense.len()];
        engine.gradient(1.0 / examples as f32, &shards, layer, 0, g);
    }
    (f.iter().sum::<f32>() / examples as f32, g)
}

/// Parameters that look random, the same in the scripts under `golden`.
pub fn wavy_params(shape: &Shape<'_>, size: f64) -> Vec<f32> {
    (0..shape.params()).map(|i| ((i as f64 * 1.7 + 0.3).sin() * size) as f32).collect()
}

/// Mean and standard error of many observations of a vector.
#[derive(Default)]
pub struct Moments {
    count: f64,
    sum: Vec<f64>,
    square: Vec<f64>,
}

impl Moments {
    /// Takes in one observation.
    pub fn push(&mut self, v: &[f32]) {
        self.sum.resize(v.len(), 0.0);
        self.square.resize(v.len(), 0.0);
        self.count += 1.0;
        for (i, &v) in v.iter().enumerate() {
            self.sum[i] += f64::from(v);
            self.square[i] += f64::from(v) * f64::from(v);
        }
    }

    /// For each element (mean, standard error of the mean).
    pub fn means(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.sum.iter().zip(&self.square).map(|(s, q)| {
            let mean = s / self.count;
            let variance = (q / self.count - mean * mean).max(0.0) * self.count / (self.count - 1.0);
            (mean, (variance / self.count).sqrt())
        })
    }

    /// Sum over elements of the variance of one observation.
    pub fn trace(&self) -> f64 {
        self.means().map(|(_, error)| error * error * self.count).sum()
    }

    /// Largest |mean - expected| in standard errors; a difference below 2e-5 counts as rounding.
    pub fn worst_z(&self, expected: &[f32]) -> f64 {
        assert_eq!(expected.len(), self.sum.len());
        let z = self.means().zip(expected).map(|((mean, error), &e)| {
            let difference = (mean - f64::from(e)).abs();
            if difference < 2e-5 { 0.0 } else { difference / error.max(1e-9) }
        });
        z.fold(0.0, f64::max)
    }
}

/// The bound of K samples by exact enumeration of all tuples of K joint samples: the oracle of what minimises -L.
#[derive(Clone, Copy, Debug)]
pub struct ExactBound {
    joint: Exact,
    samples: usize,
}

impl ExactBound {
    /// The oracle for `shape` and K `samples`: 2^(units K) tuples.
    pub fn new(shape: &Shape<'_>, samples: usize) -> Result<Self, Error> {
        Ok(ExactBound { joint: Exact::new(shape)?, samples })
    }

    /// Calls `visit` with each tuple of joint samples, its probability, -L, and the normalised weights.
    fn tuples(&self, evaluated: Evaluated<'_>, mut visit: impl FnMut(&[usize], f64, f64, &[f64])) {
        let (joint, k) = (evaluated.f.len(), self.samples);
        let mut tuple = vec![0; k];
        for index in 0..joint.pow(k as u32) {
            let mut rest = index;
            for i in &mut tuple {
                (*i, rest) = (rest % joint, rest / joint);
            }
            let log_q: f64 = tuple.iter().map(|&i| f64::from(evaluated.log_q[i])).sum();
            let w: Vec<f64> = tuple.iter().map(|&i| (-f64::from(evaluated.f[i])).exp()).collect();
            let sum: f64 = w.iter().sum();
            let shares: Vec<f64> = w.iter().map(|w| w / sum).collect();
            visit(&tuple, log_q.exp(), -(sum / k as f64).ln(), &shares);
        }
    }
}

impl DrawRule for ExactBound {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        self.joint.draw(p, q, u)
    }
}

impl Estimator for ExactBound {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.joint.samples()
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        self.joint.uniform_transform()
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        let (mut s, mut w) = (vec![0.0; signal.len()], vec![0.0; signal.len()]);
        self.tuples(evaluated, |tuple, q, value, shares| {
            for (&i, share) in tuple.iter().zip(shares) {
                s[i] += q * (value + if evaluated.f_has_log_q { *share } else { 0.0 });
                w[i] += q * share;
            }
        });
        signal.iter_mut().zip(s).for_each(|(to, s)| *to = s as f32);
        weight.iter_mut().zip(w).for_each(|(to, w)| *to = w as f32);
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        let mut mean = 0.0;
        self.tuples(evaluated, |_, q, value, _| mean += q * value);
        mean as f32
    }
}

/// The Rust of the pages, compiled and run: see `build.rs`.
#[cfg(doctest)]
#[doc = include_str!(concat!(env!("OUT_DIR"), "/pages.md"))]
mod pages {}
