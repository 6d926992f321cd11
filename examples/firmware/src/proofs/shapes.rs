//! Kernels on matrices of random shapes, strides and first rows: what whole groups of rows, columns and bits leave over
//! is computed by other code than the groups themselves, and each target has groups of its own.

use super::golden::Hash;
use arm_core::Activation;
use arm_core::estimator::Arm;
use arm_core::kernels::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient, MomentumBlock, Simd};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

/// Shapes that are tried.
const SHAPES: u32 = 60;
/// Units of a layer at most.
const WIDEST: usize = 70;

const RATES: AdamRates = AdamRates { beta1: 0.9, beta2: 0.99, rate: 0.01, scale: 1.5, epsilon: 1e-8 };

/// Zero, or a number of any magnitude down to `smallest`, a power of two, of which it is a multiple.
fn number(random: &mut Stream, smallest: f32) -> f32 {
    let size = 16_777_216.0 * smallest * (1u32 << random.below(24)) as f32;
    match random.below(8) {
        0 => 0.0,
        1 => (random.uniform() - 0.5) * 64.0,
        _ => (random.uniform() - 0.5) * size,
    }
}

fn numbers(random: &mut Stream, smallest: f32, out: &mut [f32]) {
    out.iter_mut().for_each(|x| *x = number(random, smallest));
}

/// The first `n` of `all`.
fn first<T>(all: &mut [T], n: usize) -> &mut [T] {
    all.get_mut(..n).unwrap_or_default()
}

/// Rows of a matrix.
struct Rows {
    start: usize,
    end: usize,
    stride: usize,
    cols: usize,
}

impl Rows {
    fn of<'a>(&self, all: &'a mut [f32]) -> MatrixMut<'a> {
        MatrixMut::new(all.get_mut(self.start..self.end).unwrap_or_default(), self.stride, self.cols)
    }
}

/// Inputs, outputs and stride of a layer with at most `size` parameters. Inlined: only there a compiler for size sees that nothing panics.
#[inline(always)]
fn sizes(random: &mut Stream, size: usize) -> (usize, usize, usize) {
    let outputs = 1 + random.below(WIDEST as u32) as usize;
    let stride = outputs + random.below(4) as usize;
    let most = (size / stride).saturating_sub(1).min(WIDEST) as u32;
    (1 + random.below(most) as usize, outputs, stride)
}

/// All kernels on matrices that fit `weights`; `moments` are two of the same length, one after the other.
pub fn kernels(hash: &mut Hash, weights: &mut [f32], moments: &mut [f32]) {
    let (tiny, grid) = (1.0 / (1u64 << 40) as f32, 1.0 / (1u64 << 63) as f32);
    let mut random = Stream::new(11, Purpose::Generate, 0, 0, 0);
    let mut buffers = [[0.0; WIDEST]; 4];
    let [x, d, y, room] = &mut buffers;
    let size = weights.len();
    // Padding is hashed too.
    weights.fill(0.0);
    moments.fill(0.0);
    let (m, v) = moments.split_at_mut_checked(size).unwrap_or_default();
    for _ in 0..SHAPES {
        let (inputs, outputs, stride) = sizes(&mut random, size);
        let (x, d, y) = (first(x, inputs), first(d, outputs), first(y, outputs));
        numbers(&mut random, tiny, x);
        numbers(&mut random, tiny, d);
        let mut bits = [[0; WIDEST.div_ceil(32)]; 3];
        for row in &mut bits {
            for unit in 0..inputs.max(outputs) {
                if let Some(word) = row.get_mut(unit / 32) {
                    *word |= u32::from(random.below(3) == 0) << (unit % 32);
                }
            }
        }
        let [b, sample, partner] = &mut bits;
        let whole = first(weights, (inputs + 1) * stride);
        for row in whole.chunks_mut(stride) {
            numbers(&mut random, grid, first(row, outputs));
        }
        let (b, of_outputs) = (&*first(b, inputs.div_ceil(32)), outputs.div_ceil(32));
        let (k, rule, leaky) = (Simd, Arm, Activation::leaky_relu(0.1));
        let w = Matrix::new(whole, stride, outputs);
        let real = Matrix::new(x, inputs, inputs);
        let packed = BitMatrix::new(b, inputs);
        let delta = Matrix::new(d, outputs, outputs);

        k.affine(w, real, leaky, MatrixMut::new(y, outputs, outputs));
        hash.all(y);
        k.affine_bits(w, packed, leaky, MatrixMut::new(y, outputs, outputs));
        hash.all(y);
        let back = first(room, inputs);
        k.back(w, delta, real, leaky, MatrixMut::new(back, inputs, inputs));
        hash.all(back);

        let target = &*first(sample, of_outputs);
        y.iter_mut().zip(d.iter()).for_each(|(y, d)| *y = *d);
        hash.push(k.log_prob(y, target));
        hash.push(k.log_prob_delta(y, target));
        hash.all(y);
        let uniforms = first(room, outputs);
        random.fill(uniforms);
        let out = Drawn { sample: first(sample, of_outputs), partner: first(partner, of_outputs), score: y };
        let (log_q, log_q_partner) = k.sample(&rule, d, uniforms, out);
        let drawn = k.draw(&rule, d, uniforms, first(sample, of_outputs));
        hash.all(&[log_q, log_q_partner, drawn]);
        hash.all(y);

        let from = random.below(inputs as u32 + 1) as usize;
        let rows = 1 + random.below((inputs + 1 - from) as u32) as usize;
        let rows = Rows { start: from * stride, end: (from + rows) * stride, stride, cols: outputs };
        let a = number(&mut random, tiny);
        k.gradient(a, real, from, delta, rows.of(whole));
        k.gradient_bits(a, packed, from, delta, rows.of(whole));
        for x in [Input::Real(real), Input::Bits(packed)] {
            let gradient = LayerGradient { x, d: delta };
            let block = AdamBlock { m: rows.of(m), v: rows.of(v), w: rows.of(whole) };
            k.adam_rank_one(RATES, &gradient, from, room, block);
        }
        hash.all(whole);
    }
}

