//! Optimisers, element by element.

use crate::kernels::{AdamBlock, AdamRates, Input, MomentumBlock};
use crate::numeric::math::{TINY, significant};
use crate::numeric::matrix::MatrixMut;
use crate::numeric::window::{element, window, window_mut};
use arm_vfp::{Adam, Layout, Momentum};

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
    let n = g.len().min(v.len()).min(w.len());
    let row = Layout { cols: n, stride: n };
    let constants = Momentum { keep: momentum, rate, grid: GRID };
    arm_vfp::momentum(&constants, &[1.0], g, row, MomentumBlock { v, w });
}

/// Rows `first..` of a layer.
#[inline(always)]
pub(super) fn momentum_rank_one(
    rate: f32,
    momentum: f32,
    x: Input<'_>,
    first: usize,
    d: &[f32],
    block: MomentumBlock<MatrixMut<'_>>,
) {
    let MomentumBlock { mut v, mut w } = block;
    let constants = Momentum { keep: momentum, rate, grid: GRID };
    let (layout, height) = (Layout { cols: w.cols(), stride: w.stride() }, w.height());
    let (v, w) = (v.data_mut(), w.data_mut());
    // Of one length, so that one of them is known for both.
    let n = v.len().min(w.len());
    rank_one(x, first, height, |row, xs| {
        let rest = row * layout.stride..n;
        let (v, w) = (window_mut(v, rest.clone()), window_mut(w, rest));
        arm_vfp::momentum(&constants, xs, d, layout, MomentumBlock { v, w });
    });
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
        let g = window(g, part.clone());
        let (Some(m), Some(v), Some(w)) = (m.get_mut(part.clone()), v.get_mut(part.clone()), w.get_mut(part))
        else {
            return;
        };
        arm_vfp::squares(g, &mut squares);
        let row = Layout { cols: g.len(), stride: g.len() };
        arm_vfp::adam(&constants, &[1.0], g, &squares, row, AdamBlock { m, v, w });
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
    block: AdamBlock<MatrixMut<'_>>,
) {
    let AdamBlock { mut m, mut v, mut w } = block;
    arm_vfp::squares(d, squares);
    let (layout, height) = (Layout { cols: w.cols(), stride: w.stride() }, w.height());
    let constants = constants(r);
    let (m, v, w) = (m.data_mut(), v.data_mut(), w.data_mut());
    // Of one length, so that one of them is known for all.
    let n = m.len().min(v.len()).min(w.len());
    let rows = |row: usize, xs: &[f32]| {
        let rest = row * layout.stride..n;
        let (m, v) = (window_mut(m, rest.clone()), window_mut(v, rest.clone()));
        arm_vfp::adam(&constants, xs, d, squares, layout, AdamBlock { m, v, w: window_mut(w, rest) });
    };
    rank_one(x, first, height, rows);
}

/// Calls `rows` with the first of a few of `height` rows and what each of them is multiplied with; they begin with row `first` of
/// the layer.
#[inline(always)]
fn rank_one(x: Input<'_>, first: usize, height: usize, mut rows: impl FnMut(usize, &[f32])) {
    let units = match x {
        Input::Real(x) => x.cols(),
        Input::Bits(x) => x.cols(),
    };
    let (end, mut i, mut floats) = (first + height, first, [0.0; TOGETHER]);
    let units = units.min(end);
    while i < end {
        let xs = match x {
            // The bias, if it is among the rows.
            _ if i >= units => &[1.0],
            Input::Real(x) => window(x.row(0), i..units),
            Input::Bits(x) => {
                arm_vfp::floats(element(x.row(0), i / 32) >> (i % 32), &mut floats);
                window(&floats, ..(TOGETHER - i % TOGETHER).min(units - i))
            }
        };
        if xs.is_empty() {
            return;
        }
        rows(i - first, xs);
        i += xs.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::matrix::{BitMatrix, Matrix};

    /// Rows of momentum in pieces are those of their gradients, one by one.
    fn same(x: Input<'_>, units: usize, cols: usize) {
        let value = |i: usize| ((i * 37 % 101) as f32 - 50.5) * 0.02;
        let d: [f32; 19] = core::array::from_fn(|i| value(i + 5));
        let d = &d[..cols];
        let start: [f32; 19 * 41] = core::array::from_fn(value);
        let n = (units + 1) * cols;
        let (mut v, mut w) = (start, start);
        let mut first = 0;
        while first <= units {
            let rows = 3.min(units + 1 - first);
            let part = first * cols..(first + rows) * cols;
            let [v, w] = [&mut v[part.clone()], &mut w[part]].map(|rows| MatrixMut::new(rows, cols, cols));
            momentum_rank_one(0.1, 0.9, x, first, d, MomentumBlock { v, w });
            first += rows;
        }
        for i in 0..n {
            let g = x.value(i / cols) * d[i % cols];
            let velocity = if g == 0.0 { 0.9 * start[i] } else { 0.9 * start[i] + g };
            assert_eq!((v[i], w[i]), (velocity, (start[i] - 0.1 * velocity + GRID) - GRID), "{i}");
        }
    }

    #[test]
    fn momentum_of_a_single_example() {
        let bits = [0b1010_0110_0000_1111_0101_0000_0000_0001, 0b1011_0001];
        let real: [f32; 40] = core::array::from_fn(|i| if i % 3 == 0 { 0.0 } else { i as f32 - 7.5 });
        for cols in [1, 7, 8, 16, 19] {
            same(Input::Bits(BitMatrix::new(&bits, 40)), 40, cols);
            same(Input::Real(Matrix::new(&real, 40, 40)), 40, cols);
            same(Input::Bits(BitMatrix::new(&bits[..1], 3)), 3, cols);
        }
    }
}
