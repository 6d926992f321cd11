//! Other numbers for binary units: the same function with folded parameters, gradients by finite differences, the same
//! bits however a batch is split.

use arm_core::estimator::{Arm, DisArm, Estimator, Exact, Leg, Rloo};
use arm_core::kernels::Portable;
use arm_core::objective::Vae;
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::{BitMatrix, Coding, Codings, Engine, Layer, Learner, Prior, Shape};
use arm_std::driver::Driver;
use arm_tests::{gradient, wavy_params};

const PLAIN: Shape = Shape::vae(
    37,
    &[Layer::hidden(7, 0.3), Layer::bernoulli(19), Layer::bernoulli(5)],
    &[Layer::bernoulli(19), Layer::bernoulli(37)],
    Prior::Learned,
);
const MEANS: [f32; 37] = {
    let mut means = [0.0; 37];
    let mut i = 0;
    while i < 37 {
        means[i] = (i % 5) as f32 / 4.0;
        i += 1;
    }
    means
};
const CODINGS: [Shape; 3] = [
    PLAIN.coded(&Codings { x: Coding::Signed, b: Coding::ZeroOne }),
    PLAIN.coded(&Codings { x: Coding::Centred(&MEANS), b: Coding::Signed }),
    PLAIN.coded(&Codings { x: Coding::ZeroOne, b: Coding::Signed }),
];

fn x(examples: usize) -> Vec<u32> {
    (0..examples as u32).flat_map(|i| [0x9e37_79b9u32.wrapping_mul(i + 1), i % 32]).collect()
}

/// The parameters of `PLAIN` that make it the function of a coded shape: W s, and c - W m.
fn folded(shape: &Shape<'_>, params: &[f32]) -> Vec<f32> {
    let mut out = params.to_vec();
    // Layers that read units: x, b_1, and in the decoder b_2, b_1.
    for (i, coding) in [
        (0, shape.x_coding()),
        (1, Coding::ZeroOne),
        (2, shape.b_coding()),
        (3, shape.b_coding()),
        (4, shape.b_coding()),
    ] {
        let dense = shape.dense(i);
        for row in 0..dense.inputs {
            for o in 0..dense.outputs {
                let w = params[dense.offset + row * dense.stride + o];
                out[dense.offset + row * dense.stride + o] = coding.scale() * w;
                out[dense.offset + dense.inputs * dense.stride + o] -= coding.shift(row) * w;
            }
        }
    }
    out
}

fn same_function<E: Estimator + Copy>(shape: Shape<'_>, estimator: E) {
    let words = x(11);
    let x = BitMatrix::new(&words, 37);
    let params = wavy_params(&shape, 0.3);
    let coded = Engine::new(shape, Portable, estimator, 4).unwrap();
    let plain = Engine::new(PLAIN, Portable, estimator, 4).unwrap();
    let (f1, g1) = gradient(&coded, &mut Vae, &params, x, 11, 3);
    let (f2, g2) = gradient(&plain, &mut Vae, &folded(&shape, &params), x, 11, 3);
    assert!((f1 - f2).abs() < 1e-4 * f2.abs(), "{f1} {f2}");
    let norm = g2.iter().map(|g| g * g).sum::<f32>().sqrt();
    for i in 0..shape.dense_layers() {
        let dense = shape.dense(i);
        let coding = match i {
            0 => shape.x_coding(),
            2..5 => shape.b_coding(),
            _ => Coding::ZeroOne,
        };
        let at = |g: &[f32], row: usize, o: usize| g[dense.offset + row * dense.stride + o];
        for row in 0..=dense.inputs {
            for o in 0..dense.outputs {
                // d/dW of the coded one: s times that of the folded weight, minus m times that of its bias.
                let expected = if row < dense.inputs {
                    coding.scale() * at(&g2, row, o) - coding.shift(row) * at(&g2, dense.inputs, o)
                } else {
                    at(&g2, row, o)
                };
                let d = (at(&g1, row, o) - expected).abs();
                assert!(d < 2e-5 * norm, "layer {i} row {row}: {} {expected}", at(&g1, row, o));
            }
        }
    }
}

