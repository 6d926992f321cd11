//! The conditional network: its gradient by every kind of estimator against enumeration, and the oracle against finite
//! differences; its estimate of -log p(y | x).
//!
//! Seeds are fixed. For another seed a test of 400 observations and fewer than 150 parameters raises a false alarm at
//! |z| > 6 with probability below 7.5e-7; there are 24 such tests.

use arm_core::estimator::{
    Arm, Arms, ArmsBound, BitFlip, DisArm, Estimator, Exact, Leg, LocalDisArm, Rloo, Ugc, Vimco,
};
use arm_core::kernels::Portable;
use arm_core::objective::{Conditional, Vae};
use arm_core::{Batch, BitMatrix, Coding, Codings, Engine, Error, Layer, Shape};
use arm_tests::{ExactBound, Moments, batch_gradient, wavy_params};

const H: Layer = Layer::hidden(3, 0.2);
const ONE: Shape = Shape::conditional(5, &[H, Layer::bernoulli(4)], &[Layer::bernoulli(6)]);
const TWO: Shape =
    Shape::conditional(5, &[Layer::bernoulli(3), Layer::bernoulli(2)], &[H, Layer::bernoulli(6)])
        .coded(&Codings { x: Coding::Signed, b: Coding::Signed });
const NO_INPUT: Shape = Shape::conditional(0, &[Layer::bernoulli(3)], &[Layer::bernoulli(6)]);
const X: [u32; 50] = [0b1_0110; 50];
const Y: [u32; 50] = [0b10_1101; 50];

