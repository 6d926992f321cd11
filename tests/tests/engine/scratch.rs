//! What is left in scratch memory never reaches a result.

use arm_core::estimator::{Ar, Arm, DisArm, Estimator, Reinforce, Rloo};
use arm_core::init::glorot;
use arm_core::kernels::{Kernels, Portable};
use arm_core::objective::{Objective, Vae};
use arm_core::optim::{Adam, Momentum, Optimiser, Rule};
use arm_core::{Batch, BitMatrix, Bits, Block, Engine, Error, Layer, Learner, Memory, Prior, Shape, Shard};
use arm_std::kernels::Desktop;
use arm_tests::black_box;

const H: Layer = Layer::hidden(37, 0.1);
const VAE: Shape = Shape::vae(
    70,
    &[H, Layer::bernoulli(33), Layer::bernoulli(18), H, Layer::bernoulli(40)],
    &[H, Layer::bernoulli(18), Layer::bernoulli(33), H, Layer::bernoulli(70)],
    Prior::Learned,
);
const CHAIN: Shape = Shape::chain(70, &[H, Layer::bernoulli(33), Layer::bernoulli(40)]);
const FREE: Shape = Shape::chain(0, &[Layer::bernoulli(33), Layer::bernoulli(40)]);

fn ones(b: Bits<'_>) -> f32 {
    b.count_ones() as f32
}

/// The bits of f and of every gradient of a step, computed in `scratch`.
fn step<K: Kernels, E: Estimator, O: Objective<K>>(
    engine: &Engine<'_, K, E>,
    mut objective: O,
    seed: u32,
    scratch: &mut [u32],
) -> Vec<u32> {
    let shape = engine.shape();
    let mut params = vec![0.0; shape.params()];
    glorot(&shape, 5, &mut params).unwrap();
    let stride = shape.inputs().div_ceil(32);
    let word = |i: usize| if i % 3 == 2 { 0b101_101 & seed } else { seed.rotate_left(i as u32) };
    let words: Vec<u32> = (0..4 * stride).map(word).collect();
    let x = BitMatrix::new(&words, shape.inputs());
    let batch = Batch::new(x, 4, 0, seed.into());
    let mut f = vec![0.0; 4];
    engine.examples(&mut objective, &params, batch, scratch, &mut f).unwrap();
    let mut g = vec![0.0; params.len()];
    for layer in 0..shape.dense_layers() {
        let dense = shape.dense(layer);
        let shards = [Shard { batch, scratch }];
        engine.gradient(1.0, &shards, layer, 0, &mut g[dense.offset..dense.offset + dense.len()]);
    }
    f.iter().chain(&g).map(|v| v.to_bits()).collect()
}

fn check<K: Kernels, E: Estimator, O: Objective<K> + Clone>(
    kernels: K,
    estimator: E,
    objective: O,
    shape: Shape<'_>,
) {
    let engine = Engine::new(shape, kernels, estimator, 3).unwrap();
    let size = engine.training_scratch(4);
    let clean = step(&engine, objective.clone(), 0x1234_5678, &mut vec![0; size]);
    let mut used = vec![0; size];
    step(&engine, objective.clone(), 0xfedc_ba98, &mut used);
    assert_eq!(step(&engine, objective.clone(), 0x1234_5678, &mut used), clean, "after another step");
    if shape.pad() == 1 {
        for filled in [f32::NAN, 8.0] {
            let mut scratch = vec![filled.to_bits(); size];
            assert_eq!(
                step(&engine, objective.clone(), 0x1234_5678, &mut scratch),
                clean,
                "filled with {filled}"
            );
        }
    }
}

fn all<K: Kernels + Copy>(kernels: K, pad: usize) {
    check(kernels, Arm, Vae, VAE.padded(pad));
    check(kernels, DisArm, Vae, VAE.padded(pad));
    check(kernels, Ar, Vae, VAE.padded(pad));
    check(kernels, Reinforce::default(), Vae, VAE.padded(pad));
    check(kernels, Rloo { samples: 3 }, Vae, VAE.padded(pad));
    for shape in [CHAIN, FREE] {
        check(kernels, Arm, black_box(&ones), shape.padded(pad));
        check(kernels, Rloo { samples: 3 }, black_box(&ones), shape.padded(pad));
    }
}

#[test]
fn steps_do_not_see_what_was_there() {
    all(Portable, 1);
    all(Portable, 16);
    all(Desktop::new(), 1);
    all(Desktop::new(), 16);
}

