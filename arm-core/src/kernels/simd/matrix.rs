//! Products with matrices. Columns are lanes, but in inner products, where they are partial sums.
//!
//! Tests: `kernels/simd/tests.rs`.

use super::lanes::{
    BLOCK, Vector, block, block_mut, blocks, blocks_mut, columns, load, store_activated, there,
};
use crate::numeric::chunks::{Chunks, chunks, chunks_mut};
use crate::numeric::math::TINY;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::shape::Activation;
use wide::{f32x4, f32x8, f32x16};

/// y = act(bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on), row by row of w; the bias is the row behind those.
#[inline(never)]
pub(super) fn add_scaled(x: &[f32], w: Matrix<'_>, activation: Activation, y: &mut [f32]) {
    columns!(w.cols().min(y.len()), at, add_scaled_block(x, w, activation, y, at));
}

#[inline(always)]
fn add_scaled_block<V: Vector<N>, const N: usize, const B: usize>(
    x: &[f32],
    w: Matrix<'_>,
    activation: Activation,
    y: &mut [f32],
    at: usize,
) {
    let (w, stride) = (w.data(), w.stride());
    let Some(bias) = there(block::<N, B>(w, x.len() * stride + at)) else { return };
    let mut sums: [V; B] = load(bias);
    for (x, w) in x.iter().zip(blocks::<N, B>(chunks(w, stride), at)) {
        let x = V::splat(*x);
        sums.iter_mut().zip(w).for_each(|(sum, w)| *sum = *sum + x * V::load(w));
    }
    if let Some(y) = block_mut(y, at) {
        store_activated(sums, activation, y);
    }
}

/// The factors a x\[i\] of rows, none of a magnitude below `least`.
#[derive(Clone, Copy)]
struct Factors<'a> {
    a: f32,
    x: &'a [f32],
    least: f32,
}

/// Row i of `g` += (a x\[i\]) d, and row `bias`, if it is there, += a d, without terms below the smallest that counts.
#[inline(never)]
pub(super) fn outer(a: f32, x: &[f32], d: &[f32], bias: usize, g: &mut MatrixMut<'_>) {
    let (cols, stride) = (g.cols().min(d.len()), g.stride());
    let g = g.data_mut();
    let factors = Factors { a, x, least: least(a, x) };
    columns!(cols, at, outer_block(factors, d, bias, g, stride, at));
}

#[inline(always)]
fn outer_block<V: Vector<N>, const N: usize, const B: usize>(
    Factors { a, x, least }: Factors<'_>,
    d: &[f32],
    bias: usize,
    g: &mut [f32],
    stride: usize,
    at: usize,
) {
    let Some(d) = there(block::<N, B>(d, at)) else { return };
    let d: [V; B] = load(d);
    if let Some(g) = block_mut::<N, B>(g, bias * stride + at) {
        let a = V::splat(a);
        g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + (a * d).significant()).store(g));
    }
    let smallest = smallest(d);
    let rows = x.iter().zip(blocks_mut::<N, B>(chunks_mut(g, stride), at));
    // Twice, so that no term is below it however it was rounded.
    let counts = |size: f32| size * smallest >= 2.0 * TINY;
    if counts(least) {
        for (x, g) in rows {
            let c = V::splat(a * x);
            g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + c * d).store(g));
        }
        return;
    }
    for (x, g) in rows {
        let (size, c) = ((a * x).abs(), V::splat(a * x));
        if counts(size) {
            g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + c * d).store(g));
        } else {
            g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + (c * d).significant()).store(g));
        }
    }
}

/// The smallest magnitude of a x\[i\].
#[inline(always)]
fn least(a: f32, x: &[f32]) -> f32 {
    let (fours, rest) = x.as_chunks();
    let smaller = |least: f32x4, x: f32x4| least.smaller((f32x4::splat(a) * x).abs());
    let sizes = fours.iter().fold(f32x4::splat(f32::INFINITY), |least, x| smaller(least, f32x4::new(*x)));
    rest.iter().fold(sizes.least(), |least, x| least.smaller((a * x).abs()))
}

/// The smallest magnitude but zero.
#[inline(always)]
fn smallest<V: Vector<N>, const N: usize, const B: usize>(of: [V; B]) -> f32 {
    of.into_iter().fold(V::splat(f32::INFINITY), |least, x| least.smaller(x.sizes())).least()
}

