//! Instruction counts of the portable kernels and of a whole step, at the size of a microcontroller: 64-32-\[16\] and one
//! example. They do not depend on what else the machine does, so a regression shows anywhere.
//!
//! `cargo bench -p arm-benches --features instructions --bench portable` needs Valgrind and the `gungraun-runner` of the
//! same version as the `gungraun` in Cargo.lock.

use arm_core::estimator::Arm;
use arm_core::kernels::{AdamRates, Drawn, Kernels, Portable};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::objective::Vae;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Activation, Batch, Block, Engine, Layer, Prior, Shape, Shard};
use gungraun::prelude::*;
use std::hint::black_box;

const LEAKY: Activation = Activation::leaky_relu(0.1);
const INPUTS: usize = 64;
const OUTPUTS: usize = 32;

/// Operands of every kernel.
struct Data {
    /// Weights and biases.
    w: Vec<f32>,
    m: Vec<f32>,
    v: Vec<f32>,
    x: Vec<f32>,
    bits: Vec<u32>,
    /// Logits or deltas.
    y: Vec<f32>,
    uniforms: Vec<f32>,
    partner: Vec<u32>,
    score: Vec<f32>,
    dx: Vec<f32>,
}

fn uniforms(count: usize, address: u64) -> Vec<f32> {
    let mut u = vec![0.0; count];
    Stream::new(1, Purpose::Initial, 0, address, 0).fill(&mut u);
    u
}

fn data() -> Data {
    let centred = |count, address| uniforms(count, address).iter().map(|u| u - 0.5).collect::<Vec<_>>();
    let params = (INPUTS + 1) * OUTPUTS;
    Data {
        w: centred(params, 1),
        m: centred(params, 2),
        v: uniforms(params, 3),
        x: centred(INPUTS, 4),
        bits: vec![0x0110_8421, 0x8001_0204],
        y: centred(OUTPUTS, 5),
        uniforms: uniforms(OUTPUTS, 6),
        partner: vec![0],
        score: vec![0.0; OUTPUTS],
        dx: vec![0.0; INPUTS],
    }
}

#[library_benchmark(setup = data)]
#[bench::dense()]
fn affine(mut d: Data) -> Data {
    let y = MatrixMut::new(&mut d.y, OUTPUTS, OUTPUTS);
    Portable.affine(Matrix::new(&d.w, OUTPUTS, OUTPUTS), Matrix::new(&d.x, INPUTS, INPUTS), LEAKY, y);
    black_box(d)
}

#[library_benchmark(setup = data)]
#[bench::eleven_of_64()]
fn affine_bits(mut d: Data) -> Data {
    let y = MatrixMut::new(&mut d.y, OUTPUTS, OUTPUTS);
    Portable.affine_bits(Matrix::new(&d.w, OUTPUTS, OUTPUTS), BitMatrix::new(&d.bits, INPUTS), LEAKY, y);
    black_box(d)
}

#[library_benchmark(setup = data)]
#[bench::dense()]
fn back(mut d: Data) -> Data {
    let (w, delta) = (Matrix::new(&d.w, OUTPUTS, OUTPUTS), Matrix::new(&d.y, OUTPUTS, OUTPUTS));
    let dx = MatrixMut::new(&mut d.dx, INPUTS, INPUTS);
    Portable.back(w, delta, Matrix::new(&d.x, INPUTS, INPUTS), LEAKY, dx);
    black_box(d)
}

#[library_benchmark(setup = data)]
#[bench::dense()]
fn gradient(mut d: Data) -> Data {
    let g = MatrixMut::new(&mut d.w, OUTPUTS, OUTPUTS);
    let (x, delta) = (Matrix::new(&d.x, INPUTS, INPUTS), Matrix::new(&d.y, OUTPUTS, OUTPUTS));
    Portable.gradient(0.1, x, 0, delta, g);
    black_box(d)
}

