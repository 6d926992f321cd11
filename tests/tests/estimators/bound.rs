//! The estimators for the bound of K samples against enumeration of all tuples of samples.
//!
//! Seeds are fixed. For another seed a test of 400 observations and fewer than 150 parameters raises a false alarm at
//! |z| > 6 with probability below 150 x 5e-9 (Student's t), 7.5e-7; there are 40 such tests.

use arm_core::estimator::{ArmsBound, DisArm, Estimator, LocalDisArm, Ovis, Rws, Vimco};
use arm_core::kernels::Portable;
use arm_core::objective::{Objective, Vae};
use arm_core::{BitMatrix, Bits, Engine, Error, Layer, Prior, Shape};
use arm_tests::{ExactBound, Moments, black_box, gradient, wavy_params};

const H: Layer = Layer::hidden(4, 0.2);
const ONE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[Layer::bernoulli(6)], Prior::Learned);
const TWO: Shape = Shape::vae(
    6,
    &[Layer::bernoulli(3), Layer::bernoulli(2)],
    &[H, Layer::bernoulli(3), Layer::bernoulli(6)],
    Prior::Learned,
);
const FREE: Shape = Shape::chain(0, &[Layer::bernoulli(4)]);
const CHAIN: Shape = Shape::chain(6, &[Layer::bernoulli(2), Layer::bernoulli(3)]);
const X: [u32; 50] = [0b10_1101; 50];

fn f(b: Bits<'_>) -> f32 {
    let v: Vec<f32> = b.iter().map(|b| f32::from(u8::from(b))).collect();
    2.0 + v[0] * v[1] - 3.0 * v[2] + 1.5 * v[0] * v[v.len() - 1]
}

