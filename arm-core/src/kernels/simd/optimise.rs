//! Adam, element by element.
//!
//! Tests: `kernels/simd/tests.rs`.

use super::lanes::Vector;
use super::rows::selected;
use crate::kernels::portable::constants;
use crate::kernels::{AdamBlock, AdamRates, Input};
use crate::numeric::math::Real;
use crate::numeric::matrix::MatrixMut;
use crate::numeric::window::{window, window_mut};
use arm_vfp::Adam;
use wide::{f32x4, f32x16};

/// What of a row is left.
type Row<'a> = AdamBlock<&'a mut [f32]>;

pub(super) fn adam(r: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
    row::<true>(&constants(r), 1.0, g, AdamBlock { m, v, w });
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
    let (stride, end, d) = (w.stride(), first + w.height(), d.get(..w.cols()).unwrap_or(d));
    let constants = constants(r);
    let mut block = Block { constants, d, stride, m: m.data_mut(), v: v.data_mut(), w: w.data_mut() };
    let units = match x {
        Input::Real(x) => {
            let values = x.row(0).get(first..x.cols().min(end)).unwrap_or_default();
            for (row, x) in values.iter().enumerate() {
                if *x == 0.0 {
                    block.update::<false>(row, 0.0);
                } else {
                    block.update::<true>(row, *x);
                }
            }
            x.cols()
        }
        // Not in order: a processor does not foresee whether a bit is one.
        Input::Bits(x) => {
            let rows = first..x.cols().min(end);
            selected(x.row(0), 0, rows.clone(), |i| block.update::<true>(i - first, 1.0));
            selected(x.row(0), u32::MAX, rows, |i| block.update::<false>(i - first, 0.0));
            x.cols()
        }
    };
    if units < end {
        block.update::<true>(units - first, 1.0);
    }
}

/// Rows of parameters with their moments, and what the rows of their gradient are a multiple of.
struct Block<'a> {
    constants: Adam,
    d: &'a [f32],
    stride: usize,
    m: &'a mut [f32],
    v: &'a mut [f32],
    w: &'a mut [f32],
}

impl Block<'_> {
    /// A row whose gradient is x d; without `SOME` that is nothing.
    #[inline(always)]
    fn update<const SOME: bool>(&mut self, row: usize, x: f32) {
        let part = row * self.stride..row * self.stride + self.d.len();
        let parts = (self.m.get_mut(part.clone()), self.v.get_mut(part.clone()), self.w.get_mut(part));
        if let (Some(m), Some(v), Some(w)) = parts {
            self::row::<SOME>(&self.constants, x, self.d, AdamBlock { m, v, w });
        }
    }
}

/// A row whose gradient is x d; without `SOME` that is nothing.
#[inline(always)]
fn row<const SOME: bool>(a: &Adam, x: f32, d: &[f32], AdamBlock { m, v, w }: Row<'_>) {
    let n = d.len().min(m.len()).min(v.len()).min(w.len());
    let (d, m, v, w) = (window(d, ..n), window_mut(m, ..n), window_mut(v, ..n), window_mut(w, ..n));
    let (d, rest) = vectors::<SOME, f32x16, 16>(a, x, d, AdamBlock { m, v, w });
    let (d, rest) = vectors::<SOME, f32x4, 4>(a, x, d, rest);
    vectors::<SOME, f32, 1>(a, x, d, rest);
}

/// As many vectors as there are; what is left.
#[inline(always)]
fn vectors<'a, const SOME: bool, V: Vector<N>, const N: usize>(
    a: &Adam,
    x: f32,
    d: &'a [f32],
    AdamBlock { m, v, w }: Row<'a>,
) -> (&'a [f32], Row<'a>) {
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
    (d_rest, AdamBlock { m: m_rest, v: v_rest, w: w_rest })
}
