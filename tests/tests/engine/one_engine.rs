//! One engine: a batch on the desktop and the same examples one at a time on portable kernels agree.

use arm_core::estimator::{Ar, Arm, DisArm, Estimator, Reinforce, Rloo};
use arm_core::init::glorot;
use arm_core::kernels::{Kernels, Portable};
use arm_core::objective::Vae;
use arm_core::{Batch, BitMatrix, Engine, Error, Layer, Prior, Shape, Shard};
use arm_std::driver::Driver;
use arm_std::kernels::Desktop;
use arm_std::network::Preset;
use arm_std::network::copy_rows;

const ENCODER: [Layer; 3] = [Layer::hidden(37, 0.1), Layer::bernoulli(29), Layer::bernoulli(18)];
const DECODER: [Layer; 3] = [Layer::bernoulli(29), Layer::hidden(23, 0.3), Layer::bernoulli(67)];
const SHAPE: Shape = Shape::vae(67, &ENCODER, &DECODER, Prior::Learned);
const BATCH: usize = 21;

fn rows(seed: u32, inputs: usize, count: usize) -> Vec<u32> {
    let stride = inputs.div_ceil(32);
    let mut state = seed;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state ^ state >> 16
    };
    let mask = |i: usize| {
        if i % stride == stride - 1 && !inputs.is_multiple_of(32) { (1 << (inputs % 32)) - 1 } else { !0 }
    };
    (0..count * stride).map(|i| word() & word() & mask(i)).collect()
}

/// The summed gradient and f of each example, for examples `first..` given in pieces of `piece`.
fn gradients<K: Kernels, E: Estimator>(
    engine: &Engine<'_, K, E>,
    params: &[f32],
    x: &[u32],
    piece: usize,
) -> (Vec<f32>, Vec<f32>) {
    let stride = engine.shape().inputs().div_ceil(32);
    let mut g = vec![0.0; params.len()];
    let mut all = Vec::new();
    for (k, x) in x.chunks(piece * stride).enumerate() {
        let examples = x.len() / stride;
        let x = BitMatrix::new(x, engine.shape().inputs());
        let batch = Batch::new(x, examples, (k * piece) as u64, 5);
        let mut scratch = vec![0; engine.training_scratch(examples)];
        let mut f = vec![0.0; examples];
        engine.examples(&mut Vae, params, batch, &mut scratch, &mut f).unwrap();
        all.extend(f);
        for layer in 0..engine.shape().dense_layers() {
            let dense = engine.shape().dense(layer);
            let shard = [Shard { batch, scratch: &scratch }];
            engine.gradient(1.0, &shard, layer, 0, &mut g[dense.offset..dense.offset + dense.len()]);
        }
    }
    (all, g)
}

fn agree<E: Estimator + Copy>(estimator: E) {
    let (core, desk) = (SHAPE, SHAPE.padded(16));
    let mut params = vec![0.0; core.params()];
    glorot(&core, 4, &mut params).unwrap();
    let mut wide = vec![0.0; desk.params()];
    copy_rows(core, &params, desk, &mut wide);
    let x = rows(9, 67, BATCH);
    let one = Engine::new(core, Portable, estimator, 11).unwrap();
    let many = Engine::new(desk, Desktop::new(), estimator, 11).unwrap();
    let (f1, g1) = gradients(&one, &params, &x, 1);
    let (f2, padded) = gradients(&many, &wide, &x, BATCH);
    let mut g2 = vec![0.0; core.params()];
    copy_rows(desk, &padded, core, &mut g2);
    let norm = g1.iter().map(|g| g * g).sum::<f32>().sqrt();
    let worst = g1.iter().zip(&g2).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(norm > 1.0 && worst < 2e-6 * norm, "{worst} of {norm}");
    assert!(f1.iter().zip(&f2).all(|(a, b)| (a - b).abs() < 1e-5 * a.abs()));
}

#[test]
fn a_batch_and_single_examples_have_the_same_gradient() {
    agree(Arm);
    agree(DisArm);
    agree(Ar);
    agree(Reinforce::default());
    agree(Rloo { samples: 3 });
}

#[test]
fn a_refused_step_leaves_the_model_as_it_was() {
    let network = Preset::Nonlinear.network(40);
    let adam = arm_core::optim::Adam::new(1e-3);
    let mut driver = Driver::new(network.shape(), Arm, Vae, adam, 1, 8, 2).unwrap();
    let x = rows(3, 40, 8);
    let x = BitMatrix::new(&x, 40);
    driver.step(x, 8).unwrap();
    let bias = 40 * 208 + 3;
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30] {
        let good = driver.params_mut()[bias];
        driver.params_mut()[bias] = poison;
        let (params, moments) = (driver.params().to_vec(), driver.moments().to_vec());
        let refused = driver.step(x, 8);
        let bits = |v: &[f32]| v.iter().map(|f| f.to_bits()).collect::<Vec<_>>();
        assert!(matches!(refused, Err(Error::Objective | Error::Diverged)), "{poison}: {refused:?}");
        assert_eq!(bits(driver.params()), bits(&params));
        assert_eq!(bits(driver.moments()), bits(&moments));
        driver.params_mut()[bias] = good;
    }
    driver.step(x, 8).unwrap();
    assert_eq!(driver.steps(), 2);
}
