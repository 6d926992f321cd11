//! Integers against exact enumeration in floats.
//!
//! The mean of what a step adds to each parameter must be -rate times the gradient, within six standard errors and what
//! rounding may add. Seeds are fixed; for other seeds a test of 20,000 observations and fewer than 300 parameters raises a
//! false alarm with probability below 300 x 2e-9.
//!
//! What rounding may add to a gradient: a logit is within 2^-12 and its probability within 2^-14 of it; signals are within
//! 2^-9, and scores within 2^-16, of which the gradient of a logit is within 2^-9 for |f| up to 16; gradients of given logits
//! are within 2^-12, and those of hidden units within 2^-9 of the sum they round. An activation is within 2^-9. Together,
//! through at most two hidden layers of four units with weights below 1, that is below 2^-6.

use arm_core::estimator::{
    Ar, Arm, Baseline, DisArm, Estimator, Exact, IntegerEstimator, Leg, Reinforce, Rloo,
};
use arm_core::kernels::{Integer, Portable};
use arm_core::learner::{Slices, State};
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::optim::Sgd;
use arm_core::{Batch, BitMatrix, Bits, Coding, Codings, Engine, Error, Layer, Learner, Prior, Shape, init};
use arm_tests::{Moments, batch_gradient, black_box, wavy_params};

const H: Layer = Layer::hidden(4, 0.2);
const ONE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[H, Layer::bernoulli(6)], Prior::Learned);
const TWO: Shape = Shape::vae(
    6,
    &[Layer::bernoulli(4), H, Layer::bernoulli(3)],
    &[H, Layer::bernoulli(4), Layer::bernoulli(6)],
    Prior::Learned,
);
const CONDITIONAL: Shape = Shape::conditional(6, &[H, Layer::bernoulli(4)], &[H, Layer::bernoulli(5)]);
const CHAIN: Shape = Shape::chain(6, &[Layer::bernoulli(4), H, Layer::bernoulli(4)]);
const X: [u32; 1] = [0b10_1101];
const Y: [u32; 1] = [0b1_0011];
const RATE: f32 = 0.0625;
const ROUNDING: f64 = 1.0 / 64.0;

fn f(b: Bits<'_>) -> f32 {
    let v: Vec<f32> = b.iter().map(|b| f32::from(u8::from(b))).collect();
    2.0 + v[0] * v[1] - 3.0 * v[2] + 1.5 * v[0] * v[3] + (v[1] - v[2]) * v[v.len() - 1]
}

fn unbiased<E: Estimator + IntegerEstimator>(
    shape: Shape<'static>,
    estimator: E,
    mut objective: impl Objective<Portable> + Objective<Integer>,
) {
    let weights: Vec<i16> = wavy_params(&shape, 0.8).iter().map(|w| (w * 4096.0).round() as i16).collect();
    let floats: Vec<f32> = weights.iter().map(|w| f32::from(*w) / 4096.0).collect();
    let y: &[u32] = if shape.targets() > 0 { &Y } else { &[] };
    let exact = Engine::new(shape, Portable, Exact::new(&shape).unwrap(), 0).unwrap();
    let batch = Batch {
        y: if y.is_empty() { BitMatrix::NONE } else { BitMatrix::new(y, shape.targets()) },
        ..Batch::new(BitMatrix::new(&X, shape.inputs()), 1, 0, 0)
    };
    let (expected_f, expected) = batch_gradient(&exact, &mut objective, &floats, batch);
    let (mut params, mut scratch) =
        (weights.clone(), vec![0; shape.integer_scratch_for(estimator.samples())]);
    let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
    let mut learner = Learner::integer(shape, estimator, Sgd { rate: RATE }, 5, memory).unwrap();
    let (mut moments, mut mean) = (Moments::default(), Moments::default());
    for _ in 0..20_000 {
        learner.set_params(&weights).unwrap();
        mean.push(&[learner.step_with(&mut objective, &X, y).unwrap()]);
        let moved = learner.params().iter().zip(&weights);
        moments.push(&moved.map(|(a, b)| f32::from(*b - *a) / 4096.0 / RATE).collect::<Vec<_>>());
    }
    assert_eq!(learner.saturated(), 0);
    for (i, ((g, error), exact)) in moments.means().zip(&expected).enumerate() {
        let beyond = (g - f64::from(*exact)).abs() - 6.0 * error;
        assert!(beyond < ROUNDING, "parameter {i}: {g} +- {error}, {exact}");
    }
    let (mean, error) = mean.means().next().unwrap();
    assert!((mean - f64::from(expected_f)).abs() < 6.0 * error + 0.005, "{mean} +- {error}, {expected_f}");
}