/// Rows whose inner products are summed together, so that sums do not wait for each other: as many times four.
const ROWS: usize = if cfg!(target_feature = "avx") { 2 } else { 1 };

/// x\[i\] = the inner product of `d` with row i of `w`, in the order of [`arm_vfp::dots`].
#[inline(never)]
pub(super) fn dots(d: &[f32], w: Matrix<'_>, x: &mut [f32]) {
    let Some(d) = d.get(..w.cols().min(d.len())) else { return };
    let rows = chunks(w.data(), w.stride());
    if d.len().is_multiple_of(8) { dots_of::<true>(d, rows, x) } else { dots_of::<false>(d, rows, x) }
}

/// [`dots`]; `WHOLE` where there are whole groups of eight columns only.
#[inline(always)]
fn dots_of<const WHOLE: bool>(d: &[f32], mut rows: Chunks<'_, f32>, x: &mut [f32]) {
    let (fours, rest) = x.as_chunks_mut::<4>();
    let (together, fours) = fours.as_chunks_mut::<ROWS>();
    for x in together {
        let Some(sums) = sums::<WHOLE, ROWS>(d, &mut rows) else { return };
        *x = sums;
    }
    for x in fours {
        let Some([sums]) = sums::<WHOLE, 1>(d, &mut rows) else { return };
        *x = sums;
    }
    for x in rest {
        let Some(row) = rows.next().and_then(|row| row.get(..d.len())) else { return };
        *x = dot(d, row);
    }
}

/// The inner products with the next `F` times four rows; none where there are fewer.
#[inline(always)]
fn sums<const WHOLE: bool, const F: usize>(d: &[f32], rows: &mut Chunks<'_, f32>) -> Option<[[f32; 4]; F]> {
    let (eights, d_rest) = d.as_chunks::<8>();
    let mut parts = [[(&[][..], &[][..]); 4]; F];
    for part in parts.as_flattened_mut() {
        *part = rows.next()?.get(..d.len())?.as_chunks::<8>();
    }
    let mut sums = [[f32x8::splat(0.0); 4]; F];
    // By index: that it is in every row is known then.
    for i in 0..eights.len() {
        let d = f32x8::new(eights[i]);
        for (sum, (w, _)) in sums.as_flattened_mut().iter_mut().zip(parts.as_flattened()) {
            *sum += d * f32x8::new(w[i]);
        }
    }
    let mut all = [[0.0; 4]; F];
    all.iter_mut().zip(sums).for_each(|(all, sums)| *all = totals(sums));
    if !WHOLE {
        for (sum, (_, w)) in all.as_flattened_mut().iter_mut().zip(parts.as_flattened()) {
            *sum = and_rest(*sum, d_rest, w);
        }
    }
    Some(all)
}

#[inline(always)]
fn dot(d: &[f32], w: &[f32]) -> f32 {
    let (mut sum, (d, d_rest), (w, w_rest)) = (f32x8::splat(0.0), d.as_chunks(), w.as_chunks());
    d.iter().zip(w).for_each(|(d, w)| sum += f32x8::new(*d) * f32x8::new(*w));
    let [total, ..] = totals([sum; 4]);
    and_rest(total, d_rest, w_rest)
}

/// The lanes of each sum.
#[inline(always)]
fn totals([a, b, c, d]: [f32x8; 4]) -> [f32; 4] {
    let half = |sum: f32x8| {
        let [low, high]: [f32x4; 2] = bytemuck::cast(sum);
        (low + high).to_array()
    };
    // Two sums side by side: lanes 0 and 1 of both, then lanes 2 and 3.
    let both = |[a, b, c, d]: [f32; 4], [e, f, g, h]: [f32; 4]| {
        (f32x4::new([a, b, e, f]) + f32x4::new([c, d, g, h])).to_array()
    };
    let ([a, b, c, d], [e, f, g, h]) = (both(half(a), half(b)), both(half(c), half(d)));
    (f32x4::new([a, c, e, g]) + f32x4::new([b, d, f, h])).to_array()
}

/// `sum` and the products that are left, in order.
#[inline(always)]
fn and_rest(sum: f32, d: &[f32], w: &[f32]) -> f32 {
    d.iter().zip(w).fold(sum, |sum, (d, w)| sum + d * w)
}