fn batch(shape: &Shape<'_>, examples: usize, step: u64) -> Batch<'static> {
    let x = if shape.inputs() == 0 { &[][..] } else { &X[..examples] };
    Batch {
        y: BitMatrix::new(&Y[..examples], 6),
        ..Batch::new(BitMatrix::new(x, shape.inputs()), examples, 0, step)
    }
}

fn engine<E: Estimator>(shape: Shape<'_>, estimator: E) -> Engine<'_, Portable, E> {
    Engine::new(shape, Portable, estimator, 20_190_507).unwrap()
}

fn unbiased<O: Estimator, E: Estimator>(oracle: impl Fn(&Shape<'_>) -> O, estimator: impl Fn() -> E) {
    for shape in [ONE, TWO] {
        let params = wavy_params(&shape, 0.8);
        let exact = engine(shape, oracle(&shape));
        let expected = batch_gradient(&exact, &mut Conditional, &params, batch(&shape, 1, 0)).1;
        let engine = engine(shape, estimator());
        let mut moments = Moments::default();
        for step in 0..400 {
            let batch = batch(&shape, 50, step);
            moments.push(&batch_gradient(&engine, &mut Conditional, &params, batch).1);
        }
        let z = moments.worst_z(&expected);
        assert!(z < 6.0, "{shape:?}: z = {z:.2}");
    }
}

#[test]
fn estimators_of_one_sample() {
    let oracle = |shape: &Shape<'_>| Exact::new(shape).unwrap();
    unbiased(oracle, || Arm);
    unbiased(oracle, || DisArm);
    unbiased(oracle, || Leg);
    unbiased(oracle, || BitFlip);
    unbiased(oracle, || Ugc);
    unbiased(oracle, || Rloo { samples: 3 });
    unbiased(oracle, || Arms { samples: 3 });
    unbiased(oracle, || LocalDisArm { samples: 1, symmetrised: false });
}

#[test]
fn estimators_of_the_bound() {
    let oracle = |shape: &Shape<'_>| ExactBound::new(shape, 2).unwrap();
    unbiased(oracle, || Vimco { samples: 2 });
    unbiased(oracle, || LocalDisArm { samples: 2, symmetrised: false });
    unbiased(oracle, || LocalDisArm { samples: 2, symmetrised: true });
    unbiased(oracle, || ArmsBound { samples: 2 });
}

fn finite_differences<E: Estimator>(shape: Shape<'_>, estimator: E) {
    let engine = engine(shape, estimator);
    let params = wavy_params(&shape, 0.8);
    let (_, g) = batch_gradient(&engine, &mut Conditional, &params, batch(&shape, 1, 0));
    let mut worst = 0f64;
    for i in 0..params.len() {
        let at = |k: f32| {
            let mut moved = params.clone();
            moved[i] += 0.03 * k;
            f64::from(batch_gradient(&engine, &mut Conditional, &moved, batch(&shape, 1, 0)).0)
        };
        let d = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * 0.03);
        worst = worst.max((d - f64::from(g[i])).abs());
    }
    let norm = g.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
    assert!(norm > 0.5 && worst < 5e-4 * norm, "{worst} of {norm}");
}

#[test]
fn the_exact_gradient_equals_finite_differences() {
    let linear = Shape::conditional(
        5,
        &const { [Layer::hidden(3, 1.0), Layer::bernoulli(3), Layer::bernoulli(2)] },
        &const { [Layer::hidden(3, 1.0), Layer::bernoulli(6)] },
    );
    let means = [0.1, 0.9, 0.5, 0.0, 1.0];
    for shape in [
        linear,
        linear.coded(&Codings { x: Coding::Signed, b: Coding::Signed }),
        linear.coded(&Codings { x: Coding::Centred(&means), b: Coding::Signed }),
        NO_INPUT,
    ] {
        finite_differences(shape, Exact::new(&shape).unwrap());
        if shape.inputs() == 0 {
            finite_differences(shape, ExactBound::new(&shape, 3).unwrap());
        }
    }
}

/// -log p(y | x) by enumeration equals what samples estimate.
#[test]
fn many_samples_estimate_the_likelihood() {
    let params = wavy_params(&TWO, 0.8);
    let exact = engine(TWO, ExactBound::new(&TWO, 1).unwrap());
    let mean_f = batch_gradient(&exact, &mut Conditional, &params, batch(&TWO, 1, 0)).0;
    let engine = engine(TWO, Arm);
    let mut f = vec![0.0; 4000];
    let mut scratch = vec![0; TWO.inference_scratch(1, 4000)];
    engine.evaluate(&mut Conditional, &params, batch(&TWO, 1, 0), 4000, &mut scratch, &mut f).unwrap();
    let mean = f.iter().sum::<f32>() / 4000.0;
    let deviation = (f.iter().map(|f| (f - mean) * (f - mean)).sum::<f32>() / 4000.0).sqrt();
    // 6 standard errors: 2e-9.
    assert!((mean - mean_f).abs() < 6.0 * deviation / 4000f32.sqrt(), "{mean} {mean_f}");
    let likelihood = -(f.iter().map(|f| f64::from(-f).exp()).sum::<f64>() / 4000.0).ln();
    assert!(likelihood < f64::from(mean));
    let mut p = [0.0; 6];
    engine.reconstruct(&params, batch(&TWO, 1, 0), &mut scratch, &mut p).unwrap();
    assert!(p.iter().all(|p| (0.0..1.0).contains(p)));
}

#[test]
fn what_does_not_fit_is_refused() {
    let engine = engine(ONE, Arm);
    let params = wavy_params(&ONE, 0.8);
    let mut scratch = vec![0; engine.training_scratch(1)];
    let good = batch(&ONE, 1, 0);
    let mut try_it = |batch: Batch<'_>| {
        engine.examples(&mut Conditional, &params, batch, &mut scratch, &mut [0.0]).unwrap_err()
    };
    assert!(matches!(try_it(Batch { y: BitMatrix::NONE, ..good }), Error::Width { .. }));
    assert!(matches!(try_it(Batch { y: BitMatrix::new(&[64], 6), ..good }), Error::Width { .. }));
    assert!(matches!(try_it(Batch { y: BitMatrix::new(&[], 6), ..good }), Error::Size { .. }));
    assert_eq!(
        engine.examples(&mut Vae, &params, good, &mut scratch, &mut [0.0]),
        Err(Error::OtherObjective)
    );
    assert_eq!(engine.generate(&params, good, &mut scratch, &mut [0.0; 6]), Err(Error::OtherObjective));
}