/// What optimisers do, rows of a layer at a time and whole slices, and whether values are within a limit.
pub fn optimisers(hash: &mut Hash, weights: &mut [f32], moments: &mut [f32]) {
    let (tiny, grid) = (1.0 / (1u64 << 40) as f32, 1.0 / (1u64 << 63) as f32);
    let mut random = Stream::new(12, Purpose::Generate, 0, 0, 0);
    let mut buffers = [[0.0; WIDEST]; 3];
    let [x, d, room] = &mut buffers;
    let (k, size) = (Simd, weights.len());
    weights.fill(0.0);
    moments.fill(0.0);
    let (m, v) = moments.split_at_mut_checked(size).unwrap_or_default();
    for _ in 0..SHAPES {
        let (inputs, outputs, stride) = sizes(&mut random, size);
        let (x, d) = (first(x, inputs), first(d, outputs));
        numbers(&mut random, tiny, x);
        numbers(&mut random, tiny, d);
        x.iter_mut().step_by(5).for_each(|x| *x = -0.0);
        let mut b = [0; WIDEST.div_ceil(32)];
        for unit in 0..inputs {
            if let Some(word) = b.get_mut(unit / 32) {
                *word |= u32::from(random.below(3) == 0) << (unit % 32);
            }
        }
        for row in first(weights, (inputs + 1) * stride).chunks_mut(stride) {
            numbers(&mut random, grid, first(row, outputs));
        }
        let from = random.below(inputs as u32 + 1) as usize;
        let rows = 1 + random.below((inputs + 1 - from) as u32) as usize;
        let rows = Rows { start: from * stride, end: (from + rows) * stride, stride, cols: outputs };
        let delta = Matrix::new(d, outputs, outputs);
        let real = Input::Real(Matrix::new(x, inputs, inputs));
        let packed = Input::Bits(BitMatrix::new(first(&mut b, inputs.div_ceil(32)), inputs));
        for x in [real, packed] {
            let gradient = LayerGradient { x, d: delta };
            let block = MomentumBlock { v: rows.of(m), w: rows.of(weights) };
            k.momentum_rank_one(0.01, 0.9, &gradient, from, room, block);
            let block = AdamBlock { m: rows.of(m), v: rows.of(v), w: rows.of(weights) };
            k.adam_rank_one(RATES, &gradient, from, room, block);
        }
        hash.all(weights);
        let n = random.below(outputs as u32 + 1) as usize;
        let (g, m, v, w) = (&*first(d, n), first(m, n), first(v, n), first(weights, n));
        k.axpy(number(&mut random, tiny), g, w);
        k.momentum(0.02, 0.5, g, m, w);
        k.adam(RATES, g, m, v, w);
        for values in [&*m, v, w] {
            hash.all(values);
        }
        let d = first(d, n);
        hash.push(f32::from(u8::from(k.within(1.0, d))));
        if let Some(last) = d.last_mut() {
            *last = f32::NAN;
            hash.push(f32::from(u8::from(k.within(f32::MAX, d))));
        }
    }
}
