//! The numbers that binary units stand for where a dense layer reads them, without a kernel of its own:
//! W (s b - m) + c = s (W b + c) + (1 - s) c - W m, and a gradient of W with respect to s b - m likewise.
//!
//! Tests: `tests/tests/engine/coding.rs`.

use super::Activation;
use crate::numeric::math::significant;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::window::{element, window, window_mut};

/// The numbers that binary units stand for where a dense layer reads them. All but [`Coding::ZeroOne`] cost one more
/// pass over the layer's weights a call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Coding<'a> {
    /// 0 and 1.
    #[default]
    ZeroOne,
    /// -1 and 1.
    Signed,
    /// 0 and 1 minus these means of the units, each in [0, 1]; for the network's input only.
    Centred(&'a [f32]),
}

/// The numbers that all units of a network stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Codings<'a> {
    /// Units of the input x.
    pub x: Coding<'a>,
    /// Units of stochastic layers.
    pub b: Coding<'a>,
}

impl Coding<'_> {
    /// The difference between the two numbers of a unit.
    pub const fn scale(&self) -> f32 {
        if let Coding::Signed = self { 2.0 } else { 1.0 }
    }

    /// What is subtracted for unit `i`.
    pub fn shift(&self, i: usize) -> f32 {
        match self {
            Coding::ZeroOne => 0.0,
            Coding::Signed => 1.0,
            Coding::Centred(means) => element(means, i),
        }
    }

    /// Whether a bit is its own number.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Coding::ZeroOne)
    }

    pub(crate) const fn valid(&self, units: usize) -> bool {
        let Coding::Centred(means) = self else { return true };
        let mut i = 0;
        while i < means.len() {
            if !(means[i] >= 0.0 && means[i] <= 1.0) {
                return false;
            }
            i += 1;
        }
        means.len() == units
    }

    /// From W b + c, what the layer computes: y = act(W (s b - m) + c).
    #[inline(never)]
    pub(crate) fn forward(&self, w: Matrix<'_>, activation: Activation, mut y: MatrixMut<'_>) {
        let (inputs, scale) = (w.height().saturating_sub(1), self.scale());
        let mut first = 0;
        while first < w.cols() {
            let mut offset = [0.0; CHUNK];
            for i in 0..inputs {
                add(-self.shift(i), chunk(w.row(i), first), &mut offset);
            }
            add(1.0 - scale, chunk(w.row(inputs), first), &mut offset);
            for row in y.rows_mut() {
                for (y, offset) in row.iter_mut().skip(first).zip(&offset) {
                    let v = scale * *y + offset;
                    *y = significant(activation.of(v));
                }
            }
            first += CHUNK;
        }
    }

    /// To rows `first..` of a gradient that was computed with `a` times the scale for all rows, what is missing: `deltas`
    /// are those of the whole batch, `inputs` the units below (behind them is the bias).
    pub(crate) fn correct<'d>(
        &self,
        a: f32,
        inputs: usize,
        first: usize,
        deltas: impl Iterator<Item = Matrix<'d>> + Clone,
        mut g: MatrixMut<'_>,
    ) {
        let mut column = 0;
        while column < g.cols() {
            let mut sum = [0.0; CHUNK];
            for d in deltas.clone() {
                d.rows().for_each(|d| add(1.0, chunk(d, column), &mut sum));
            }
            for (row, i) in g.rows_mut().zip(first..) {
                let factor = if i < inputs { -self.shift(i) } else { 1.0 - self.scale() };
                add(a * factor, &sum, window_mut(row, column..));
            }
            column += CHUNK;
        }
    }
}

/// Columns that are summed at a time: what lies on the stack is small.
const CHUNK: usize = 16;

/// At most [`CHUNK`] elements from `first` on.
fn chunk(row: &[f32], first: usize) -> &[f32] {
    let rest = window(row, first..);
    rest.get(..CHUNK).unwrap_or(rest)
}

fn add(a: f32, x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}
