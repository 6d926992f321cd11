//! Each desktop kernel at every level that this CPU has, at the sizes of the paper's networks. Dense products count two
//! operations a term; kernels of packed bits count what the same product would take with real inputs.
//!
//! `cargo bench -p arm-desktop-benches --bench kernels -- avx512`

use arm_bench_programs::random_bits;
use arm_core::estimator::Arm;
use arm_core::kernels::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Activation, BitMatrix, Matrix, MatrixMut};
use arm_std::kernels::{Desktop, Level};
use arm_std::memory::{Aligned, LINE};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const LEAKY: Activation = Activation::leaky_relu(0.1);
const RATES: AdamRates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-4, scale: 1.0, epsilon: 1e-8 };

/// Rows of a gradient that the driver computes at a time.
const BLOCK: usize = 26;

fn random(n: usize) -> Aligned {
    let mut rng = Stream::new(1, Purpose::Initial, 0, 0, n);
    let mut out = Aligned::zeroed(n);
    out.floats_mut().fill_with(|| 2.0 * rng.uniform() - 1.0);
    out
}

/// A dense layer with everything that its passes read and write.
struct Layer {
    inputs: usize,
    outputs: usize,
    rows: usize,
    w: Aligned,
    m: Aligned,
    v: Aligned,
    x: Aligned,
    y: Aligned,
    g: Aligned,
    bits: Vec<u32>,
}

impl Layer {
    fn new(rows: usize, inputs: usize, outputs: usize, density: f32) -> Self {
        let (xs, ys) = (inputs.next_multiple_of(LINE), outputs.next_multiple_of(LINE));
        let (w, g) = (random((inputs + 1) * ys), random((inputs + 1) * ys));
        let bits = random_bits(rows, inputs, density, 2).words().to_vec();
        let (m, v) = (Aligned::zeroed(w.len()), Aligned::zeroed(w.len()));
        Layer { inputs, outputs, rows, w, m, v, x: random(rows * xs), y: random(rows * ys), g, bits }
    }

    fn strides(&self) -> (usize, usize) {
        (self.inputs.next_multiple_of(LINE), self.outputs.next_multiple_of(LINE))
    }

    fn operations(&self) -> Throughput {
        Throughput::Elements((2 * self.rows * self.inputs * self.outputs) as u64)
    }

    fn affine(&mut self, kernels: &Desktop) {
        let (xs, ys) = self.strides();
        let w = Matrix::new(self.w.floats(), ys, self.outputs);
        let x = Matrix::new(self.x.floats(), xs, self.inputs);
        kernels.affine(w, x, LEAKY, MatrixMut::new(self.y.floats_mut(), ys, self.outputs));
    }

    fn affine_bits(&mut self, kernels: &Desktop) {
        let ys = self.strides().1;
        let w = Matrix::new(self.w.floats(), ys, self.outputs);
        let x = BitMatrix::new(&self.bits, self.inputs);
        kernels.affine_bits(w, x, LEAKY, MatrixMut::new(self.y.floats_mut(), ys, self.outputs));
    }

    fn back(&mut self, kernels: &Desktop, a: &Aligned) {
        let (xs, ys) = self.strides();
        let w = Matrix::new(self.w.floats(), ys, self.outputs);
        let d = Matrix::new(self.y.floats(), ys, self.outputs);
        let a = Matrix::new(a.floats(), xs, self.inputs);
        kernels.back(w, d, a, LEAKY, MatrixMut::new(self.x.floats_mut(), xs, self.inputs));
    }

    fn gradient(&mut self, kernels: &Desktop, packed: bool) {
        let (xs, ys) = self.strides();
        let d = Matrix::new(self.y.floats(), ys, self.outputs);
        for (k, g) in self.g.floats_mut().chunks_mut(BLOCK * ys).enumerate() {
            let g = MatrixMut::new(g, ys, self.outputs);
            if packed {
                kernels.gradient_bits(1e-9, BitMatrix::new(&self.bits, self.inputs), k * BLOCK, d, g);
            } else {
                kernels.gradient(1e-9, Matrix::new(self.x.floats(), xs, self.inputs), k * BLOCK, d, g);
            }
        }
    }

    /// The gradient and Adam in one pass over the parameters.
    fn adam_gradient(&mut self, kernels: &Desktop, packed: bool) {
        let (xs, ys) = self.strides();
        let d = Matrix::new(self.y.floats(), ys, self.outputs);
        let x = if packed {
            Input::Bits(BitMatrix::new(&self.bits, self.inputs))
        } else {
            Input::Real(Matrix::new(self.x.floats(), xs, self.inputs))
        };
        let blocks = AdamBlock { m: self.m.floats_mut(), v: self.v.floats_mut(), w: self.w.floats_mut() };
        assert!(kernels.adam_gradient(RATES, 1e-9, &LayerGradient { x, d }, 0, self.g.floats_mut(), blocks));
    }
}

