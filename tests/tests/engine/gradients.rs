//! The gradient of a small VAE against an independent implementation, and against finite differences.

use arm_core::estimator::{Arm, Exact};
use arm_core::kernels::Portable;
use arm_core::objective::Vae;
use arm_core::{BitMatrix, Engine, Layer, Prior, Shape};
use arm_tests::{gradient, wavy_params};

include!("../../golden/vae_gradient.rs");

const fn h(width: usize) -> Layer {
    Layer::hidden(width, 0.1)
}
const fn b(width: usize) -> Layer {
    Layer::bernoulli(width)
}
const SHAPE: Shape = Shape::vae(12, &[h(7), b(5), b(4)], &[h(6), b(5), h(8), b(12)], Prior::Learned);

#[test]
fn given_uniforms_it_equals_the_numpy_reference() {
    let engine = Engine::new(SHAPE, Portable, Arm, SEED).unwrap();
    let params = wavy_params(&SHAPE, 0.8);
    let (f, g) = gradient(&engine, &mut Vae, &params, BitMatrix::new(&X, 12), EXAMPLES, STEP);
    assert!((f64::from(f) - F.iter().sum::<f64>() / EXAMPLES as f64).abs() < 1e-5);
    assert!(g.iter().filter(|g| **g != 0.0).count() > g.len() / 2, "the reference exercises most parameters");
    for (i, (g, expected)) in g.iter().zip(GRADIENT).enumerate() {
        assert!(
            (f64::from(*g) - expected).abs() < 1e-5 * (1.0 + expected.abs()),
            "parameter {i}: {g} {expected}"
        );
    }
}

const LINEAR: Shape = Shape::vae(
    12,
    &[Layer::hidden(7, 1.0), b(5), b(4)],
    &[Layer::hidden(6, 1.0), b(5), Layer::hidden(8, 1.0), b(12)],
    Prior::Learned,
);

/// E f, enumerated, is smooth in the parameters of encoder and decoder where hidden layers have no kink; the reference
/// above checks the kink.
#[test]
fn the_exact_gradient_equals_finite_differences() {
    let engine = Engine::new(LINEAR, Portable, Exact::new(&LINEAR).unwrap(), 0).unwrap();
    let params = wavy_params(&LINEAR, 0.8);
    let x = [0b1010_0111_0010];
    let value = |params: &[f32]| -> f64 {
        f64::from(gradient(&engine, &mut Vae, params, BitMatrix::new(&x, 12), 1, 0).0)
    };
    let (_, g) = gradient(&engine, &mut Vae, &params, BitMatrix::new(&x, 12), 1, 0);
    let step = 0.03f32;
    let mut worst = 0f64;
    for i in 0..params.len() {
        let at = |k: f32| {
            let mut moved = params.clone();
            moved[i] += k * step;
            value(&moved)
        };
        // Fourth order, because f32 values forbid small steps.
        let d = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * f64::from(step));
        worst = worst.max((d - f64::from(g[i])).abs());
    }
    let norm = g.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
    assert!(norm > 1.0 && worst < 5e-4 * norm, "{worst} of {norm}");
}
