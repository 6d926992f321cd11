//! Estimators that use the gradient of f with respect to b: that gradient, and their means, against enumeration.
//!
//! Seeds are fixed. For another seed a test of 400 observations and fewer than 300 parameters raises a false alarm at
//! |z| > 6 with probability below 1.5e-6; there are 48 such tests,
//! of which those of 4000 observations are of no more than 4 parameters.

use arm_core::estimator::{Estimator, Exact, Rloo};
use arm_core::kernels::Portable;
use arm_core::objective::{Objective, Vae};
use arm_core::{Batch, BitMatrix, Bits, Engine, Error, Layer, Prior, Shape, Shard};
use arm_std::estimators::{DoubleCv, GumbelSoftmax, MuProp, Nvil, ReinMax, Relax, Rodeo, StraightThrough};
use arm_tests::{Moments, Smooth, gradient, wavy_params};

const H: Layer = Layer::hidden(4, 0.2);
const ONE: Shape = Shape::vae(6, &[H, Layer::bernoulli(4)], &[H, H, Layer::bernoulli(6)], Prior::Learned);
const FIXED: Shape = Shape::vae(6, &[Layer::bernoulli(4)], &[Layer::bernoulli(6)], Prior::Fixed);
const TWO: Shape = Shape::vae(
    6,
    &[Layer::bernoulli(4), H, H, Layer::bernoulli(3)],
    &[H, Layer::bernoulli(4), Layer::bernoulli(6)],
    Prior::Learned,
);
const CHAIN: Shape = Shape::chain(6, &[Layer::bernoulli(4), H, Layer::bernoulli(4)]);
const FREE: Shape = Shape::chain(0, &[Layer::bernoulli(4)]);

/// 2 + z0 z1 - 3 z2 + 1.5 z0 z3^2 + (z1 - z2) z3, and its gradient.
fn smooth(z: &[f32], g: &mut [f32]) -> f32 {
    g[0] = z[1] + 1.5 * z[3] * z[3];
    g[1] = z[0] + z[3];
    g[2] = -3.0 - z[3];
    g[3] = 3.0 * z[0] * z[3] + z[1] - z[2];
    2.0 + z[0] * z[1] - 3.0 * z[2] + 1.5 * z[0] * z[3] * z[3] + (z[1] - z[2]) * z[3]
}

fn at_bits(b: Bits<'_>) -> f32 {
    let z: Vec<f32> = b.iter().map(|b| f32::from(u8::from(b))).collect();
    smooth(&z, &mut [0.0; 4])
}

const SMOOTH: Smooth = Smooth { f: at_bits, gradient: smooth };

/// The largest z-score of the mean gradient, and the trace of its variance for a batch of 50.
fn worst<E: Estimator>(
    shape: Shape<'_>,
    estimator: E,
    objective: impl Objective<Portable> + Clone,
) -> (f64, f64) {
    worst_of(400, shape, estimator, objective)
}

/// [`worst`] of so many batches.
fn worst_of<E: Estimator>(
    batches: u64,
    shape: Shape<'_>,
    estimator: E,
    objective: impl Objective<Portable> + Clone,
) -> (f64, f64) {
    let engine = Engine::new(shape, Portable, estimator, 20_190_506).unwrap();
    let params = wavy_params(&shape, 0.8);
    let exact = Engine::new(shape, Portable, Exact::new(&shape).unwrap(), 0).unwrap();
    let words = if shape.inputs() == 0 { vec![] } else { vec![0b10_1101; 50] };
    let x = |n: usize| BitMatrix::new(&words[..n.min(words.len())], shape.inputs());
    let (_, expected) = gradient(&exact, &mut objective.clone(), &params, x(1), 1, 0);
    let mut moments = Moments::default();
    for step in 0..batches {
        moments.push(&gradient(&engine, &mut objective.clone(), &params, x(50), 50, step).1);
    }
    (moments.worst_z(&expected), moments.trace())
}

