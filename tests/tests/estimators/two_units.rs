//! The law of every estimator's gradient for two units, means, variances and covariance, against enumeration or quadrature
//! of its formula in f64 (`arm_tests::reference`).
//!
//! Seeds are fixed. Standard errors are exact, of the reference; for another seed one of the five z-scores of a check is
//! beyond 5.5 with probability 5 x 4e-8, if sums of 100,000 are normal; there are 77 checks: 1.5e-5.
//! `rebar` and `relax` are also compared draw by draw.

use arm_core::estimator::*;
use arm_core::kernels::Portable;
use arm_core::objective::{Objective, Vae};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Batch, BitMatrix, Bits, Engine, Layer, Prior, Shape, Shard};
use arm_std::estimators::{DoubleCv, GumbelSoftmax, MuProp, Nvil, ReinMax, Relax, Rodeo, StraightThrough};
use arm_tests::Smooth;
use arm_tests::law::{Law, Two, sigmoid};
use arm_tests::reference::{self, Net};

const FREE: Shape = Shape::chain(0, &[Layer::bernoulli(2)]);
const VAE: Shape = Shape::vae(1, &[Layer::bernoulli(2)], &[Layer::bernoulli(1)], Prior::Learned);

/// 2 + 1.5 z0 - 2 z1 + 2.5 z0 z1 + z0^3 - 0.7 z0 z1^3: neither linear nor quadratic in a unit.
fn smooth(z: [f64; 2]) -> f64 {
    2.0 + 1.5 * z[0] - 2.0 * z[1] + 2.5 * z[0] * z[1] + z[0].powi(3) - 0.7 * z[0] * z[1].powi(3)
}

fn slope(z: [f64; 2]) -> [f64; 2] {
    [
        1.5 + 2.5 * z[1] + 3.0 * z[0].powi(2) - 0.7 * z[1].powi(3),
        -2.0 + 2.5 * z[0] - 2.1 * z[0] * z[1].powi(2),
    ]
}

fn at_bits(b: Bits<'_>) -> f32 {
    smooth([0, 1].map(|i| f64::from(u8::from(b.get(i))))) as f32
}

fn at_numbers(z: &[f32], g: &mut [f32]) -> f32 {
    let z = [f64::from(z[0]), f64::from(z[1])];
    g.iter_mut().zip(slope(z)).for_each(|(g, s)| *g = s as f32);
    smooth(z) as f32
}

const SMOOTH: Smooth = Smooth { f: at_bits, gradient: at_numbers };

/// Draws the gradient with respect to the two logits `draws` times: it lies in row `row` of layer 0.
fn draws<E: Estimator>(
    engine: &Engine<'_, Portable, E>,
    objective: &mut impl Objective<Portable>,
    (params, x): (&[f32], BitMatrix<'_>),
    draws: u64,
    mut see: impl FnMut([f64; 2]),
) {
    let mut scratch = vec![0; engine.training_scratch(1)];
    let row = engine.shape().inputs();
    for step in 0..draws {
        let batch = Batch::new(x, 1, 0, step);
        engine.examples(objective, params, batch, &mut scratch, &mut [0.0]).unwrap();
        let mut g = [0.0; 2];
        engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 0, row, &mut g);
        see(g.map(f64::from));
    }
}

/// What was seen of a law: five z-scores.
fn z_scores(law: &Law, count: f64, sums: [f64; 2], products: [f64; 3]) -> [f64; 5] {
    let z = |seen: f64, expected: f64, deviation: f64| {
        // f32 rounds values of up to 5.
        let rounding = 3e-6 * (1.0 + expected.abs());
        ((seen - expected).abs() - rounding).max(0.0) / (deviation / count.sqrt() + 1e-9)
    };
    let of_mean = |i: usize| z(sums[i] / count, 0.0, law.variance(i).sqrt());
    let of_product = |k: usize, i: usize, j: usize| {
        let (value, deviation) = law.covariance(i, j);
        z(products[k] / count, value, deviation)
    };
    [of_mean(0), of_mean(1), of_product(0, 0, 0), of_product(1, 1, 1), of_product(2, 0, 1)]
}