const SMALL: Shape = Shape::chain(6, &[Layer::bernoulli(4), Layer::hidden(5, 0.1), Layer::bernoulli(4)]);

fn reported<O: Optimiser>(optimiser: O) {
    const MOST: usize = 2 * SMALL.params();
    let mut memory = Memory::<{ SMALL.params() }, MOST, { SMALL.scratch() }>::ZERO;
    let mut slices = memory.slices();
    slices.moments = &mut slices.moments[..O::MOMENTS * SMALL.params()];
    let mut learner = Learner::new(SMALL, Arm, optimiser, 1, slices).unwrap();
    for _ in 0..50 {
        let mut first = None;
        let f = learner.step_black_box(&[0b10_1101], |b| *first.get_or_insert(ones(b))).unwrap();
        assert_eq!(Some(f), first);
    }
}

#[test]
fn a_learner_reports_the_f_it_was_given_whatever_the_optimiser() {
    reported(Adam::new(1e-2));
    reported(Momentum { rate: 1e-2, momentum: 0.9 });
}

#[test]
fn an_update_without_its_moments_is_refused_and_changes_nothing() {
    let engine = Engine::new(SMALL, Portable, Arm, 3).unwrap();
    let (batch, mut scratch) =
        (Batch::new(BitMatrix::new(&[0b10_1101], 6), 1, 0, 0), vec![0; engine.training_scratch(1)]);
    let mut params = vec![0.25; SMALL.params()];
    engine.examples(&mut black_box(&ones), &params, batch, &mut scratch, &mut [0.0]).unwrap();
    let dense = SMALL.dense(0);
    let range = dense.offset..dense.offset + dense.len();
    let (mut m, mut room) = (vec![0.0; dense.len()], vec![0.0; dense.len()]);
    let mut update = |optimiser: Rule, m: &mut [f32], v: &mut [f32]| {
        let weights = &mut params[range.clone()];
        let block = Block { layer: 0, first: 0, weights, first_moment: m, second_moment: v };
        engine.update(&optimiser, 0, &[Shard { batch, scratch: &scratch }], 1, block, &mut room)
    };
    let refused = Err(Error::Size { needed: dense.len(), given: 0 });
    assert_eq!(update(Adam::new(0.1).rule(), &mut [], &mut []), refused);
    assert_eq!(update(Adam::new(0.1).rule(), &mut m, &mut []), refused);
    assert_eq!(update(Momentum { rate: 0.1, momentum: 0.5 }.rule(), &mut [], &mut []), refused);
    assert_eq!(update(Momentum { rate: 0.1, momentum: 0.5 }.rule(), &mut m, &mut []), Ok(()));
    assert!(params.iter().any(|w| *w != 0.25));
}

#[test]
fn bits_beyond_the_last_unit_are_refused() {
    let mut params = vec![0.0; SMALL.params()];
    glorot(&SMALL, 5, &mut params).unwrap();
    let engine = Engine::new(SMALL, Portable, Arm, 3).unwrap();
    let batch = Batch::new(BitMatrix::new(&[0b100_0010], 6), 1, 0, 0);
    let mut scratch = vec![0; engine.training_scratch(1)];
    let refused = engine.examples(&mut black_box(&ones), &params, batch, &mut scratch, &mut [0.0]);
    assert!(matches!(refused, Err(Error::Width { .. })));
}

#[test]
fn sizes_that_cannot_be_counted_are_refused() {
    let engine = Engine::new(VAE, Portable, Arm, 3).unwrap();
    let params = vec![0.0; VAE.params()];
    let batch = |examples| Batch::new(BitMatrix::NONE, examples, 0, 0);
    let generate = |examples, words: usize, floats: usize| {
        engine.generate(&params, batch(examples), &mut vec![0; words], &mut vec![0.0; floats])
    };
    let words = VAE.inference_scratch(2, 1);
    assert_eq!(generate(2, words, 140), Ok(()));
    assert_eq!(generate(2, words - 1, 140), Err(Error::Size { needed: words, given: words - 1 }));
    assert_eq!(generate(2, words, 139), Err(Error::Size { needed: 140, given: 139 }));
    assert_eq!(generate(usize::MAX / 2, words, 140), Err(Error::Size { needed: usize::MAX, given: words }));
    assert_eq!(VAE.training_scratch(usize::MAX / 4, 3), usize::MAX);
}