fn of_one_layer<E: Estimator>(make: impl Fn(&Shape<'_>) -> E) {
    for (name, z) in [
        ("VAE with hidden layers", worst(ONE, make(&ONE), Vae).0),
        ("linear VAE", worst(FIXED, make(&FIXED), Vae).0),
        ("smooth f of free logits", worst(FREE, make(&FREE), SMOOTH).0),
    ] {
        assert!(z < 6.0, "{name}: z = {z:.2}");
    }
}

fn of_two_layers<E: Estimator>(make: impl Fn(&Shape<'_>) -> E) {
    for (name, z) in [
        ("VAE", worst(TWO, make(&TWO), Vae).0),
        ("smooth f above two layers", worst(CHAIN, make(&CHAIN), SMOOTH).0),
    ] {
        assert!(z < 6.0, "two layers, {name}: z = {z:.2}");
    }
}

#[test]
fn rebar_is_unbiased_for_any_temperature_and_factor() {
    for (temperature, factor) in [(0.1, 1.0), (0.5, 0.6), (2.0, -1.5)] {
        of_one_layer(|_| Relax::rebar(temperature, factor));
        let z = worst_of(4000, FREE, Relax::rebar(temperature, factor), SMOOTH).0;
        assert!(z < 6.0, "ten times the draws: z = {z:.2}");
    }
}

#[test]
fn relax_is_unbiased_for_any_net() {
    for (temperature, factor) in [(0.3, 1.0), (1.0, 0.5)] {
        of_one_layer(|shape| {
            let mut relax = Relax::with_net(temperature, factor, shape, 7, 1);
            relax.net_mut().iter_mut().enumerate().for_each(|(i, w)| *w += 0.5 * (i as f32 * 0.9).sin());
            relax
        });
    }
}

#[test]
fn double_control_variates_are_unbiased_for_any_factor() {
    for alpha in [-1.0, 0.7] {
        of_one_layer(|s| DoubleCv::new(2, s.stochastic_layers(), alpha));
        of_two_layers(|s| DoubleCv::new(2, s.stochastic_layers(), alpha));
    }
    of_one_layer(|s| DoubleCv::new(4, s.stochastic_layers(), -1.0));
}

#[test]
fn rodeo_is_unbiased_for_any_factors_and_net() {
    for factors in [(1.0, 1.0), (-0.5, 2.0)] {
        of_one_layer(|s| Rodeo::new(2, s.stochastic_layers(), factors, 1));
        of_two_layers(|s| Rodeo::new(2, s.stochastic_layers(), factors, 2));
    }
    of_one_layer(|s| Rodeo::new(3, s.stochastic_layers(), (1.0, 1.0), 3));
    let z = worst_of(4000, FREE, Rodeo::new(2, 1, (5.0, -4.5), 4), SMOOTH).0;
    assert!(z < 6.0, "ten times the draws: z = {z:.2}");
}

#[test]
fn muprop_is_unbiased() {
    of_one_layer(|_| MuProp);
}

/// Whatever the baseline, where the variance it has seen is 1 or less.
#[test]
fn nvil_is_unbiased_for_any_baseline() {
    let with_baseline = |shape: &Shape<'_>| {
        let mut nvil = Nvil::new(shape, 5, 1);
        let learned = nvil.learned_mut().unwrap();
        let mut state = learned.state().to_vec();
        (state[0], state[1], state[2]) = (1.0, 1.7, 0.8);
        let values = state.len() / 3;
        state[3..values].iter_mut().enumerate().for_each(|(i, w)| *w += 0.5 * (i as f32 * 0.9).sin());
        learned.set_state(&state).unwrap();
        nvil
    };
    of_one_layer(with_baseline);
    of_two_layers(with_baseline);
}

#[test]
fn reinmax_is_exact_where_f_is_quadratic_in_each_unit() {
    let z = worst(FREE, ReinMax, SMOOTH).0;
    assert!(z < 6.0, "z = {z:.2}");
}

#[test]
fn straight_through_and_gumbel_softmax_are_biased() {
    for (name, (z, _)) in [
        ("straight-through", worst(FREE, StraightThrough, SMOOTH)),
        ("Gumbel-softmax", worst(FREE, GumbelSoftmax::default(), SMOOTH)),
    ] {
        assert!(z > 12.0, "{name}: z = {z:.2}");
    }
}

/// At alpha = 0 both are leave-one-out REINFORCE; with the control variate they vary less.
#[test]
fn control_variates_lower_the_variance() {
    let trace = |alpha| worst(FREE, DoubleCv::new(2, 1, alpha), SMOOTH).1;
    let (without, with) = (trace(0.0), trace(-1.0));
    let rloo = worst(FREE, Rloo { samples: 2 }, SMOOTH).1;
    // Both have the same law; a trace of 400 observations has a standard error of some 5 %.
    assert!((without / rloo - 1.0).abs() < 0.3, "{without} {rloo}");
    assert!(with < 0.5 * without, "{with} {without}");
}

#[test]
fn stacks_and_black_boxes_are_refused_where_they_cannot_be_served() {
    let refused = |e: Result<Engine<'_, Portable, Relax>, Error>| e.err() == Some(Error::Unsupported);
    assert!(refused(Engine::new(TWO, Portable, Relax::rebar(0.1, 1.0), 1)));
    assert_eq!(Engine::new(TWO, Portable, GumbelSoftmax::default(), 1).err(), Some(Error::Unsupported));
    assert_eq!(Engine::new(TWO, Portable, MuProp, 1).err(), Some(Error::Unsupported));
    assert_eq!(Engine::new(TWO, Portable, Nvil::new(&FREE, 3, 1), 1).err(), Some(Error::Setting));
    for (samples, layers, alpha) in [(1, 1, 0.0), (0, 1, 0.0), (2, 2, 0.0), (2, 1, f32::NAN)] {
        let e = Engine::new(ONE, Portable, DoubleCv::new(samples, layers, alpha), 1);
        assert_eq!(e.err(), Some(Error::Setting));
    }
    assert_eq!(Engine::new(ONE, Portable, Relax::rebar(0.0, 1.0), 1).err(), Some(Error::Setting));
}

/// Gradients of free logits in one step, or why it was refused.
fn step<E: Estimator>(
    estimator: E,
    params: &[f32],
    objective: &mut impl Objective<Portable>,
) -> Result<Vec<f32>, Error> {
    let engine = Engine::new(FREE, Portable, estimator, 1)?;
    let mut scratch = vec![0; engine.training_scratch(1)];
    let batch = Batch::new(BitMatrix::NONE, 1, 0, 0);
    engine.examples(objective, params, batch, &mut scratch, &mut [0.0])?;
    let mut g = vec![0.0; 4];
    engine.gradient(1.0, &[Shard { batch, scratch: &scratch }], 0, 0, &mut g);
    Ok(g)
}

fn stays_finite<E: Estimator + Clone>(estimator: E) {
    // Probabilities of exactly 0 and 1, and of a half.
    let g = step(estimator.clone(), &[200.0, -200.0, 0.0, -200.0], &mut SMOOTH.clone()).unwrap();
    assert!(g.iter().all(|g| g.is_finite()) && [0, 1, 3].iter().all(|&i| g[i] == 0.0), "{g:?}");
    let mut nan = Smooth { f: |_: Bits<'_>| f32::NAN, gradient: smooth };
    assert_eq!(step(estimator.clone(), &[0.0; 4], &mut nan), Err(Error::Objective));
    let slopes = |_: &[f32], g: &mut [f32]| {
        g.fill(f32::INFINITY);
        0.0
    };
    let mut steep = Smooth { f: at_bits, gradient: slopes };
    assert_eq!(step(estimator, &[0.0; 4], &mut steep), Err(Error::Diverged));
}

#[test]
fn certain_units_have_no_gradient_and_infinite_values_are_refused() {
    stays_finite(Relax::rebar(0.1, 1.0));
    stays_finite(Relax::with_net(0.1, 1.0, &FREE, 3, 1));
    stays_finite(DoubleCv::new(2, 1, -1.0));
    stays_finite(Rodeo::new(2, 1, (1.0, 1.0), 1));
    stays_finite(StraightThrough);
    stays_finite(ReinMax);
    stays_finite(MuProp);
    stays_finite(GumbelSoftmax::default());
}
