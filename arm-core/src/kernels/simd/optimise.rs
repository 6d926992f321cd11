//! Adam, element by element.
//!
//! Tests: `kernels/simd/tests.rs`.

use super::lanes::{BLOCK, Vector, block, block_mut, columns, load, there};
use crate::kernels::portable::constants;
use crate::kernels::{AdamBlock, AdamRates, Input};
use crate::numeric::math::Real;
use crate::numeric::matrix::MatrixMut;
use crate::numeric::window::{window, window_mut};
use arm_vfp::Adam;
use wide::{f32x4, f32x8, f32x16};

pub(super) fn adam(r: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
    let n = g.len().min(m.len()).min(v.len()).min(w.len());
    let (a, g) = (constants(r), window(g, ..n));
    let mut row = AdamBlock { m: window_mut(m, ..n), v: window_mut(v, ..n), w: window_mut(w, ..n) };
    columns!(n, at, adam_block(&a, 1, |_| (1.0, 1), g, &mut row, n, at));
}

/// Rows `first..` of a layer for a single example.
#[inline(never)]
pub(super) fn adam_rank_one(
    r: AdamRates,
    x: Input<'_>,
    first: usize,
    d: &[f32],
    block: AdamBlock<MatrixMut<'_>>,
) {
    let AdamBlock { mut m, mut v, mut w } = block;
    let (a, cols, stride, height) = (constants(r), w.cols().min(d.len()), w.stride(), w.height());
    let (m, v, w) = (m.data_mut(), v.data_mut(), w.data_mut());
    // Of one length, so that a row that is in one is known to be in all.
    let n = m.len().min(v.len()).min(w.len());
    let (Some(m), Some(v), Some(w)) = (m.get_mut(..n), v.get_mut(..n), w.get_mut(..n)) else { return };
    let mut block = AdamBlock { m, v, w };
    // The last row, behind the units, is that of the biases.
    match x {
        Input::Real(x) => {
            let x = window(x.row(0), first..);
            let rows = height.min(x.len() + 1);
            let factor = |row| {
                let x: f32 = *x.get(row).unwrap_or(&1.0);
                (x, u32::from(x.to_bits() << 1 != 0))
            };
            columns!(cols, at, adam_block(&a, rows, factor, d, &mut block, stride, at));
        }
        Input::Bits(x) => {
            let (bits, units) = (x.row(0), x.cols());
            let rows = height.min((units + 1).saturating_sub(first));
            let factor = |row| {
                let i = first + row;
                let bit = if i < units { bits.get(i / 32).map_or(0, |word| word >> (i % 32) & 1) } else { 1 };
                (f32::from_bits(1f32.to_bits() & 0u32.wrapping_sub(bit)), bit)
            };
            columns!(cols, at, adam_block(&a, rows, factor, d, &mut block, stride, at));
        }
    }
}

/// Columns of `rows` rows. The gradient of each is `d` times a factor, which is zero unless a one stands beside it.
#[inline(always)]
fn adam_block<V: Vector<N>, const N: usize, const B: usize>(
    a: &Adam,
    rows: usize,
    factor: impl Fn(usize) -> (f32, u32),
    d: &[f32],
    AdamBlock { m, v, w }: &mut AdamBlock<&mut [f32]>,
    stride: usize,
    at: usize,
) {
    let Some(d) = there(block::<N, B>(d, at)) else { return };
    let (d, c): ([V; B], _) = (load(d), <V as Real>::splat);
    let n = m.len();
    if v.len() != n || w.len() != n {
        return;
    }
    let mut start = at;
    for row in 0..rows {
        let (Some(m), Some(v), Some(w)) =
            (block_mut::<N, B>(m, start), block_mut::<N, B>(v, start), block_mut::<N, B>(w, start))
        else {
            return;
        };
        let (x, some) = factor(row);
        let add = [c(a.add[0] * x), c(a.add[1] * (x * x))];
        for i in 0..B {
            let (mut first, mut second) = (c(a.keep[0]) * V::load(&m[i]), c(a.keep[1]) * V::load(&v[i]));
            if some == 1 {
                first = first + add[0] * d[i];
                second = second + add[1] * (d[i] * d[i]);
            }
            first.store(&mut m[i]);
            second.store(&mut v[i]);
            let change = c(a.rate) * (first / (second.sqrt() + c(a.epsilon)));
            ((V::load(&w[i]) - change + c(a.grid)) - c(a.grid)).store(&mut w[i]);
        }
        start += stride;
    }
}
