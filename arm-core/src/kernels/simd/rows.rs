//! Rows of a matrix that bits select.
//!
//! Tests: `kernels/simd/tests.rs`.

use super::lanes::{BLOCK, Vector, block, block_mut, columns, load, store_activated, there};
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::shape::Activation;
use arm_vfp::Selected;
use wide::{f32x4, f32x8, f32x16};

/// Calls `row` with the number of each bit that is one, lowest first. Words are taken in pairs: a processor does not
/// foresee where a loop over bits ends.
#[inline(always)]
fn ones(bits: &[u32], mut row: impl FnMut(usize)) {
    for (k, pair) in bits.chunks(2).enumerate() {
        let high = pair.get(1).copied().unwrap_or_default();
        let mut word = u64::from(pair[0]) | u64::from(high) << 32;
        while word != 0 {
            row(64 * k + word.trailing_zeros() as usize);
            word &= word.wrapping_sub(1);
        }
    }
}

/// y = act(row `bias` of w + the rows whose bit is set, in order).
#[inline(never)]
pub(super) fn add_rows(bits: &[u32], bias: usize, w: Matrix<'_>, activation: Activation, y: &mut [f32]) {
    columns!(w.cols().min(y.len()), at, add_rows_block(bits, bias, w, activation, y, at));
}

#[inline(always)]
fn add_rows_block<V: Vector<N>, const N: usize, const B: usize>(
    bits: &[u32],
    bias: usize,
    w: Matrix<'_>,
    activation: Activation,
    y: &mut [f32],
    at: usize,
) {
    let (w, stride) = (w.data(), w.stride());
    let Some(bias) = there(block::<N, B>(w, bias * stride + at)) else { return };
    let mut sums: [V; B] = load(bias);
    ones(bits, |i| {
        if let Some(w) = block::<N, B>(w, i * stride + at) {
            sums.iter_mut().zip(w).for_each(|(sum, w)| *sum = *sum + V::load(w));
        }
    });
    if let Some(y) = block_mut(y, at) {
        store_activated(sums, activation, y);
    }
}

/// The row of biases, if it is among those of `g`, which begin with row `first`, and the rows whose bit is set += a d,
/// without terms below the smallest that counts.
#[inline(never)]
pub(super) fn add_to_rows(a: f32, d: &[f32], selected: Selected<'_>, g: &mut MatrixMut<'_>) {
    let (cols, stride) = (g.cols().min(d.len()), g.stride());
    let g = g.data_mut();
    columns!(cols, at, add_to_rows_block(a, d, selected, g, stride, at));
}

#[inline(always)]
fn add_to_rows_block<V: Vector<N>, const N: usize, const B: usize>(
    a: f32,
    d: &[f32],
    Selected { bits, bias, first }: Selected<'_>,
    g: &mut [f32],
    stride: usize,
    at: usize,
) {
    let Some(d) = there(block::<N, B>(d, at)) else { return };
    let mut terms: [V; B] = load(d);
    terms.iter_mut().for_each(|term| *term = (V::splat(a) * *term).significant());
    if !terms.iter().any(|terms| terms.any()) {
        return;
    }
    let mut add = |row: usize| {
        let start = row.checked_sub(first).map(|row| row * stride + at);
        if let Some(g) = start.and_then(|start| block_mut::<N, B>(g, start)) {
            g.iter_mut().zip(terms).for_each(|(g, term)| (V::load(g) + term).store(g));
        }
    };
    add(bias);
    ones(bits, add);
}
