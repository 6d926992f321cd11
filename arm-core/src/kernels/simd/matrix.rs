//! Products with matrices. Columns are lanes, but in inner products, where they are partial sums.

use super::lanes::{BLOCK, Vector, block, block_mut, columns, load, store_activated};
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
    let Some(bias) = block::<N, B>(w, x.len() * stride + at) else { return };
    let mut sums: [V; B] = load(bias);
    let mut add = |x: f32, w: &[f32], at: usize| {
        if let Some(w) = block::<N, B>(w, at) {
            let x = V::splat(x);
            sums.iter_mut().zip(w).for_each(|(sum, w)| *sum = *sum + x * V::load(w));
        }
    };
    let (fours, rest) = x.as_chunks::<4>();
    for (x, w) in fours.iter().zip(chunks(w, 4 * stride)) {
        (0..4).for_each(|r| add(x[r], w, r * stride + at));
    }
    let mut start = 4 * fours.len() * stride + at;
    for x in rest {
        add(*x, w, start);
        start += stride;
    }
    if let Some(y) = block_mut(y, at) {
        store_activated(sums, activation, y);
    }
}

/// Row i of `g` += (a x\[i\]) d, without terms below the smallest that counts.
#[inline(never)]
pub(super) fn outer(a: f32, x: &[f32], d: &[f32], g: &mut MatrixMut<'_>) {
    let (cols, stride) = (g.cols().min(d.len()), g.stride());
    let g = g.data_mut();
    columns!(cols, at, outer_block(a, x, d, g, stride, at));
}

#[inline(always)]
fn outer_block<V: Vector<N>, const N: usize, const B: usize>(
    a: f32,
    x: &[f32],
    d: &[f32],
    g: &mut [f32],
    stride: usize,
    at: usize,
) {
    let Some(d) = block::<N, B>(d, at) else { return };
    let d: [V; B] = load(d);
    let smallest = smallest(d);
    let add = |x: f32, g: &mut [f32], at: usize| {
        let Some(g) = block_mut::<N, B>(g, at) else { return };
        let (x, c) = (a * x, V::splat(a * x));
        // Twice, so that no term is below it however it was rounded.
        if x.abs() * smallest >= 2.0 * TINY {
            g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + c * d).store(g));
        } else {
            g.iter_mut().zip(d).for_each(|(g, d)| (V::load(g) + (c * d).significant()).store(g));
        }
    };
    let (fours, rest) = x.as_chunks::<4>();
    for (x, g) in fours.iter().zip(chunks_mut(g, 4 * stride)) {
        (0..4).for_each(|r| add(x[r], g, r * stride + at));
    }
    let mut start = 4 * fours.len() * stride + at;
    for x in rest {
        add(*x, g, start);
        start += stride;
    }
}

/// The smallest magnitude but zero.
#[inline(always)]
fn smallest<V: Vector<N>, const N: usize, const B: usize>(of: [V; B]) -> f32 {
    let sizes = of.into_iter().fold(V::splat(f32::INFINITY), |least, x| least.smaller(x.sizes()));
    let mut floats = [0.0; N];
    sizes.store(&mut floats);
    floats.into_iter().fold(f32::INFINITY, |least, x| least.smaller(x))
}

/// Rows whose inner products are summed together, so that sums do not wait for each other.
const ROWS: usize = if cfg!(target_feature = "avx") { 8 } else { 4 };

/// x\[i\] = the inner product of `d` with row i of `w`, in the order of [`arm_vfp::dots`].
#[inline(never)]
pub(super) fn dots(d: &[f32], w: Matrix<'_>, x: &mut [f32]) {
    let Some(d) = d.get(..w.cols().min(d.len())) else { return };
    let mut rows = chunks(w.data(), w.stride());
    let (together, rest) = x.as_chunks_mut::<ROWS>();
    for x in together {
        let Some(sums) = dots_of(d, &mut rows) else { return };
        *x = sums;
    }
    for x in rest {
        let Some([sum]) = dots_of(d, &mut rows) else { return };
        *x = sum;
    }
}

/// The inner products with the next `R` rows; none where there are fewer.
#[inline(always)]
fn dots_of<const R: usize>(d: &[f32], rows: &mut Chunks<'_, f32>) -> Option<[f32; R]> {
    let mut parts = [(&[][..], &[][..]); R];
    for part in &mut parts {
        *part = rows.next()?.get(..d.len())?.as_chunks::<8>();
    }
    let (eights, d_rest) = d.as_chunks::<8>();
    let mut sums = [f32x8::splat(0.0); R];
    for (i, d) in eights.iter().enumerate() {
        let d = f32x8::new(*d);
        for (sum, (w, _)) in sums.iter_mut().zip(parts) {
            *sum += d * f32x8::new(w[i]);
        }
    }
    Some(core::array::from_fn(|r| total(sums[r], d_rest, parts[r].1)))
}

/// The lanes, and the rest in order.
#[inline(always)]
fn total(sum: f32x8, d: &[f32], w: &[f32]) -> f32 {
    let [low, high]: [f32x4; 2] = bytemuck::cast(sum);
    let [s0, s1, s2, s3] = (low + high).to_array();
    d.iter().zip(w).fold((s0 + s2) + (s1 + s3), |x, (d, w)| x + d * w)
}