fn compare<E: Estimator>(
    (what, count): (&str, u64),
    engine: Engine<'_, Portable, E>,
    objective: &mut impl Objective<Portable>,
    at: (&[f32], BitMatrix<'_>),
    law: &Law,
) {
    assert!((law.total() - 1.0).abs() < 1e-9, "{what}: {}", law.total());
    let mean = law.mean();
    let (mut sums, mut products) = ([0.0; 2], [0.0; 3]);
    draws(&engine, objective, at, count, |g| {
        let d = [g[0] - mean[0], g[1] - mean[1]];
        [0, 1].iter().for_each(|&i| sums[i] += d[i]);
        [d[0] * d[0], d[1] * d[1], d[0] * d[1]].iter().zip(&mut products).for_each(|(d, p)| *p += d);
    });
    let z = z_scores(law, count as f64, sums, products);
    assert!(z.iter().all(|z| *z < 5.5), "{what}: z of means, variances, covariance {z:.1?}");
}

/// Draws of a check.
const DRAWS: u64 = 100_000;

const PHI: [f32; 2] = [0.4, -1.3];

/// f of free logits.
fn free(of: impl FnOnce(&Two<'_>) -> Law) -> Law {
    of(&Two { phi: PHI.map(f64::from), f: &smooth, slope: &slope, log_q: false })
}

fn check_free<E: Estimator>(draws: u64, estimator: E, law: impl Fn(&Two<'_>) -> Law) {
    let engine = Engine::new(FREE, Portable, estimator, 77).unwrap();
    let mut f = SMOOTH;
    compare(("free", draws), engine, &mut f, (&PHI, BitMatrix::NONE), &free(law));
}

/// -ELBO of one input unit, which is 1: the rows of the encoder's weights are that of the input and the biases.
fn check_vae<E: Estimator>(draws: u64, estimator: E, law: impl Fn(&Two<'_>) -> Law) {
    let params: [f32; 9] = [0.9, -0.8, -0.4, 1.7, 2.5, -1.5, 0.6, 0.3, -0.9];
    let v = params.map(f64::from);
    let (phi, w, c, prior) = ([v[0] + v[2], v[1] + v[3]], [v[4], v[5]], v[6], [v[7], v[8]]);
    let log_sum = |logit: f64| logit.exp().ln_1p();
    let logit = |z: [f64; 2]| w[0] * z[0] + w[1] * z[1] + c;
    let f = |z: [f64; 2]| {
        let of_units = |i: usize| (phi[i] - prior[i]) * z[i] - log_sum(phi[i]) + log_sum(prior[i]);
        of_units(0) + of_units(1) - logit(z) + log_sum(logit(z))
    };
    let slope = |z: [f64; 2]| [0, 1].map(|i| phi[i] - prior[i] - (1.0 - sigmoid(logit(z))) * w[i]);
    let law = law(&Two { phi, f: &f, slope: &slope, log_q: true });
    let engine = Engine::new(VAE, Portable, estimator, 78).unwrap();
    compare(("VAE", draws), engine, &mut Vae, (&params, BitMatrix::new(&[1], 1)), &law);
}

fn check<E: Estimator + Clone>(estimator: E, law: impl Fn(&Two<'_>) -> Law) {
    check_free(DRAWS, estimator.clone(), &law);
    check_vae(DRAWS, estimator, &law);
}

#[test]
fn one_sample() {
    check(Ar, |two| reference::ar(two, 0.0));
    check(Reinforce::default(), |two| reference::reinforce(two, 0.0));
    check(Reinforce { baseline: Baseline::Constant(1.7) }, |two| reference::reinforce(two, 1.7));
    let exact = |two: &Two<'_>| {
        let mut law = Law::default();
        law.push(1.0, two.gradient());
        law
    };
    check_free(DRAWS, Exact::new(&FREE).unwrap(), exact);
    check_vae(DRAWS, Exact::new(&VAE).unwrap(), exact);
}

#[test]
fn pairs() {
    check(Arm, reference::arm);
    check(DisArm, reference::disarm);
    for symmetrised in [false, true] {
        for samples in [2, 3] {
            let of = move |two: &Two<'_>| reference::local_disarm(two, samples, symmetrised);
            check(LocalDisArm { samples, symmetrised }, of);
        }
    }
}

#[test]
fn flips() {
    check(Leg, reference::leg);
    check(BitFlip, reference::bitflip);
    check(Ugc, reference::ugc);
}

#[test]
fn several_samples() {
    for samples in [2, 3] {
        check(Rloo { samples }, |two| reference::rloo(two, samples));
        check(Arms { samples }, |two| reference::arms(two, samples));
    }
    check(Arms { samples: 4 }, |two| reference::arms(two, 4));
}

#[test]
fn vimco() {
    for samples in [2, 3] {
        check(Vimco { samples }, |two| reference::vimco(two, samples));
    }
}

#[test]
fn ovis() {
    for samples in [2, 3] {
        check(Ovis { samples }, |two| reference::ovis(two, samples));
    }
}

#[test]
fn arms_bound() {
    for samples in [2, 3] {
        check(ArmsBound { samples }, |two| reference::arms_bound(two, samples));
    }
}

#[test]
fn reweighted_wake_sleep() {
    for samples in [2, 3] {
        check(Rws { samples }, |two| reference::rws(two, samples));
    }
}

#[test]
fn biased_with_the_gradient_of_f() {
    check(StraightThrough, reference::straight_through);
    check(ReinMax, reference::reinmax);
    check(GumbelSoftmax { temperature: 0.5 }, |two| reference::gumbel_softmax(two, 0.5, 24));
}

#[test]
fn muprop() {
    check(MuProp, reference::muprop);
}

#[test]
fn nvil() {
    // C(x) of a hidden unit, whose centre and scale have been learned.
    let with_state = |shape: &Shape<'_>, values: &[f32]| {
        let mut nvil = Nvil::new(shape, 1, 1);
        let mut state = values.to_vec();
        state.resize(3 * values.len(), 0.0);
        nvil.learned_mut().unwrap().set_state(&state).unwrap();
        nvil
    };
    let scaled = |baseline: f64| {
        move |two: &Two<'_>| {
            let (law, mut scaled) = (reference::reinforce(two, baseline), Law::default());
            law.outcomes().iter().for_each(|(p, g)| scaled.push(*p, g.map(|g| g / 1.5)));
            scaled
        }
    };
    // Before it has seen anything.
    let bounded = |two: &Two<'_>| {
        two.of_samples(1, |b| two.score(b[0]).map(|s| s * (two.f)(b[0]) / (two.f)(b[0]).abs().max(1.0)))
    };
    check_free(DRAWS, Nvil::new(&FREE, 3, 1), bounded);
    // Seen, c, v; the hidden unit's bias and output weight, the output's bias.
    let free = with_state(&FREE, &[1.0, 0.5, 2.25, 0.8, 1.5, -0.3]);
    check_free(DRAWS, free, scaled(0.5 + 1.5 * 0.8f64.tanh() - 0.3));
    let vae = with_state(&VAE, &[1.0, 0.5, 2.25, 0.4, 0.8, 1.5, -0.3]);
    check_vae(DRAWS, vae, scaled(0.5 + 1.5 * 1.2f64.tanh() - 0.3));
}

/// The gradient of free logits is, draw by draw, what the formula makes of the same uniforms: a small bias that would
/// drown in the variance shows here.
fn follows<E: Estimator>(estimator: E, of: impl Fn(&Two<'_>, [f64; 2], [f64; 2]) -> [f64; 2]) {
    let two = Two { phi: PHI.map(f64::from), f: &smooth, slope: &slope, log_q: false };
    let engine = Engine::new(FREE, Portable, estimator, 79).unwrap();
    let (mut f, mut step) = (SMOOTH, 0);
    draws(&engine, &mut f, (&PHI, BitMatrix::NONE), 1000, |g| {
        let uniforms = |purpose| {
            let mut u = [0.0f32; 2];
            Stream::new(79, purpose, step, 0, 0).fill(&mut u);
            u.map(f64::from)
        };
        let expected = of(&two, uniforms(Purpose::Sample), uniforms(Purpose::Relax));
        let close = |i: usize| (g[i] - expected[i]).abs() < 1e-4 * (1.0 + expected[i].abs());
        assert!(close(0) && close(1), "step {step}: {g:?} {expected:?}");
        step += 1;
    });
}

#[test]
fn rebar() {
    follows(Relax::rebar(0.3, 0.9), |two, u, v| reference::rebar_at(two, (0.3, 0.9), &Net::default(), u, v));
    // At temperatures 1 and 1/2 what is integrated is a rational function.
    for (t, s) in [(1.0, 1.0), (0.5, -0.7)] {
        check(Relax::rebar(t as f32, s as f32), |two| reference::rebar(two, (t, s), &Net::default(), 12));
    }
}

#[test]
fn relax() {
    let net = |shape: &Shape<'_>| {
        let mut relax = Relax::with_net(0.5, 0.8, shape, 2, 1);
        relax.net_mut().iter_mut().enumerate().for_each(|(i, w)| *w = 0.8 * (i as f32 * 1.7 + 0.4).sin());
        relax
    };
    // The rows of both z, of the biases, of an input that is 1; the output.
    let of = |mut relax: Relax, inputs: usize| {
        let w: Vec<f64> = relax.net_mut().iter().map(|w| f64::from(*w)).collect();
        let bias = |h: usize| (0..=inputs).map(|row| w[2 * (2 + row) + h]).sum();
        let out = 2 * (3 + inputs);
        let units = (0..2).map(|h| ([w[h], w[2 + h], bias(h)], w[out + h])).collect();
        Net { units, bias: w[out + 2] }
    };
    let law = |inputs: usize, relax: Relax| {
        let net = of(relax, inputs);
        move |two: &Two<'_>| reference::rebar(two, (0.5, 0.8f32.into()), &net, 24)
    };
    let of_free = of(net(&FREE), 0);
    follows(net(&FREE), |two, u, v| reference::rebar_at(two, (0.5, 0.8f32.into()), &of_free, u, v));
    check_free(DRAWS, net(&FREE), law(0, net(&FREE)));
    check_vae(DRAWS, net(&VAE), law(1, net(&VAE)));
}

#[test]
fn double_control_variates() {
    for (samples, alpha) in [(2, -0.8), (3, 0.6)] {
        check(DoubleCv::new(samples, 1, alpha), |two| reference::double_cv(two, samples, alpha.into()));
    }
}

#[test]
fn rodeo() {
    for (samples, factors) in [(2, (5.0, -4.5)), (3, (-4.5, 5.0))] {
        let rodeo = Rodeo::new(samples, 1, factors, 4);
        let state = rodeo.learned().unwrap().state();
        let net: Vec<f64> = state[2..state.len() / 3].iter().map(|w| f64::from(*w)).collect();
        let factors = (f64::from(factors.0), f64::from(factors.1));
        let law = |two: &Two<'_>| reference::rodeo(two, samples, factors, &net);
        // Its net makes it slow.
        check_free(DRAWS / 5, rodeo.clone(), law);
        check_vae(DRAWS / 5, rodeo, law);
    }
}

/// The references of unbiased estimators have the gradient as their mean, exactly.
#[test]
fn the_references_are_unbiased() {
    let exact = |of: fn(&Two<'_>) -> Law| {
        let (seen, expected) = (free(of).mean(), {
            let two = Two { phi: PHI.map(f64::from), f: &smooth, slope: &slope, log_q: false };
            two.gradient()
        });
        (0..2).map(|i| (seen[i] - expected[i]).abs()).fold(0.0, f64::max)
    };
    let unbiased: [fn(&Two<'_>) -> Law; 14] = [
        |two| reference::ar(two, 0.7),
        reference::arm,
        reference::disarm,
        reference::leg,
        reference::bitflip,
        reference::ugc,
        |two| reference::reinforce(two, -1.2),
        |two| reference::rloo(two, 3),
        |two| reference::arms(two, 2),
        |two| reference::arms(two, 4),
        reference::muprop,
        |two| reference::double_cv(two, 3, 2.0),
        |two| reference::rodeo(two, 3, (5.0, 5.0), &[0.4, 0.3, 0.1, 0.9, -0.7, 0.2, -0.1]),
        |two| reference::rebar(two, (0.5, 1.3), &Net::default(), 16),
    ];
    for (i, of) in unbiased.into_iter().enumerate() {
        assert!(exact(of) < 1e-9, "{i}: {}", exact(of));
    }
    for (i, of) in [reference::straight_through, reference::reinmax].into_iter().enumerate() {
        assert!(exact(of) > 1e-3, "{i}");
    }
}

/// For an f that is quadratic in each unit ReinMax has no bias, straight-through has.
#[test]
fn reinmax_is_exact_for_quadratic_f() {
    let f = |z: [f64; 2]| 1.5 * z[0] - z[1] + 2.5 * z[0] * z[1] + z[0].powi(2) - 0.7 * z[1].powi(2);
    let slope = |z: [f64; 2]| [1.5 + 2.5 * z[1] + 2.0 * z[0], -1.0 + 2.5 * z[0] - 1.4 * z[1]];
    let two = Two { phi: PHI.map(f64::from), f: &f, slope: &slope, log_q: false };
    let off = |law: Law| (0..2).map(|i| (law.mean()[i] - two.gradient()[i]).abs()).fold(0.0, f64::max);
    assert!(off(reference::reinmax(&two)) < 1e-14 && off(reference::straight_through(&two)) > 1e-2);
}