#[test]
fn a_coded_network_is_a_plain_one_with_other_parameters() {
    for shape in CODINGS {
        same_function(shape, Arm);
        same_function(shape, DisArm);
        same_function(shape, Rloo { samples: 3 });
        same_function(shape, Leg);
    }
}

#[test]
fn gradients_equal_finite_differences() {
    let small = Shape::vae(
        6,
        &const { [Layer::hidden(3, 1.0), Layer::bernoulli(3), Layer::bernoulli(2)] },
        &const { [Layer::bernoulli(3), Layer::bernoulli(6)] },
        Prior::Learned,
    );
    let means = [0.1, 0.9, 0.5, 0.0, 1.0, 0.3];
    let x = [0b10_1101];
    for shape in [
        small.coded(&Codings { x: Coding::Signed, b: Coding::Signed }),
        small.coded(&Codings { x: Coding::Centred(&means), b: Coding::ZeroOne }),
    ] {
        let engine = Engine::new(shape, Portable, Exact::new(&shape).unwrap(), 0).unwrap();
        let params = wavy_params(&shape, 0.8);
        let value = |p: &[f32]| f64::from(gradient(&engine, &mut Vae, p, BitMatrix::new(&x, 6), 1, 0).0);
        let (_, g) = gradient(&engine, &mut Vae, &params, BitMatrix::new(&x, 6), 1, 0);
        let mut worst = 0f64;
        for i in 0..params.len() {
            let at = |k: f32| {
                let mut moved = params.clone();
                moved[i] += 0.03 * k;
                value(&moved)
            };
            let d = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * 0.03);
            worst = worst.max((d - f64::from(g[i])).abs());
        }
        let norm = g.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
        assert!(norm > 1.0 && worst < 5e-4 * norm, "{worst} of {norm}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let words = x(13);
    let x = BitMatrix::new(&words, 37);
    for shape in CODINGS {
        let trained = |threads| {
            let mut driver = Driver::new(shape, Arm, Vae, Adam::new(1e-2), 1, 13, threads).unwrap();
            for _ in 0..5 {
                driver.step(x, 13).unwrap();
            }
            driver.params().iter().map(|p| p.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(trained(1), trained(2));
        assert_eq!(trained(1), trained(3));
    }
}

/// One example at a time, by the paths that a learner takes, equals plain steps of the gradient.
#[test]
fn a_learner_takes_the_same_steps() {
    fn check<O: Optimiser + Copy>(optimiser: O, rate: f32) {
        let shape = CODINGS[1];
        let mut params = vec![0.0; shape.params()];
        let mut moments = vec![0.0; O::MOMENTS * shape.params()];
        let mut scratch = vec![0; shape.scratch()];
        let memory =
            arm_core::learner::Slices { params: &mut params, moments: &mut moments, scratch: &mut scratch };
        let mut learner = Learner::new(shape, Arm, optimiser, 4, memory).unwrap();
        let before = learner.params().to_vec();
        let words = x(1);
        let engine = Engine::new(shape, Portable, Arm, 4).unwrap();
        let (_, g) = gradient(&engine, &mut Vae, &before, BitMatrix::new(&words, 37), 1, 0);
        learner.step(&words).unwrap();
        for ((after, before), g) in learner.params().iter().zip(&before).zip(&g) {
            // Of Adam the first step is the sign of the gradient.
            let step = if O::MOMENTS == 2 { g / (g.abs() + 1e-8) } else { *g };
            let expected = before - rate * step;
            assert!((after - expected).abs() < 1e-5, "{after} {expected}");
        }
    }
    check(Sgd { rate: 0.1 }, 0.1);
    check(Momentum { rate: 0.1, momentum: 0.9 }, 0.1);
    check(Adam::new(0.1), 0.1);
}