fn products(c: &mut Criterion, kernels: Desktop, name: &str) {
    for rows in [25, 50, 100] {
        for (inputs, outputs) in [(200, 200), (200, 784)] {
            let mut group = c.benchmark_group(format!("{name}/{inputs}-{outputs}/{rows} rows"));
            let mut layer = Layer::new(rows, inputs, outputs, 0.5);
            group.throughput(layer.operations());
            group.bench_function("affine", |b| b.iter(|| layer.affine(&kernels)));
            group.bench_function("affine_bits", |b| b.iter(|| layer.affine_bits(&kernels)));
            group.bench_function("gradient", |b| b.iter(|| layer.gradient(&kernels, false)));
            group.bench_function("gradient_bits", |b| b.iter(|| layer.gradient(&kernels, true)));
            group.bench_function("adam_gradient", |b| b.iter(|| layer.adam_gradient(&kernels, false)));
            group.bench_function("adam_gradient_bits", |b| b.iter(|| layer.adam_gradient(&kernels, true)));
            let a = random(layer.x.len());
            group.bench_function("back", |b| b.iter(|| layer.back(&kernels, &a)));
        }
        let mut group = c.benchmark_group(format!("{name}/784-200/{rows} rows, 13 % ones"));
        let mut layer = Layer::new(rows, 784, 200, 0.13);
        group.throughput(layer.operations());
        group.bench_function("affine_bits", |b| b.iter(|| layer.affine_bits(&kernels)));
        group.bench_function("gradient_bits", |b| b.iter(|| layer.gradient(&kernels, true)));
        group.bench_function("adam_gradient_bits", |b| b.iter(|| layer.adam_gradient(&kernels, true)));
    }
}

fn units(c: &mut Criterion, kernels: Desktop, name: &str) {
    let mut group = c.benchmark_group(format!("{name}/784 units"));
    group.throughput(Throughput::Elements(784));
    let (mut logits, bits) = (random(784), random_bits(1, 784, 0.13, 3).words().to_vec());
    let (mut u, mut score) = (vec![0.0; 784], vec![0.0; 784]);
    Stream::new(1, Purpose::Sample, 0, 0, 0).fill(&mut u);
    let (mut sample, mut partner) = ([0; 25], [0; 25]);
    group.bench_function("sample", |b| {
        b.iter(|| {
            let out = Drawn { sample: &mut sample, partner: &mut partner, score: &mut score };
            kernels.sample(&Arm, black_box(logits.floats()), &u, out)
        });
    });
    group.bench_function("draw", |b| {
        b.iter(|| kernels.draw(&Arm, black_box(logits.floats()), &u, &mut sample));
    });
    group.bench_function("log_prob", |b| b.iter(|| kernels.log_prob(black_box(logits.floats()), &bits)));
    group.bench_function("log_prob_delta", |b| b.iter(|| kernels.log_prob_delta(logits.floats_mut(), &bits)));
}

/// In the cache, and for all parameters of the nonlinear network.
fn updates(c: &mut Criterion, kernels: Desktop, name: &str) {
    for n in [4096, 473_088] {
        let mut group = c.benchmark_group(format!("{name}/{n} parameters"));
        let (g, mut m, mut v, mut w) = (random(n), Aligned::zeroed(n), Aligned::zeroed(n), random(n));
        // Bytes read and written: the gradient once, the others twice.
        group.throughput(Throughput::Bytes(28 * n as u64));
        group.bench_function("adam", |b| {
            b.iter(|| kernels.adam(RATES, g.floats(), m.floats_mut(), v.floats_mut(), w.floats_mut()));
        });
        group.throughput(Throughput::Bytes(20 * n as u64));
        group.bench_function("momentum", |b| {
            b.iter(|| kernels.momentum(1e-4, 0.9, g.floats(), m.floats_mut(), w.floats_mut()));
        });
        group.throughput(Throughput::Bytes(12 * n as u64));
        group.bench_function("axpy", |b| b.iter(|| kernels.axpy(1e-9, g.floats(), w.floats_mut())));
    }
}

fn all(c: &mut Criterion) {
    for level in Level::ALL {
        let Some(kernels) = Desktop::with(level) else { continue };
        let name = format!("{level:?}").to_lowercase();
        products(c, kernels, &name);
        units(c, kernels, &name);
        updates(c, kernels, &name);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
