//! Adam, element by element.

use super::lanes::Vector;
use crate::kernels::portable::constants;
use crate::kernels::{AdamRates, Input};
use crate::numeric::math::Real;
use crate::numeric::matrix::MatrixMut;
use crate::numeric::window::{window, window_mut};
use arm_vfp::Adam;
use wide::{f32x4, f32x16};

/// m, v and w of a row.
type Row<'a> = (&'a mut [f32], &'a mut [f32], &'a mut [f32]);

pub(super) fn adam(r: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
    row::<true>(&constants(r), 1.0, g, (m, v, w));
}

/// Rows `first..` of a layer for a single example.
#[inline(never)]
pub(super) fn adam_rank_one(
    r: AdamRates,
    x: Input<'_>,
    first: usize,
    d: &[f32],
    (mut m, mut v, mut w): (MatrixMut<'_>, MatrixMut<'_>, MatrixMut<'_>),
) {
    let constants = constants(r);
    let rows = m.rows_mut().zip(v.rows_mut()).zip(w.rows_mut());
    for (((m, v), w), i) in rows.zip(first..) {
        let x = x.value(i);
        if x == 0.0 {
            row::<false>(&constants, x, d, (m, v, w));
        } else {
            row::<true>(&constants, x, d, (m, v, w));
        }
    }
}

/// A row whose gradient is x d; without `SOME` that is nothing.
#[inline(always)]
fn row<const SOME: bool>(a: &Adam, x: f32, d: &[f32], (m, v, w): Row<'_>) {
    let n = d.len().min(m.len()).min(v.len()).min(w.len());
    let (d, m, v, w) = (window(d, ..n), window_mut(m, ..n), window_mut(v, ..n), window_mut(w, ..n));
    let (d, m, v, w) = vectors::<SOME, f32x16, 16>(a, x, d, (m, v, w));
    let (d, m, v, w) = vectors::<SOME, f32x4, 4>(a, x, d, (m, v, w));
    vectors::<SOME, f32, 1>(a, x, d, (m, v, w));
}

/// As many vectors as there are; what is left.
#[inline(always)]
fn vectors<'a, const SOME: bool, V: Vector<N>, const N: usize>(
    a: &Adam,
    x: f32,
    d: &'a [f32],
    (m, v, w): Row<'a>,
) -> (&'a [f32], &'a mut [f32], &'a mut [f32], &'a mut [f32]) {
    let c = <V as Real>::splat;
    let add = [c(a.add[0] * x), c(a.add[1] * (x * x))];
    let (d, d_rest) = d.as_chunks::<N>();
    let (m, m_rest) = m.as_chunks_mut::<N>();
    let (v, v_rest) = v.as_chunks_mut::<N>();
    let (w, w_rest) = w.as_chunks_mut::<N>();
    for (((d, m), v), w) in d.iter().zip(m).zip(v).zip(w) {
        let (d, mut first, mut second) = (V::load(d), c(a.keep[0]) * V::load(m), c(a.keep[1]) * V::load(v));
        if SOME {
            (first, second) = (first + add[0] * d, second + add[1] * (d * d));
        }
        first.store(m);
        second.store(v);
        let change = c(a.rate) * (first / (second.sqrt() + c(a.epsilon)));
        ((V::load(w) - change + c(a.grid)) - c(a.grid)).store(w);
    }
    (d_rest, m_rest, v_rest, w_rest)
}
