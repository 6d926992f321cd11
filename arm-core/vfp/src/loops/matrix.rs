//! Products of a row with a matrix.

use super::{Layout, N, rest, rest_mut};
use crate::RAGGED;
#[cfg(vfp_loops)]
use crate::assembly;
use crate::window_mut;

/// y += c x.
#[inline(never)]
fn axpy(c: f32, x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += c * x);
}

/// y = bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on, row by row of w; the bias is the row behind those.
#[inline(always)]
pub fn add_scaled(x: &[f32], w: &[f32], layout: Layout, y: &mut [f32]) {
    let bias = layout.row(w, x.len());
    let y = window_mut(y, ..bias.len());
    let (fours, eights) = layout.groups(w.len(), x.len(), y.len());
    if RAGGED {
        let copied = if cfg!(vfp_loops) && fours > 0 { eights } else { 0 };
        rest_mut(y, copied).iter_mut().zip(rest(bias, copied)).for_each(|(y, b)| *y = *b);
    }
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_ptr().cast_mut(), w.as_ptr().cast_mut(), y.as_mut_ptr(), 4 * layout.stride);
        // SAFETY: the slices have these groups; x and w are only read.
        unsafe { assembly::add_scaled(&assembly::Matrix { x, w, y, fours, eights, stride }, bias.as_ptr()) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks::<4>().0.iter().enumerate().take(fours) {
        add_scaled_four(x, &core::array::from_fn(|k| layout.row(w, 4 * i + k)), whole_mut(y, eights));
    }
    if RAGGED {
        for (i, &x) in x.iter().enumerate().skip(layout.first_rest(fours, eights)) {
            let done = if i < 4 * fours { eights } else { 0 };
            axpy(x, layout.behind(w, i, done), rest_mut(y, done));
        }
    }
}

#[cfg(not(vfp_loops))]
#[inline(never)]
fn add_scaled_four(x: &[f32; 4], w: &[&[f32]; 4], y: &mut [f32]) {
    let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<N>().0);
    for ((((y, w0), w1), w2), w3) in y.as_chunks_mut::<N>().0.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
        let mut s = *y;
        for (x, w) in x.iter().zip([w0, w1, w2, w3]) {
            s.iter_mut().zip(w).for_each(|(s, w)| *s += x * w);
        }
        *y = s;
    }
}

/// x\[i\] = the inner product of `d` with row i: whole groups of eight in eight interleaved sums, which become four as
/// k + (k+4), and these one as (0+2) + (1+3); then the rest in order.
#[inline(always)]
pub fn dots(d: &[f32], w: &[f32], layout: Layout, x: &mut [f32]) {
    let (fours, eights) = layout.groups(w.len(), x.len(), d.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_mut_ptr(), w.as_ptr().cast_mut(), d.as_ptr().cast_mut(), 4 * layout.stride);
        // SAFETY: the slices have these groups; d and w are only read.
        unsafe { assembly::dots(&assembly::Matrix { x, w, y, fours, eights, stride }, &[0.0; 16]) };
    }
    #[cfg(not(vfp_loops))]
    for (i, x) in x.as_chunks_mut::<4>().0.iter_mut().enumerate().take(fours) {
        *x = dots_four(whole(d, eights), &core::array::from_fn(|k| layout.row(w, 4 * i + k)));
    }
    if RAGGED {
        let d = d.get(..layout.cols).unwrap_or(d);
        for (i, x) in x.iter_mut().enumerate().skip(layout.first_rest(fours, eights)) {
            let done = i < 4 * fours && eights > 0;
            *x = dot(if done { Some(*x) } else { None }, d, layout.behind(w, i, 0));
        }
    }
}

/// The inner product of `d` with the start of `w`; `whole` is that of the whole groups, where it is known.
#[inline(never)]
fn dot(whole: Option<f32>, d: &[f32], w: &[f32]) -> f32 {
    let n = d.len() / N;
    let first = whole.unwrap_or_else(|| {
        let mut sums = [0.0; N];
        for (i, (d, w)) in d.iter().zip(w).enumerate().take(n * N) {
            sums[i % N] += d * w;
        }
        total(sums)
    });
    rest(d, n).iter().zip(rest(w, n)).fold(first, |x, (d, w)| x + d * w)
}

/// What eight sums add up to.
#[inline(always)]
fn total([a, b, c, d, e, f, g, h]: [f32; N]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(not(vfp_loops))]
#[inline(never)]
fn dots_four(d: &[f32], w: &[&[f32]; 4]) -> [f32; 4] {
    let [w0, w1, w2, w3] = w.map(|w| w.as_chunks::<N>().0);
    let mut sums = [[0.0; N]; 4];
    for ((((d, w0), w1), w2), w3) in d.as_chunks::<N>().0.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        for (sums, w) in sums.iter_mut().zip([w0, w1, w2, w3]) {
            sums.iter_mut().zip(d).zip(w).for_each(|((s, d), w)| *s += d * w);
        }
    }
    sums.map(total)
}

/// The first `n` groups.
#[cfg(not(vfp_loops))]
#[inline(always)]
fn whole(a: &[f32], n: usize) -> &[f32] {
    crate::window(a, ..n * N)
}

/// [`whole`] of what is written.
#[cfg(not(vfp_loops))]
#[inline(always)]
fn whole_mut(a: &mut [f32], n: usize) -> &mut [f32] {
    window_mut(a, ..n * N)
}

/// Row i of `g` += (a x\[i\]) d.
#[cfg_attr(helium, inline(always))] // with Helium a call takes as long as a row
#[cfg_attr(not(helium), inline(never))]
pub fn outer(a: f32, x: &[f32], d: &[f32], g: &mut [f32], layout: Layout) {
    let d = d.get(..layout.cols).unwrap_or(d);
    let (fours, eights) = layout.groups(g.len(), x.len(), d.len());
    #[cfg(vfp_loops)]
    if fours > 0 && eights > 0 {
        let (x, w, y, stride) =
            (x.as_ptr().cast_mut(), g.as_mut_ptr(), d.as_ptr().cast_mut(), 4 * layout.stride);
        // SAFETY: the slices have these groups; x and d are only read.
        unsafe { assembly::outer(a, &assembly::Matrix { x, w, y, fours, eights, stride }) };
    }
    if cfg!(not(helium)) || 4 * fours < x.len() || eights * N < d.len() {
        outer_rest(a, x, d, g, layout, (fours, eights));
    }
}

/// [`outer`] where groups end.
#[cfg_attr(helium, inline(never))]
#[cfg_attr(not(helium), inline(always))]
fn outer_rest(a: f32, x: &[f32], d: &[f32], g: &mut [f32], layout: Layout, (fours, eights): (usize, usize)) {
    let first = if cfg!(vfp_loops) { layout.first_rest(fours, eights) } else { 0 };
    for (i, &x) in x.iter().enumerate().skip(first) {
        let done = if cfg!(vfp_loops) && i < 4 * fours { eights } else { 0 };
        let row = window_mut(g, i * layout.stride + done * N..);
        axpy(a * x, rest(d, done), row);
    }
}
