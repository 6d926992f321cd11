//! What is learned goes down the squared gradient: its derivatives against finite differences.

use super::any::{AnyEstimator, Law};
use super::{DoubleCv, GumbelSoftmax, MuProp, Nvil, ReinMax, Relax, Rodeo, StraightThrough};
use crate::driver::Driver;
use arm_core::estimator::{Estimator, Learned};
use arm_core::kernels::Portable;
use arm_core::objective::Vae;
use arm_core::optim::Adam;
use arm_core::{Batch, BitMatrix, Engine, Layer, Prior, Shape, Shard};

const H: Layer = Layer::hidden(5, 0.2);
/// Without a kink.
const L: Layer = Layer::hidden(5, 1.0);
const SHAPE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[L, Layer::bernoulli(6)], Prior::Learned);

/// The squared gradient with respect to the logits of one example in step `step`, and the statistics it left.
fn squared(engine: &Engine<'_, Portable, AnyEstimator>, step: u64) -> (f64, Vec<f32>) {
    let params: Vec<f32> = (0..SHAPE.params()).map(|i| (i as f32 * 1.7 + 0.3).sin() * 0.8).collect();
    let batch = Batch::new(BitMatrix::new(&[0b10_1101], 6), 1, 0, step);
    let mut scratch = vec![0; engine.training_scratch(1)];
    engine.examples(&mut Vae, &params, batch, &mut scratch, &mut [0.0]).unwrap();
    let mut gradient = [0.0; 4];
    // Of the biases, row 5.
    engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 1, 5, &mut gradient);
    let statistics = engine.statistics(1, &scratch).to_vec();
    (gradient.iter().map(|g| f64::from(*g).powi(2)).sum(), statistics)
}

fn engine<E: Estimator + Send + Sync + 'static>(
    estimator: E,
    seed: u64,
) -> Engine<'static, Portable, AnyEstimator> {
    Engine::new(SHAPE, Portable, AnyEstimator::new(estimator, Law::Relaxed), seed).unwrap()
}

fn learned(estimator: &impl Estimator) -> &dyn Learned {
    estimator.learned().unwrap()
}

fn learned_mut(estimator: &mut impl Estimator) -> &mut dyn Learned {
    estimator.learned_mut().unwrap()
}

/// The learned gradient (in Adam's first moment) against central differences. Where a hidden unit passes its kink the
/// squared gradient jumps: of the weights of nets (behind the first two values) one in a hundred may be as close to one as
/// the shortest step, which rounding limits.
fn check<E: Estimator + Clone + Send + Sync + 'static>(estimator: E) {
    let at = |estimator: &E| engine(estimator.clone(), 7);
    let count = learned(&estimator).state().len() / 3;
    let (mut agree, mut differ) = (0, 0);
    for step in 0..3 {
        let mut learner = estimator.clone();
        learned_mut(&mut learner).learn(0, &squared(&at(&estimator), step).1);
        let moments = &learned(&learner).state()[count..2 * count];
        let gradient: Vec<f64> = moments.iter().map(|m| f64::from(m / (1.0 - 0.9))).collect();
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        for (i, g) in gradient.iter().enumerate() {
            let close = |h: f32| {
                let moved = |h: f32| {
                    let mut state = learned(&estimator).state().to_vec();
                    state[i] += h;
                    let mut estimator = estimator.clone();
                    learned_mut(&mut estimator).set_state(&state).unwrap();
                    squared(&at(&estimator), step).0
                };
                let d = (moved(h) - moved(-h)) / f64::from(2.0 * h);
                (d - g).abs() < 0.01 * (norm / 10.0 + g.abs())
            };
            let agrees = [1e-2, 1e-3, 3e-4].into_iter().any(close);
            assert!(agrees || i > 1, "step {step}, value {i}: {g}");
            agree += usize::from(agrees && *g != 0.0);
            differ += usize::from(!agrees);
        }
    }
    assert!(
        agree > 2 * count && differ <= 3 * count / 100,
        "{agree} agree, {differ} differ, of {count} a step"
    );
}

#[test]
fn rebar() {
    check(Relax::rebar(0.6, 0.8));
    check(Relax::rebar(2.0, 1.4));
}

#[test]
fn relax() {
    let mut relax = Relax::with_net(0.7, 0.8, &SHAPE, 3, 1);
    relax.net_mut().iter_mut().enumerate().for_each(|(i, w)| *w += 0.5 * (i as f32 * 0.9).sin());
    check(relax);
}

#[test]
fn double_cv() {
    for samples in [2, 3] {
        check(DoubleCv::new(samples, 1, -0.4));
    }
}

#[test]
fn rodeo() {
    for samples in [2, 3] {
        check(Rodeo::new(samples, 1, (0.6, -0.7), 2));
    }
}

#[test]
fn what_was_learned_goes_on() {
    let (mut a, mut b) = (Rodeo::new(2, 1, (0.1, 0.0), 1), Rodeo::new(2, 1, (0.0, 0.2), 2));
    let statistics = squared(&engine(a.clone(), 1), 0).1;
    learned_mut(&mut a).learn(0, &statistics);
    learned_mut(&mut b).set_state(learned(&a).state()).unwrap();
    assert_eq!(a, b);
    learned_mut(&mut b).learn(1, &statistics);
    assert_ne!(a, b);
    assert!(learned_mut(&mut b).set_state(&[1.0]).is_err());
    let before = b.clone();
    learned_mut(&mut b).learn(2, &vec![f32::NAN; statistics.len()]);
    assert_eq!(b, before);
}

/// Bits of the parameters and of what was learned after six steps of 7 examples.
fn trained(estimator: AnyEstimator, threads: usize) -> (Vec<u32>, Vec<u32>) {
    let mut driver = Driver::new(SHAPE, estimator, Vae, Adam::new(0.01), 3, 7, threads).unwrap();
    for _ in 0..6 {
        driver.step(BitMatrix::new(&[1, 5, 9, 0b10_1101, 0, 63, 32], 6), 7).unwrap();
    }
    let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect();
    (bits(driver.params()), bits(driver.engine().learned_state()))
}

fn for_any_threads<E: Estimator + Clone + Send + Sync + 'static>(estimator: E) {
    let any = || AnyEstimator::new(estimator.clone(), Law::Relaxed);
    let one = trained(any(), 1);
    assert!(
        estimator.learned().is_none_or(|learned| learned.state().is_empty()) || one.1.iter().any(|v| *v != 0)
    );
    for threads in [2, 3] {
        assert!(trained(any(), threads) == one, "{threads} threads");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for_any_threads(Relax::rebar(0.1, 1.0));
    for_any_threads(Relax::with_net(0.1, 1.0, &SHAPE, 5, 1));
    for_any_threads(DoubleCv::new(2, 1, 0.0));
    for_any_threads(Rodeo::new(3, 1, (0.0, 0.0), 1));
    for_any_threads(StraightThrough);
    for_any_threads(ReinMax);
    for_any_threads(MuProp);
    for_any_threads(Nvil::new(&SHAPE, 5, 1));
    for_any_threads(GumbelSoftmax::default());
}
