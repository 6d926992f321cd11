//! The gradient of the -ELBO with respect to samples, against differences of an f64 implementation.

use arm_core::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::kernels::Portable;
use arm_core::objective::Vae;
use arm_core::relaxed::{Relaxation, RelaxedLayer};
use arm_core::{Batch, BitMatrix, Engine, Error, Layer, Matrix, MatrixMut, Prior, Shape, Shard};
use arm_std::estimators::StraightThrough;
use arm_tests::wavy_params;

const H: Layer = Layer::hidden(5, 0.2);
const ONE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[H, H, Layer::bernoulli(6)], Prior::Learned);
const FIXED: Shape = Shape::vae(6, &[Layer::bernoulli(4)], &[Layer::bernoulli(6)], Prior::Fixed);
const TWO: Shape = Shape::vae(
    6,
    &[Layer::bernoulli(4), H, H, Layer::bernoulli(4)],
    &[H, Layer::bernoulli(4), H, Layer::bernoulli(6)],
    Prior::Learned,
);
const X: u32 = 0b10_1101;

/// Notes, for each layer, the gradient at the samples, the samples, and at `z` (one layer) f and its gradient.
#[derive(Clone, Copy)]
struct Probe {
    z: Option<[f32; 4]>,
}

impl DrawRule for Probe {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        if u > q { DrawnUnit::alone(true, q) } else { DrawnUnit::alone(false, -p) }
    }
}

impl Estimator for Probe {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        3
    }

    fn signals(&self, _: Evaluated<'_>, _: &mut [f32], weight: &mut [f32]) {
        weight.copy_from_slice(&[0.5, 0.25, 0.25]);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for Probe {
    fn points(&self) -> usize {
        1
    }

    fn statistics(&self) -> usize {
        32
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, out) = (layer.rows, &mut *layer.statistics);
        let mut gradient = [0.0; 12];
        layer.smooth.at_samples(false, MatrixMut::new(&mut gradient, 4, 4))?;
        let out = &mut out[8 * rows.layer..];
        out[..4].copy_from_slice(&gradient[8..]);
        out[4..8].iter_mut().zip(rows.b.bits(2).iter()).for_each(|(o, b)| *o = f32::from(u8::from(b)));
        if let Some(z) = self.z {
            let mut f = [0.0; 3];
            let z = [z, z, z].concat();
            layer.smooth.at(Matrix::new(&z, 4, 4), &mut f, MatrixMut::new(&mut gradient, 4, 4))?;
            out[16..20].copy_from_slice(&gradient[8..]);
            out[20] = f[2];
        }
        Ok(())
    }
}

/// The logits of link `k` for real inputs, in f64.
fn logits(shape: &Shape<'_>, params: &[f32], k: usize, x: &[f64]) -> Vec<f64> {
    let (first, last) = shape.link(k);
    let mut x = x.to_vec();
    for i in first..=last {
        let dense = shape.dense(i);
        let w = |row: usize, o: usize| f64::from(params[dense.offset + row * dense.stride + o]);
        let act = |v: f64| if v > 0.0 { v } else { f64::from(dense.activation.slope()) * v };
        let unit =
            |o: usize| act(w(x.len(), o) + x.iter().enumerate().map(|(r, x)| x * w(r, o)).sum::<f64>());
        x = (0..dense.outputs).map(unit).collect();
    }
    x
}

fn log_prob(logits: &[f64], b: &[f64]) -> f64 {
    logits.iter().zip(b).map(|(l, b)| l * b - l.exp().ln_1p()).sum()
}

/// -ELBO of the real samples `b` of all layers.
fn f(shape: &Shape<'_>, params: &[f32], b: &[Vec<f64>]) -> f64 {
    let layers = shape.stochastic_layers();
    let x: Vec<f64> = (0..6).map(|i| f64::from(X >> i & 1)).collect();
    let at = |t: usize| if t == 0 { &x } else { &b[t - 1] };
    let q: f64 = (0..layers).map(|t| log_prob(&logits(shape, params, t, at(t)), &b[t])).sum();
    let p: f64 =
        (0..layers).map(|t| log_prob(&logits(shape, params, 2 * layers - 1 - t, &b[t]), at(t))).sum();
    let prior = match shape.prior() {
        Prior::Fixed => vec![0.0; 4],
        Prior::Learned => params[params.len() - 4..].iter().map(|p| f64::from(*p)).collect(),
    };
    q - p - log_prob(&prior, &b[layers - 1])
}

/// The gradient of f with respect to the samples of layer `t`.
fn differences(shape: &Shape<'_>, params: &[f32], b: &[Vec<f64>], t: usize) -> Vec<f64> {
    let moved = |i: usize, h: f64| {
        let mut b = b.to_vec();
        b[t][i] += h;
        f(shape, params, &b)
    };
    (0..4).map(|i| (moved(i, 1e-6) - moved(i, -1e-6)) / 2e-6).collect()
}