fn x(shape: &Shape<'_>, examples: usize) -> BitMatrix<'static> {
    BitMatrix::new(if shape.inputs() == 0 { &[] } else { &X[..examples] }, shape.inputs())
}

fn engine<E: Estimator>(shape: Shape<'_>, estimator: E) -> Engine<'_, Portable, E> {
    Engine::new(shape, Portable, estimator, 20_161_122).unwrap()
}

/// Largest z of the mean gradient, and the trace of its variance.
fn against_enumeration<E: Estimator>(
    shape: Shape<'_>,
    estimator: E,
    samples: usize,
    objective: impl Objective<Portable> + Clone,
) -> (f64, f64) {
    let params = wavy_params(&shape, 0.8);
    let exact = engine(shape, ExactBound::new(&shape, samples).unwrap());
    let (value, mut expected) = gradient(&exact, &mut objective.clone(), &params, x(&shape, 1), 1, 0);
    expected.push(value);
    let engine = engine(shape, estimator);
    let mut moments = Moments::default();
    for step in 0..400 {
        let (value, mut g) = gradient(&engine, &mut objective.clone(), &params, x(&shape, 50), 50, step);
        g.push(value);
        moments.push(&g);
    }
    (moments.worst_z(&expected), moments.trace())
}

fn proven<E: Estimator>(estimator: impl Fn(usize) -> E) {
    for samples in [2, 3] {
        let e = || estimator(samples);
        for (name, z) in [
            ("one layer", against_enumeration(ONE, e(), samples, Vae).0),
            ("two layers", against_enumeration(TWO, e(), samples, Vae).0),
            ("black box of free logits", against_enumeration(FREE, e(), samples, black_box(&f)).0),
            ("black box above two layers", against_enumeration(CHAIN, e(), samples, black_box(&f)).0),
        ] {
            assert!(z < 6.0, "{name}, K = {samples}: z = {z:.2}");
        }
    }
}

#[test]
fn vimco() {
    proven(|samples| Vimco { samples });
}

#[test]
fn ovis() {
    proven(|samples| Ovis { samples });
}

#[test]
fn local_disarm() {
    proven(|samples| LocalDisArm { samples, symmetrised: false });
}

#[test]
fn local_disarm_symmetrised() {
    proven(|samples| LocalDisArm { samples, symmetrised: true });
}

#[test]
fn arms() {
    proven(|samples| ArmsBound { samples });
}

/// The oracle itself, against finite differences in a network whose -L is smooth.
#[test]
fn the_oracle_equals_finite_differences() {
    let shape = Shape::vae(
        6,
        &const { [Layer::bernoulli(2), Layer::bernoulli(2)] },
        &const { [Layer::bernoulli(2), Layer::bernoulli(6)] },
        Prior::Learned,
    );
    let engine = engine(shape, ExactBound::new(&shape, 3).unwrap());
    let params = wavy_params(&shape, 0.8);
    let (_, g) = gradient(&engine, &mut Vae, &params, x(&shape, 1), 1, 0);
    let mut worst = 0f64;
    for i in 0..params.len() {
        let at = |k: f32| {
            let mut moved = params.clone();
            moved[i] += 0.03 * k;
            f64::from(gradient(&engine, &mut Vae, &moved, x(&shape, 1), 1, 0).0)
        };
        let d = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * 0.03);
        worst = worst.max((d - f64::from(g[i])).abs());
    }
    let norm = g.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
    assert!(norm > 0.5 && worst < 5e-4 * norm, "{worst} of {norm}");
}

#[test]
fn one_sample_of_local_disarm_is_disarm() {
    let params = wavy_params(&TWO, 0.8);
    let one = engine(TWO, LocalDisArm { samples: 1, symmetrised: false });
    for step in 0..20 {
        let (f1, g1) = gradient(&one, &mut Vae, &params, x(&TWO, 9), 9, step);
        let (f2, g2) = gradient(&engine(TWO, DisArm), &mut Vae, &params, x(&TWO, 9), 9, step);
        assert!((f1 - f2).abs() < 1e-6 * f2.abs());
        assert!(g1.iter().zip(&g2).all(|(a, b)| (a - b).abs() < 2e-6 * (1.0 + b.abs())));
    }
}

#[test]
fn symmetrising_lowers_the_variance() {
    let plain = against_enumeration(ONE, LocalDisArm { samples: 3, symmetrised: false }, 3, Vae).1;
    let symmetrised = against_enumeration(ONE, LocalDisArm { samples: 3, symmetrised: true }, 3, Vae).1;
    assert!(symmetrised < 0.9 * plain, "{symmetrised} {plain}");
}

#[test]
fn counts_that_make_no_sense_are_refused() {
    let refused = |result: Result<(), Error>| assert_eq!(result, Err(Error::Setting));
    for samples in [0, 1, 1025, usize::MAX] {
        refused(Vimco { samples }.check(&ONE));
        refused(Ovis { samples }.check(&ONE));
        refused(Rws { samples }.check(&ONE));
        refused(ArmsBound { samples }.check(&ONE));
    }
    for samples in [0, 1025, usize::MAX] {
        refused(LocalDisArm { samples, symmetrised: true }.check(&ONE));
    }
}

/// Saturated logits and f-values far apart: a gradient that is finite, or an error.
#[test]
fn extremes_never_become_nan() {
    fn check<E: Estimator>(estimator: E) {
        let engine = engine(FREE, estimator);
        for logit in [0.0f32, 40.0, -40.0, 200.0, -1e4] {
            for scale in [1.0f32, 1e4, 1e30, 3e38] {
                let mut scratch = vec![0; engine.training_scratch(1)];
                let batch = arm_core::Batch::new(x(&FREE, 1), 1, 0, 1);
                let spread = |b: Bits<'_>| scale * (b.count_ones() as f32 - 2.0) / 2.0;
                let params = [logit, -logit, 0.5, logit];
                let mut value = [0.0];
                let result =
                    engine.examples(&mut black_box(&spread), &params, batch, &mut scratch, &mut value);
                let mut g = [0.0; 4];
                let shards = [arm_core::Shard { batch, scratch: &scratch }];
                engine.gradient(1.0, &shards, 0, 0, &mut g);
                match result {
                    Ok(()) => {
                        assert!(value[0].is_finite() && g.iter().all(|g| g.is_finite()), "{scale} {g:?}");
                    }
                    Err(e) => assert!(matches!(e, Error::Diverged | Error::Objective) && scale > 1e5),
                }
            }
        }
    }
    check(Vimco { samples: 3 });
    check(Ovis { samples: 3 });
    check(Rws { samples: 3 });
    check(LocalDisArm { samples: 3, symmetrised: false });
    check(LocalDisArm { samples: 3, symmetrised: true });
    check(ArmsBound { samples: 3 });
}
