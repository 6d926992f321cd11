//! Where one dense layer lies.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `scratch.rs`.

use crate::feature::Count;
use crate::numeric::matrix::Matrix;
use crate::numeric::window::{window, window_mut};
use crate::shape::{Activation, Dense};

/// Where the scores of a stochastic layer lie among the gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScoreRows {
    /// Floats of a row.
    pub width: usize,
    /// Floats from one row to the next.
    pub stride: usize,
    /// The first of them.
    pub start: usize,
}

/// A dense layer, and where its buffers lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerLayout {
    /// Which dense layer it is.
    pub index: usize,
    pub dense: Dense,
    pub hidden: bool,
    /// Whether it reads a hidden layer.
    pub above_hidden: bool,
    /// See [`height`](Self::height).
    pub(super) rows: Count,
    /// Values of the kept activations of the hidden layers before it.
    pub activation: usize,
    /// Floats of the gradients of the dense layers before it. The first logits have a row of scores a sample.
    pub delta: usize,
}

impl LayerLayout {
    /// Before the first layer: the input, which no layer computes.
    pub(crate) const INPUT: Self = LayerLayout {
        index: usize::MAX,
        dense: Dense { offset: 0, inputs: 0, outputs: 0, stride: 0, activation: Activation::LINEAR },
        hidden: true,
        above_hidden: false,
        rows: Count::new(0),
        activation: 0,
        delta: 0,
    };

    /// The gradients of the layer, and what lies behind them.
    pub(crate) fn deltas<'a, T>(&self, deltas: &'a [T]) -> &'a [T] {
        window(deltas, self.delta..)
    }

    /// [`deltas`](Self::deltas), writable.
    pub(crate) fn deltas_mut<'a, T>(&self, deltas: &'a mut [T]) -> &'a mut [T] {
        window_mut(deltas, self.delta..)
    }

    /// The gradients of the layer, if they are there.
    #[inline(always)]
    pub(crate) fn gradients<'a, T>(&self, deltas: &'a [T]) -> Option<Matrix<'a, T>> {
        let data = deltas.get(self.delta..)?.get(..self.height().wrapping_mul(self.dense.stride))?;
        Some(Matrix::of_layer(data, self.dense.stride, self.dense.outputs))
    }

    /// What the layer, a hidden one, has computed.
    pub(crate) fn activations<'a, T>(&self, activations: &'a [T]) -> Matrix<'a, T> {
        self.rows(window(activations, self.activation..))
    }

    /// Rows it is computed for: one an example below the first samples, then one a sample.
    pub(crate) const fn height(&self) -> usize {
        self.rows.get()
    }

    /// The first rows of `data`, as many as the layer has.
    fn rows<'a, T>(&self, data: &'a [T]) -> Matrix<'a, T> {
        let data = window(data, ..self.height() * self.dense.stride);
        Matrix::new(data, self.dense.stride, self.dense.outputs)
    }
}