fn records<E: Estimator>(shape: Shape<'_>, estimator: E, step: u64) -> Vec<f32> {
    let engine = Engine::new(shape, Portable, estimator, 3).unwrap();
    let mut scratch = vec![0; engine.training_scratch(1)];
    let batch = Batch::new(BitMatrix::new(&[X], 6), 1, 0, step);
    engine.examples(&mut Vae, &wavy_params(&shape, 0.8), batch, &mut scratch, &mut [0.0]).unwrap();
    engine.statistics(1, &scratch).to_vec()
}

fn doubles(v: &[f32]) -> Vec<f64> {
    v.iter().map(|v| f64::from(*v)).collect()
}

fn close(a: &[f32], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| (f64::from(*a) - b).abs() < 2e-5 * (1.0 + b.abs()))
}

#[test]
fn the_gradient_at_samples_equals_differences() {
    for (shape, layers) in [(ONE, 1), (FIXED, 1), (TWO, 2)] {
        let params = wavy_params(&shape, 0.8);
        for step in 0..20 {
            let r = records(shape, Probe { z: None }, step);
            let b: Vec<_> = (0..layers).map(|t| doubles(&r[8 * t + 4..8 * t + 8])).collect();
            for t in 0..layers {
                let expected = differences(&shape, &params, &b, t);
                assert!(close(&r[8 * t..], &expected), "{:?} {expected:?}", &r[8 * t..8 * t + 4]);
            }
        }
    }
}

#[test]
fn f_and_its_gradient_at_real_vectors_equal_the_f64_values() {
    for shape in [ONE, FIXED] {
        let params = wavy_params(&shape, 0.8);
        for z in [[0.1, 0.9, 0.4, 0.7], [0.0, 1.0, 1.0, 0.0], [0.5; 4]] {
            let r = records(shape, Probe { z: Some(z) }, 1);
            let b = [doubles(&z)];
            let expected = differences(&shape, &params, &b, 0);
            assert!(close(&r[16..20], &expected), "{:?} {expected:?}", &r[16..20]);
            assert!(close(&r[20..21], &[f(&shape, &params, &b)]));
        }
    }
}

/// Its gradients with respect to logits are those of the biases of the links, for one example.
#[test]
fn straight_through_passes_through_the_layers_above() {
    let params = wavy_params(&TWO, 0.8);
    let engine = Engine::new(TWO, Portable, StraightThrough, 3).unwrap();
    for step in 0..20 {
        let mut scratch = vec![0; engine.training_scratch(1)];
        let batch = Batch::new(BitMatrix::new(&[X], 6), 1, 0, step);
        engine.examples(&mut Vae, &params, batch, &mut scratch, &mut [0.0]).unwrap();
        let shards = [Shard { batch, scratch: &scratch }];
        let bias = |k: usize| {
            let last = TWO.link(k).1;
            let mut g = [0.0; 4];
            engine.gradient(1.0, &shards, last, TWO.dense(last).inputs, &mut g);
            g
        };
        // The same uniforms, so the same samples.
        let b = samples(step);
        let x: Vec<f64> = (0..6).map(|i| f64::from(X >> i & 1)).collect();
        let phi = [logits(&TWO, &params, 0, &x), logits(&TWO, &params, 1, &b[0])];
        let slope = |phi: f64| 1.0 / (2.0 + phi.exp() + (-phi).exp());
        let top: Vec<f64> =
            differences(&TWO, &params, &b, 1).iter().zip(&phi[1]).map(|(d, p)| d * slope(*p)).collect();
        assert!(close(&bias(1), &top), "{:?} {top:?}", bias(1));
        let along = |i: usize, h: f64| {
            let mut b = b[0].clone();
            b[i] += h;
            logits(&TWO, &params, 1, &b).iter().zip(&top).map(|(l, t)| l * t).sum::<f64>()
        };
        let partial = differences(&TWO, &params, &b, 0);
        let total = |i: usize| partial[i] + (along(i, 1e-6) - along(i, -1e-6)) / 2e-6;
        let bottom: Vec<f64> = (0..4).map(|i| total(i) * slope(phi[0][i])).collect();
        assert!(close(&bias(0), &bottom), "{:?} {bottom:?}", bias(0));
    }
}

/// One sample of [`Probe`]'s law, whose records hold b.
#[derive(Clone, Copy)]
struct Single;

impl DrawRule for Single {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        Probe { z: None }.draw(p, q, u)
    }
}

impl Estimator for Single {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn signals(&self, _: Evaluated<'_>, _: &mut [f32], weight: &mut [f32]) {
        weight.fill(1.0);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }
}

impl Relaxation for Single {
    fn statistics(&self) -> usize {
        8
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let out = layer.statistics[4 * layer.rows.layer..].iter_mut();
        out.zip(layer.rows.b.bits(0).iter()).for_each(|(o, b)| *o = f32::from(u8::from(b)));
        Ok(())
    }
}

fn samples(step: u64) -> Vec<Vec<f64>> {
    let r = records(TWO, Single, step);
    vec![doubles(&r[..4]), doubles(&r[4..])]
}
