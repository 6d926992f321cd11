//! Optimisers, element by element.

use crate::kernels::{AdamRates, Input};
use crate::numeric::math::{TINY, significant};
use crate::numeric::matrix::MatrixMut;
use arm_vfp::{Adam, Layout};

/// Adding and subtracting it rounds a small parameter to a multiple of 2^-63, which parameters are.
const GRID: f32 = 1.5 / (1u64 << 40) as f32;

#[inline(always)]
pub(super) fn axpy(a: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += significant(a * x);
    }
}

#[inline(always)]
pub(super) fn momentum(rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]) {
    for ((g, v), w) in g.iter().zip(v).zip(w) {
        *v = significant(momentum * *v + g);
        *w -= significant(rate * *v);
    }
}

/// A parameter from elsewhere as one that this machine could have trained: a multiple of 2^-63.
pub(crate) fn on_grid(w: f32) -> f32 {
    if w.abs() < TINY { (w + GRID) - GRID } else { w }
}

/// The constants of a step, with the bias correction of the second moment moved out of the square root:
/// rate m / (scale sqrt(v) + epsilon) = (rate / scale) m / (sqrt(v) + epsilon / scale).
#[inline(always)]
pub(in crate::kernels) fn constants(r: AdamRates) -> Adam {
    Adam {
        keep: [r.beta1, r.beta2],
        add: [1.0 - r.beta1, 1.0 - r.beta2],
        epsilon: r.epsilon / r.scale,
        rate: r.rate / r.scale,
        grid: GRID,
    }
}

/// Squares of so many floats at a time lie on the stack.
const BLOCK: usize = 32;

#[inline(always)]
pub(super) fn adam(r: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
    let (constants, mut squares, mut i) = (constants(r), [0.0; BLOCK], 0);
    while i < g.len() {
        let part = i..(i + BLOCK).min(g.len());
        let g = g.get(part.clone()).unwrap_or_default();
        let (Some(m), Some(v), Some(w)) = (m.get_mut(part.clone()), v.get_mut(part.clone()), w.get_mut(part))
        else {
            return;
        };
        arm_vfp::squares(g, &mut squares);
        let row = Layout { cols: g.len(), stride: g.len() };
        arm_vfp::adam(&constants, &[1.0], g, &squares, row, (m, v, w));
        i += BLOCK;
    }
}

/// Bits that are made floats at a time; they lie on the stack.
const TOGETHER: usize = 8;

/// Rows `first..` of a layer; `squares` takes a row.
#[inline(always)]
pub(super) fn adam_rank_one(
    r: AdamRates,
    x: Input<'_>,
    first: usize,
    d: &[f32],
    squares: &mut [f32],
    (mut m, mut v, mut w): (MatrixMut<'_>, MatrixMut<'_>, MatrixMut<'_>),
) {
    arm_vfp::squares(d, squares);
    let (constants, layout) = (constants(r), Layout { cols: w.cols(), stride: w.stride() });
    let (m, v, w) = (m.data_mut(), v.data_mut(), w.data_mut());
    // Of one length, so that one of them is known for all.
    let n = m.len().min(v.len()).min(w.len());
    let mut rows = |from: usize, xs: &[f32]| {
        let rest = (from - first) * layout.stride..n;
        let blocks = (
            m.get_mut(rest.clone()).unwrap_or_default(),
            v.get_mut(rest.clone()).unwrap_or_default(),
            w.get_mut(rest).unwrap_or_default(),
        );
        arm_vfp::adam(&constants, xs, d, squares, layout, blocks);
    };
    let units = match x {
        Input::Real(x) => x.cols(),
        Input::Bits(x) => x.cols(),
    };
    let (mut i, mut floats) = (first, [0.0; TOGETHER]);
    loop {
        let xs = match x {
            // The bias, if it is among the rows.
            _ if i >= units => &[1.0],
            Input::Real(x) => x.row(0).get(i..).unwrap_or_default(),
            Input::Bits(x) => {
                arm_vfp::floats(x.row(0).get(i / 32).copied().unwrap_or_default() >> (i % 32), &mut floats);
                floats.get(..(TOGETHER - i % TOGETHER).min(units - i)).unwrap_or_default()
            }
        };
        rows(i, xs);
        if i >= units || xs.is_empty() {
            return;
        }
        i += xs.len();
    }
}
