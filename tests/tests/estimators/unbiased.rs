//! Each estimator against exact enumeration, by z-tests on every parameter's gradient.
//!
//! Seeds are fixed. For another seed a test of 400 observations and fewer than 300 parameters raises a false alarm at
//! |z| > 6 with probability below 300 x 5e-9 (Student's t), 1.5e-6; there are 43 such tests.

use arm_core::estimator::{
    Ar, Arm, Arms, Baseline, BitFlip, DisArm, DrawRule, DrawnUnit, Estimator, Evaluated, Exact, Leg,
    LocalDisArm, Reinforce, Rloo, SecondPaths, Ugc,
};
use arm_core::kernels::Portable;
use arm_core::objective::{Objective, Vae};
use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Prior, Shape, Shard};
use arm_tests::{Moments, black_box, gradient, wavy_params};

const H: Layer = Layer::hidden(4, 0.2);
const ONE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[H, Layer::bernoulli(6)], Prior::Learned);
const TWO: Shape = Shape::vae(
    6,
    &[Layer::bernoulli(4), H, Layer::bernoulli(3)],
    &[H, Layer::bernoulli(4), Layer::bernoulli(6)],
    Prior::Learned,
);
const CHAIN: Shape = Shape::chain(6, &[Layer::bernoulli(4), H, Layer::bernoulli(4)]);
const THREE: Shape = Shape::vae(
    6,
    &[H, Layer::bernoulli(3), Layer::bernoulli(2), H, Layer::bernoulli(3)],
    &[Layer::bernoulli(2), H, Layer::bernoulli(3), Layer::bernoulli(6)],
    Prior::Fixed,
);
const FREE_CHAIN: Shape = Shape::chain(0, &[Layer::bernoulli(3), Layer::bernoulli(4)]);
const FREE: Shape = Shape::chain(0, &[Layer::bernoulli(5)]);

fn f(b: Bits<'_>) -> f32 {
    let v: Vec<f32> = b.iter().map(|b| f32::from(u8::from(b))).collect();
    2.0 + v[0] * v[1] - 3.0 * v[2] + 1.5 * v[0] * v[3] + (v[1] - v[2]) * v[v.len() - 1]
}

fn worst<E: Estimator>(
    engine: Engine<'_, Portable, E>,
    objective: impl Objective<Portable> + Clone,
) -> (f64, f64) {
    let shape = engine.shape();
    let params = wavy_params(&shape, 0.8);
    let exact = Engine::new(shape, Portable, Exact::new(&shape).unwrap(), 0).unwrap();
    let words = if shape.inputs() == 0 { vec![] } else { vec![0b10_1101; 50] };
    let x = |n: usize| BitMatrix::new(&words[..n.min(words.len())], shape.inputs());
    let (_, expected) = gradient(&exact, &mut objective.clone(), &params, x(1), 1, 0);
    let mut moments = Moments::default();
    for step in 0..400 {
        moments.push(&gradient(&engine, &mut objective.clone(), &params, x(50), 50, step).1);
    }
    (moments.worst_z(&expected), moments.trace())
}

