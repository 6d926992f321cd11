//! Kernels in integers on matrices of random shapes, strides and first rows, at any two bytes, with numbers of any size: on each
//! target whole groups of columns, of rows and of words are computed by other code than what they leave over.

use super::golden::Hash;
use arm_core::Activation;
use arm_core::kernels::{Arithmetic, FixedNats, Input, Integer, LayerGradient, Of, Prepared, Units};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

/// Shapes that are tried.
const SHAPES: u32 = 150;
/// Units of a layer at most.
const WIDEST: usize = 72;
const WORDS: usize = WIDEST.div_ceil(32);

/// Numbers of any size within a bound that is large at times: then some results leave their range.
fn fill(random: &mut Stream, out: &mut [i16]) {
    let most = random.below(12);
    out.iter_mut().for_each(|x| *x = (random.bits() as i16) >> most >> random.below(4));
}

/// A row of bits, none of them behind the last of its `units`.
fn choose(random: &mut Stream, units: usize) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for unit in 0..units {
        if let Some(word) = words.get_mut(unit / 32) {
            *word |= u32::from(random.below(3) == 0) << (unit % 32);
        }
    }
    words
}

/// The first `n` of `all`.
fn first<T>(all: &mut [T], n: usize) -> &mut [T] {
    all.get_mut(..n).unwrap_or_default()
}

fn push(hash: &mut Hash, all: &[i16]) {
    all.iter().for_each(|x| hash.push((*x).into()));
}

fn push_nats(hash: &mut Hash, nats: FixedNats) {
    push(hash, &[nats.0 as i16, (nats.0 >> 16) as i16]);
}

/// From one to `most`; whole groups of eight where that is asked for and possible.
fn width(random: &mut Stream, most: usize, whole: bool) -> usize {
    match most / 8 {
        groups @ 1.. if whole => 8 * (1 + random.below(groups as u32) as usize),
        _ => 1 + random.below(most as u32) as usize,
    }
}

/// All kernels on matrices that fit `room`.
pub fn kernels(hash: &mut Hash, room: &mut [i16]) {
    let mut random = Stream::new(12, Purpose::Generate, 0, 0, 0);
    let mut buffers = [[0; WIDEST]; 4];
    let [x, d, y, dx] = &mut buffers;
    let k = Integer::default();
    for _ in 0..SHAPES {
        room.fill(0);
        let whole = random.below(4) > 0;
        let outputs = width(&mut random, 56, whole);
        let stride = outputs + if whole { 2 } else { 1 } * random.below(2) as usize;
        let weights = room.get_mut(random.below(4) as usize / 3..).unwrap_or_default();
        let inputs = width(&mut random, (weights.len() / stride - 1).min(WIDEST), whole);
        let weights = first(weights, (inputs + 1) * stride);
        for row in weights.chunks_mut(stride) {
            fill(&mut random, first(row, outputs));
        }
        let (x, d, y, dx) = (first(x, inputs), first(d, outputs), first(y, outputs), first(dx, inputs));
        fill(&mut random, x);
        fill(&mut random, d);
        let mut bits = choose(&mut random, inputs);
        let w = Matrix::new(weights, stride, outputs);
        let real = Matrix::new(x, inputs, inputs);
        let packed = BitMatrix::new(first(&mut bits, inputs.div_ceil(32)), inputs);
        let of = [Of::Hidden, Of::Sampled, Of::Given];
        let of = of.get(random.below(3) as usize).copied().unwrap_or(Of::Hidden);
        let leaky = Activation::leaky_relu(0.1);
        for (hidden, activation) in [(true, leaky), (false, Activation::LINEAR)] {
            let units = Units { hidden, activation };
            Arithmetic::affine(&k, w, Input::Real(real), units, MatrixMut::new(y, outputs, outputs));
            push(hash, y);
            Arithmetic::affine(&k, w, Input::Bits(packed), units, MatrixMut::new(y, outputs, outputs));
            push(hash, y);
        }
        let delta = Matrix::new(d, outputs, outputs);
        Arithmetic::back(&k, w, delta, of, real, leaky, MatrixMut::new(dx, inputs, inputs));
        push(hash, dx);

        let mut drawn = [0; WORDS];
        let sample = first(&mut drawn, outputs.div_ceil(32));
        push_nats(hash, Arithmetic::draw_independent(&k, y, d, sample));
        push_nats(hash, Arithmetic::log_prob(&k, y, sample));
        let target = choose(&mut random, outputs);
        push_nats(hash, Arithmetic::log_prob_delta(&k, y, &target));
        push(hash, y);

        let from = random.below(inputs as u32 + 1) as usize;
        let rows = 1 + random.below((inputs + 1 - from) as u32) as usize;
        let rate = random.uniform() * if random.below(4) == 0 { 8.0 } else { 0.05 };
        let mut one = FixedNats::default();
        for x in [Input::Real(real), Input::Bits(packed)] {
            let gradient = LayerGradient { x, d: delta };
            let noise = || random.bits();
            Arithmetic::prepare(&k, -rate, &gradient, noise, Prepared { units: &mut *y, one: &mut one });
            let prepared = Prepared { units: &mut *y, one: &mut one };
            let block = weights.get_mut(from * stride..(from + rows) * stride).unwrap_or_default();
            let block = MatrixMut::new(block, stride, outputs);
            Arithmetic::descend(&k, -rate, &gradient, from, of, prepared, block);
        }
        push(hash, weights);
        push(hash, &[k.saturated() as i16]);
    }
}
