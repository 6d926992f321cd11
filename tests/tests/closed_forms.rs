//! Variances of one unit's gradient against their closed forms.
//!
//! The standard error of a variance is estimated from the fourth moment; at |z| > 5.5 each of the 30 tests raises a
//! false alarm with probability 4e-8 for another seed, and each of the 30 of means at |z| > 6 with 2e-9.

use arm_core::estimator::{Ar, Arm, Baseline, DisArm, Estimator, Exact, Reinforce, Rloo};
use arm_core::kernels::Portable;
use arm_core::model::BlackBox;
use arm_core::{BitMatrix, Bits, Engine, Layer, Shape};
use arm_tests::gradient;

const UNIT: Shape = Shape::chain(0, &[Layer::bernoulli(1)]);
const F0: f64 = 0.7;
const F1: f64 = 2.2;

fn f(b: Bits<'_>) -> f32 {
    if b.get(0) { F1 as f32 } else { F0 as f32 }
}

/// (mean, variance, standard error of the variance) over 400,000 gradients.
fn observed<E: Estimator>(estimator: E, phi: f32) -> (f64, f64, f64) {
    let engine = Engine::new(UNIT, Portable, estimator, 5).unwrap();
    let n = 400_000;
    let g: Vec<f64> = (0..n)
        .map(|step| {
            f64::from(gradient(&engine, &mut BlackBox(f), &[phi], BitMatrix::new(&[], 0), 1, step).1[0])
        })
        .collect();
    let n = n as f64;
    let mean = g.iter().sum::<f64>() / n;
    let variance = g.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
    let fourth = g.iter().map(|g| (g - mean).powi(4)).sum::<f64>() / n;
    (mean, variance, ((fourth - variance * variance) / n).sqrt())
}

fn check<E: Estimator + Copy>(estimator: E, closed_form: impl Fn(f64) -> f64) {
    for phi in [-2.5f32, -1.0, 0.0, 0.4, 3.0] {
        let p = 1.0 / (1.0 + (-f64::from(phi)).exp());
        let (mean, variance, error) = observed(estimator, phi);
        let expected = closed_form(p);
        let exact = (F1 - F0) * p * (1.0 - p);
        assert!((mean - exact).abs() < 6.0 * (variance / 4e5).sqrt() + 1e-6, "p = {p}: {mean} {exact}");
        assert!((variance - expected).abs() < 5.5 * error + 1e-9, "p = {p}: {variance} {expected} {error}");
    }
}

const DELTA2: f64 = (F1 - F0) * (F1 - F0);

#[test]
fn arm() {
    check(Arm, |p| {
        let m = p.min(1.0 - p);
        DELTA2 * (m / 2.0 - 2.0 * m.powi(2) + 8.0 * m.powi(3) / 3.0 - m.powi(4))
    });
}

#[test]
fn disarm() {
    check(DisArm, |p| {
        let m = p.min(1.0 - p);
        DELTA2 * m * (1.0 - m).powi(2) * (1.0 - 2.0 * m) / 2.0
    });
}

#[test]
fn ar() {
    check(Ar, |p| {
        let c = (1.0 - 2.0 * p).powi(3);
        (F1 * F1 * (1.0 - c) + F0 * F0 * (1.0 + c)) / 6.0 - DELTA2 * (p * (1.0 - p)).powi(2)
    });
}

#[test]
fn reinforce() {
    let with = |c: f64| move |p: f64| p * (1.0 - p) * ((1.0 - p) * (F1 - c) + p * (F0 - c)).powi(2);
    check(Reinforce::default(), with(0.0));
    check(Reinforce { baseline: Baseline::Constant(1.25) }, with(1.25));
}

#[test]
fn leave_one_out_of_two() {
    check(Rloo { samples: 2 }, |p| DELTA2 * p * (1.0 - p) * (1.0 - 2.0 * p * (1.0 - p)) / 2.0);
}

#[test]
fn enumeration_has_no_variance() {
    let engine = Engine::new(UNIT, Portable, Exact::new(&UNIT).unwrap(), 0).unwrap();
    for phi in [-4.0f32, 0.0, 1.3] {
        let p = 1.0 / (1.0 + (-f64::from(phi)).exp());
        let (value, g) = gradient(&engine, &mut BlackBox(f), &[phi], BitMatrix::new(&[], 0), 1, 0);
        assert!((f64::from(g[0]) - (F1 - F0) * p * (1.0 - p)).abs() < 1e-6);
        assert!((f64::from(value) - (p * F1 + (1.0 - p) * F0)).abs() < 1e-6);
    }
}
