//! Adam, element by element.

use super::lanes::Vector;
use super::rows::selected;
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
    let (stride, end, d) = (w.stride(), first + w.height(), d.get(..w.cols()).unwrap_or(d));
    let (a, m, v, w) = (constants(r), m.data_mut(), v.data_mut(), w.data_mut());
    let mut update = |i: usize, x: f32| {
        let start = (i - first) * stride;
        let part = start..start + d.len();
        let parts = (m.get_mut(part.clone()), v.get_mut(part.clone()), w.get_mut(part));
        let (Some(m), Some(v), Some(w)) = parts else { return };
        if x == 0.0 {
            row::<false>(&a, x, d, (m, v, w));
        } else {
            row::<true>(&a, x, d, (m, v, w));
        }
    };
    let units = match x {
        Input::Real(x) => {
            let values = x.row(0).get(first..x.cols().min(end)).unwrap_or_default();
            values.iter().zip(first..).for_each(|(x, i)| update(i, *x));
            x.cols()
        }
        // Not in order: a processor does not foresee whether a bit is one.
        Input::Bits(x) => {
            let rows = first..x.cols().min(end);
            selected(x.row(0), 0, rows.clone(), |i| update(i, 1.0));
            selected(x.row(0), u32::MAX, rows, |i| update(i, 0.0));
            x.cols()
        }
    };
    if units < end {
        update(units, 1.0);
    }
}

/// A row whose gradient is x d; without `SOME` that is nothing.
#[inline(always)]
fn row<const SOME: bool>(a: &Adam, x: f32, d: &[f32], (m, v, w): Row<'_>) {
    let n = d.len().min(m.len()).min(v.len()).min(w.len());
    let (d, m, v, w) = (window(d, ..n), window_mut(m, ..n), window_mut(v, ..n), window_mut(w, ..n));
    let (d, m, v, w) = if cfg!(target_feature = "avx") {
        vectors::<SOME, f32x16, 16>(a, x, d, (m, v, w))
    } else {
        (d, m, v, w)
    };
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