fn engine<E: Estimator>(shape: Shape<'_>, estimator: E) -> Engine<'_, Portable, E> {
    Engine::new(shape, Portable, estimator, 20_190_506).unwrap()
}

fn proven<E: Estimator + Copy>(estimator: E) {
    for (name, z) in [
        ("one layer", worst(engine(ONE, estimator), Vae).0),
        ("two layers", worst(engine(TWO, estimator), Vae).0),
        ("three layers", worst(engine(THREE, estimator), Vae).0),
        ("black box above free logits and a layer", worst(engine(FREE_CHAIN, estimator), black_box(&f)).0),
        ("black box above two layers", worst(engine(CHAIN, estimator), black_box(&f)).0),
        ("black box of free logits", worst(engine(FREE, estimator), black_box(&f)).0),
    ] {
        assert!(z < 6.0, "{name}: z = {z:.2}");
    }
}

#[test]
fn arm() {
    proven(Arm);
}

#[test]
fn ar() {
    proven(Ar);
}

#[test]
fn disarm() {
    proven(DisArm);
}

#[test]
fn reinforce() {
    proven(Reinforce::default());
    proven(Reinforce { baseline: Baseline::Constant(4.0) });
}

#[test]
fn leave_one_out() {
    proven(Rloo { samples: 2 });
    proven(Rloo { samples: 5 });
}

#[test]
fn arms() {
    proven(Arms { samples: 2 });
    proven(Arms { samples: 4 });
}

#[test]
fn local_expectation_gradients() {
    proven(Leg);
}

#[test]
fn bitflip() {
    proven(BitFlip);
}

#[test]
fn gradient_variance_clipping() {
    proven(Ugc);
}

#[test]
fn local_disarm_of_one_sample() {
    proven(LocalDisArm { samples: 1, symmetrised: false });
}

#[test]
fn independent_upper_uniforms_are_unbiased_and_shared_ones_vary_less_here() {
    let mut independent = engine(TWO, Arm);
    independent.share_uniforms = false;
    let (z, trace) = worst(independent, Vae);
    assert!(z < 6.0, "z = {z:.2}");
    let (_, shared) = worst(engine(TWO, Arm), Vae);
    assert!(shared < trace, "{shared} {trace}");
}

/// Upper uniforms that are shared need not lower the variance. One unit with logit 0 below two: the first is the same, the
/// second a coin, and f is whether they differ. With the same coin f of the pair always differs, with two coins every
/// other time: variances 1/12 and 1/24, but for the 0.25 % of the first unit.
#[test]
fn shared_upper_uniforms_can_raise_the_variance() {
    const SHAPE: Shape = Shape::chain(0, &[Layer::bernoulli(1), Layer::bernoulli(2)]);
    let differ = |b: Bits<'_>| f32::from(u8::from(b.get(0) != b.get(1)));
    for (shared, expected) in [(true, 1.0 / 12.0), (false, 1.0 / 24.0)] {
        let mut engine = engine(SHAPE, Arm);
        engine.share_uniforms = shared;
        // The logit; the weights of both units above, then their biases.
        let params = [0.0, 12.0, 0.0, -6.0, 0.0];
        let (draws, mut sum) = (20_000, 0.0);
        for step in 0..draws {
            let g = gradient(&engine, &mut black_box(&differ), &params, BitMatrix::NONE, 1, step).1[0];
            sum += f64::from(g * g);
        }
        // The standard errors are 0.6 % and 1.1 %.
        let variance = sum / draws as f64;
        assert!((variance / expected - 1.0).abs() < 0.08, "{shared}: {variance} {expected}");
    }
}

/// ARM with scores 1.04 times as large: the proof must notice.
#[derive(Clone, Copy)]
struct Biased;

impl DrawRule for Biased {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        let unit = Arm.draw(p, q, u);
        DrawnUnit { score: 1.04 * unit.score, ..unit }
    }
}

impl Estimator for Biased {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;
    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Arm.signals(evaluated, signal, weight);
    }
}

#[test]
fn four_percent_of_bias_is_noticed() {
    let (z, _) = worst(engine(FREE, Biased), black_box(&f));
    assert!(z > 6.0, "z = {z:.2}");
}

#[test]
fn counts_that_make_no_sense_are_refused() {
    for samples in [0, 1, 1025, usize::MAX] {
        assert_eq!(Rloo { samples }.check(&FREE), Err(Error::Setting));
    }
    for samples in [0, 1, Arms::MOST + 1, usize::MAX] {
        assert_eq!(Arms { samples }.check(&FREE), Err(Error::Setting));
    }
}

/// Probabilities of exactly 0 and 1, and f-values that are huge or no numbers: a finite gradient, or an error.
#[test]
fn extremes_never_become_nan() {
    fn check<E: Estimator>(estimator: E) {
        let engine = engine(FREE, estimator);
        for logit in [0.0f32, 30.0, -40.0, 200.0, -1e6] {
            for f in [1.0f32, 1e4, 3e38, f32::INFINITY, f32::NAN] {
                let mut scratch = vec![0; engine.training_scratch(1)];
                let batch = Batch::new(BitMatrix::NONE, 1, 0, 1);
                let f = |b: Bits<'_>| if b.count_ones() % 2 == 1 { f } else { -f };
                let (params, mut g) = ([logit, -logit, 0.5, logit, logit], [0.0; 5]);
                let mut objective = black_box(&f);
                let result = engine.examples(&mut objective, &params, batch, &mut scratch, &mut [0.0]);
                engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
                match result {
                    Ok(()) => assert!(g.iter().all(|g| g.is_finite()), "{g:?}"),
                    Err(e) => assert!(matches!(e, Error::Diverged | Error::Objective), "{e}"),
                }
                assert!(result.is_err() || f(Bits::EMPTY).is_finite());
            }
        }
    }
    check(Arm);
    check(DisArm);
    check(Arms { samples: 3 });
    check(Leg);
    check(BitFlip);
    check(Ugc);
}