#[library_benchmark(setup = data)]
#[bench::eleven_of_64()]
fn gradient_bits(mut d: Data) -> Data {
    let g = MatrixMut::new(&mut d.w, OUTPUTS, OUTPUTS);
    Portable.gradient_bits(0.1, BitMatrix::new(&d.bits, INPUTS), 0, Matrix::new(&d.y, OUTPUTS, OUTPUTS), g);
    black_box(d)
}

#[library_benchmark(setup = data)]
#[bench::units_32()]
fn sample(mut d: Data) -> (Data, (f32, f32)) {
    let out = Drawn { sample: &mut d.bits[..1], partner: &mut d.partner, score: &mut d.score };
    let log_q = Portable.sample(&Arm, &d.y, &d.uniforms, out);
    black_box((d, log_q))
}

#[library_benchmark(setup = data)]
#[bench::units_32()]
fn log_prob(d: Data) -> (Data, f32) {
    let log_p = Portable.log_prob(&d.y, &d.bits[..1]);
    black_box((d, log_p))
}

#[library_benchmark(setup = data)]
#[bench::units_32()]
fn log_prob_delta(mut d: Data) -> (Data, f32) {
    let log_p = Portable.log_prob_delta(&mut d.y, &d.bits[..1]);
    black_box((d, log_p))
}

#[library_benchmark(setup = data)]
#[bench::params_64()]
fn adam(mut d: Data) -> Data {
    let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-3, scale: 1.1, epsilon: 1e-8 };
    Portable.adam(rates, &d.x, &mut d.m[..INPUTS], &mut d.v[..INPUTS], &mut d.w[..INPUTS]);
    black_box(d)
}

const ENCODER: [Layer; 2] = [Layer::hidden(32, 0.1), Layer::bernoulli(16)];
const DECODER: [Layer; 2] = [Layer::hidden(32, 0.1), Layer::bernoulli(INPUTS)];
const SHAPE: Shape<'static> = Shape::vae(INPUTS, &ENCODER, &DECODER, Prior::Fixed);

/// Parameters, both moments, scratch and room of a model.
struct Model {
    memory: [Vec<f32>; 3],
    scratch: Vec<u32>,
    room: Vec<f32>,
    x: Vec<u32>,
}

fn model() -> Model {
    let mut memory = [(); 3].map(|()| vec![0.0; SHAPE.params()]);
    memory[0].iter_mut().zip(uniforms(SHAPE.params(), 7)).for_each(|(p, u)| *p = 0.4 * (u - 0.5));
    let scratch = vec![0; SHAPE.training_scratch(1, 1)];
    Model { memory, scratch, room: vec![0.0; SHAPE.max_stride()], x: data().bits }
}

#[library_benchmark(setup = model)]
#[bench::adam()]
fn step(mut model: Model) -> (Model, f32) {
    let engine = Engine::new(SHAPE, Portable, Arm, 1).expect("the shape is right");
    let (optimiser, mut f) = (Adam::new(1e-3), [0.0]);
    let batch = Batch::new(BitMatrix::new(&model.x, INPUTS), 1, 0, 0);
    engine.examples(&mut Vae, &model.memory[0], batch, &mut model.scratch, &mut f).expect("sizes are right");
    let shard = [Shard { batch, scratch: &model.scratch }];
    let mut rest = model.memory.each_mut().map(Vec::as_mut_slice);
    for layer in 0..SHAPE.dense_layers() {
        let [weights, first_moment, second_moment] = rest.each_mut().map(|rest| {
            rest.split_off_mut(..SHAPE.dense(layer).len()).expect("the memory is that of the shape")
        });
        let block = Block { layer, first: 0, weights, first_moment, second_moment };
        engine.update(&optimiser, 0, &shard, 1, block, &mut model.room).expect("sizes are right");
    }
    black_box((model, f[0]))
}

library_benchmark_group!(
    name = portable,
    benchmarks =
        [affine, affine_bits, back, gradient, gradient_bits, sample, log_prob, log_prob_delta, adam, step]
);
main!(library_benchmark_groups = portable);