fn all<E: Estimator + IntegerEstimator + Copy>(estimator: E) {
    unbiased(ONE, estimator, Vae);
    unbiased(TWO, estimator, Vae);
    unbiased(CONDITIONAL, estimator, Conditional);
    unbiased(CHAIN, estimator, black_box(&f));
}

#[test]
fn arm() {
    all(Arm);
}

#[test]
fn disarm() {
    all(DisArm);
}

#[test]
fn ar() {
    all(Ar);
}

#[test]
fn reinforce() {
    all(Reinforce { baseline: Baseline::Constant(2.0) });
}

#[test]
fn leave_one_out() {
    all(Rloo { samples: 3 });
}

type Memory = (Vec<i16>, Vec<u32>);

fn memory(shape: &Shape<'_>) -> Memory {
    (vec![0; shape.params()], vec![0; shape.integer_scratch()])
}

fn slices(memory: &mut Memory) -> Slices<'_, Integer> {
    Slices { params: &mut memory.0, moments: &mut [], scratch: &mut memory.1 }
}

#[test]
fn a_step_in_slices_has_the_same_bits() {
    let (mut a, mut b) = (memory(&ONE), memory(&ONE));
    let rate = Sgd { rate: 0.05 };
    let mut whole = Learner::integer(ONE, Arm, rate, 5, slices(&mut a)).unwrap();
    let mut sliced = Learner::integer(ONE, Arm, rate, 5, slices(&mut b)).unwrap();
    for _ in 0..50 {
        whole.step(&X).unwrap();
        sliced.begin(&X).unwrap();
        while sliced.poll(7).unwrap() == arm_core::learner::Progress::Working {}
    }
    assert_eq!(whole.params(), sliced.params());
}

/// What is beyond its range is counted, f that is refuses the step, and nothing overflows.
#[test]
fn extremes() {
    let mut all = memory(&ONE);
    let mut learner = Learner::integer(ONE, Arm, Sgd { rate: 1e6 }, 5, slices(&mut all)).unwrap();
    let mut weights = vec![i16::MAX; ONE.params()];
    learner.set_params(&weights).unwrap();
    learner.step(&X).unwrap();
    assert!(learner.saturated() > 0);
    weights.iter_mut().step_by(2).for_each(|w| *w = i16::MIN);
    learner.set_params(&weights).unwrap();
    for _ in 0..100 {
        let f = learner.step(&X).unwrap();
        assert!(f.is_finite() && learner.score(&X, 3).unwrap().is_finite());
    }
    let mut all = memory(&CHAIN);
    let mut learner = Learner::integer(CHAIN, Arm, Sgd { rate: 0.1 }, 5, slices(&mut all)).unwrap();
    let before = learner.params().to_vec();
    for f in [1e9, f32::NAN, f32::NEG_INFINITY, 8192.5] {
        assert_eq!(learner.step_black_box(&X, |_| f), Err(Error::Objective), "{f}");
    }
    assert_eq!(learner.params(), before);
    assert!(learner.step_black_box(&X, |_| 8000.0).is_ok());
}

/// What the compiler refuses where the estimator is known is refused where it is chosen at run time.
#[test]
fn an_estimator_that_was_chosen_at_run_time() {
    let (mut known, mut chosen) = (memory(&ONE), memory(&ONE));
    let rate = Sgd { rate: 0.05 };
    let mut known = Learner::integer(ONE, Arm, rate, 5, slices(&mut known)).unwrap();
    init::draw::<Integer>(&ONE, 5, &mut chosen.0).unwrap();
    let state = State::default();
    let mut chosen = Learner::attach_chosen(ONE, Arm, rate, 5, slices(&mut chosen), state).unwrap();
    assert_eq!(chosen.params(), known.params());
    assert_eq!(chosen.step(&X), known.step(&X));
    assert_eq!(chosen.params(), known.params());
    let mut room = memory(&ONE);
    let refused = Learner::attach_chosen(ONE, Leg, rate, 5, slices(&mut room), state);
    assert_eq!(refused.map(|_| ()), Err(Error::FloatOnly));
    let signed = Codings { x: Coding::Signed, b: Coding::ZeroOne };
    let refused = Learner::attach_chosen(ONE.coded(&signed), Arm, rate, 5, slices(&mut room), state);
    assert_eq!(refused.map(|_| ()), Err(Error::FloatOnly));
}
