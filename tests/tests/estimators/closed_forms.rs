//! Variances of one unit's gradient against their closed forms.
//!
//! The standard error of a variance is estimated from the fourth moment; at |z| > 5.5 each of the 35 tests raises a
//! false alarm with probability 4e-8 for another seed, and each of the 35 of means at |z| > 6 with 2e-9.

use arm_core::estimator::{
    Ar, Arm, Arms, Baseline, BitFlip, DisArm, Estimator, Exact, Leg, Reinforce, Rloo, Ugc,
};
use arm_core::kernels::Portable;
use arm_core::{BitMatrix, Bits, Engine, Layer, Shape};
use arm_tests::{Moments, black_box, gradient};

const UNIT: Shape = Shape::chain(0, &[Layer::bernoulli(1)]);
const F0: f64 = 0.7;
const F1: f64 = 2.2;
const DRAWS: u64 = 200_000;

fn f(b: Bits<'_>) -> f32 {
    if b.get(0) { F1 as f32 } else { F0 as f32 }
}

/// (mean, variance, standard error of the variance) over `DRAWS` gradients.
fn observed<E: Estimator>(estimator: E, phi: f32) -> (f64, f64, f64) {
    let engine = Engine::new(UNIT, Portable, estimator, 5).unwrap();
    let g: Vec<f64> = (0..DRAWS)
        .map(|step| {
            f64::from(gradient(&engine, &mut black_box(&f), &[phi], BitMatrix::new(&[], 0), 1, step).1[0])
        })
        .collect();
    let n = DRAWS as f64;
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
        assert!(
            (mean - exact).abs() < 6.0 * (variance / DRAWS as f64).sqrt() + 1e-6,
            "p = {p}: {mean} {exact}"
        );
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
        let (value, g) = gradient(&engine, &mut black_box(&f), &[phi], BitMatrix::new(&[], 0), 1, 0);
        assert!((f64::from(g[0]) - (F1 - F0) * p * (1.0 - p)).abs() < 1e-6);
        assert!((f64::from(value) - (p * F1 + (1.0 - p) * F0)).abs() < 1e-6);
    }
}

#[test]
fn arms_of_two_is_disarm() {
    check(Arms { samples: 2 }, |p| {
        let m = p.min(1.0 - p);
        DELTA2 * m * (1.0 - m).powi(2) * (1.0 - 2.0 * m) / 2.0
    });
}

#[test]
fn flips_have_no_variance_for_one_unit() {
    fn exact<E: Estimator>(estimator: E) {
        let engine = Engine::new(UNIT, Portable, estimator, 5).unwrap();
        for phi in [-30.0f32, -2.5, 0.0, 0.4, 30.0] {
            let p = 1.0 / (1.0 + (-f64::from(phi)).exp());
            for step in 0..100 {
                let g = gradient(&engine, &mut black_box(&f), &[phi], BitMatrix::NONE, 1, step).1[0];
                assert!((f64::from(g) - (F1 - F0) * p * (1.0 - p)).abs() < 1e-6, "{phi}: {g}");
            }
        }
    }
    exact(BitFlip);
    exact(Leg);
    exact(Ugc);
}

/// What theory promises, for several units: the traces of variance over 40,000 gradients of a function of six units, some
/// of them near 0 and 1. Seeds are fixed; the standard errors of these traces are below 2%.
#[test]
fn variances_are_ordered() {
    fn g(b: Bits<'_>) -> f32 {
        let v: Vec<f32> = b.iter().map(|b| f32::from(u8::from(b))).collect();
        4.0 + v[0] * v[1] - 3.0 * v[2] + 1.5 * v[0] * v[3] + (v[1] - v[2]) * v[4] + 2.0 * v[5]
    }
    fn trace<E: Estimator>(estimator: E) -> f64 {
        let shape = Shape::chain(0, &const { [Layer::bernoulli(6)] });
        let engine = Engine::new(shape, Portable, estimator, 6).unwrap();
        let params = [0.3, -0.2, 1.5, -4.0, 4.5, -0.7];
        let mut moments = Moments::default();
        for step in 0..40_000 {
            moments.push(&gradient(&engine, &mut black_box(&g), &params, BitMatrix::NONE, 1, step).1);
        }
        moments.trace()
    }
    let (arm, disarm, ugc) = (trace(Arm), trace(DisArm), trace(Ugc));
    assert!(disarm < arm, "DisARM {disarm} ARM {arm}");
    assert!(ugc < disarm, "UGC {ugc} DisARM {disarm}");
    assert!(arm < trace(Ar), "ARM {arm}");
    // ARM is no worse than AR with any constant baseline: AR is linear in f.
    for c in [2.0f32, 4.0, 6.0] {
        let shape = Shape::chain(0, &const { [Layer::bernoulli(6)] });
        let engine = Engine::new(shape, Portable, Ar, 6).unwrap();
        let params = [0.3, -0.2, 1.5, -4.0, 4.5, -0.7];
        let mut moments = Moments::default();
        for step in 0..40_000 {
            let centred = |b: Bits<'_>| g(b) - c;
            moments.push(&gradient(&engine, &mut black_box(&centred), &params, BitMatrix::NONE, 1, step).1);
        }
        assert!(arm < moments.trace(), "ARM {arm}, AR with baseline {c}: {}", moments.trace());
    }
    let (arms, rloo, leg) = (trace(Arms { samples: 4 }), trace(Rloo { samples: 4 }), trace(Leg));
    assert!(arms < rloo && leg < arms, "ARMS {arms} RLOO {rloo} LEG {leg}");
}

/// For one unit the variances of ARM and DisARM differ by delta^2 m^3 / 6: that of the uniform that DisARM integrates out.
#[test]
fn arm_and_disarm_differ_by_the_variance_of_the_uniform() {
    for phi in [-1.0f32, 0.0, 0.4] {
        let p = 1.0 / (1.0 + (-f64::from(phi)).exp());
        let ((_, arm, e1), (_, disarm, e2)) = (observed(Arm, phi), observed(DisArm, phi));
        let expected = DELTA2 * p.min(1.0 - p).powi(3) / 6.0;
        // 5.5 standard errors: 4e-8.
        assert!((arm - disarm - expected).abs() < 5.5 * (e1 * e1 + e2 * e2).sqrt() + 1e-9);
    }
}
