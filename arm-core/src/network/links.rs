//! The network's part of a pass: one link, up or back.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `coding.rs`.

use crate::feature::BATCH;
use crate::kernels::{Arithmetic, Of, Units, ValueOf, WeightOf};
use crate::network::Pass;
use crate::numeric::matrix::{BitMatrix, Input, Matrix, MatrixMut};
use crate::numeric::window::{split_mut, window, window_mut};
use crate::shape::{Activation, Dense};

/// What of a pass has its place in the trace; all else is written to the start of what the pass is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// Hidden activations.
    Hidden,
    /// Hidden activations, and logits where their gradients will be.
    All,
}

impl<'a, K: Arithmetic> Pass<'a, K> {
    /// The parameters of dense layer `i`.
    pub(crate) fn weights(&self, i: usize) -> Matrix<'a, WeightOf<K>> {
        self.weights_of(&self.layout.shape.dense(i))
    }

    pub(crate) fn weights_of(&self, dense: &Dense) -> Matrix<'a, WeightOf<K>> {
        let data = window(self.params, dense.offset..dense.offset + dense.len());
        Matrix::new(data, dense.stride, dense.outputs)
    }

    /// Dense layer `i` for `rows` rows, written to the start of `out`.
    #[inline(always)]
    pub(crate) fn dense(
        &self,
        i: usize,
        hidden: bool,
        dense: &Dense,
        input: Input<'_, ValueOf<K>>,
        rows: usize,
        out: &mut [ValueOf<K>],
    ) {
        let out = window_mut(out, ..rows * dense.stride);
        if self.layout.shape.is_coded() && !self.layout.shape.coding(i).is_plain() {
            self.affine(dense, input, Units { hidden, activation: Activation::LINEAR }, &mut *out);
            let y = MatrixMut::new(out, dense.stride, dense.outputs);
            self.kernels.code(self.layout.shape.coding(i), self.weights_of(dense), dense.activation, y);
        } else {
            self.affine(dense, input, Units { hidden, activation: dense.activation }, out);
        }
    }

    #[inline(always)]
    fn affine(&self, dense: &Dense, input: Input<'_, ValueOf<K>>, units: Units, out: &mut [ValueOf<K>]) {
        let (w, y) = (self.weights_of(dense), MatrixMut::new(out, dense.stride, dense.outputs));
        self.kernels.affine(w, input, units, y);
    }

    /// The logits of link `k` for `rows` rows, at the start of `out`; `hidden` is room for the link's hidden layers.
    #[inline(always)]
    pub(crate) fn logits<'o>(
        &self,
        k: usize,
        x: BitMatrix<'_>,
        rows: usize,
        hidden: &mut [ValueOf<K>],
        out: &'o mut [ValueOf<K>],
    ) -> MatrixMut<'o, ValueOf<K>> {
        let start = if BATCH {
            Pass { layout: self.layout.of_rows(rows), ..*self }.forward(k, x, Keep::Nothing, hidden, out)
        } else {
            self.forward(k, x, Keep::Nothing, hidden, out)
        };
        let width = self.layout.shape.layer(self.layout.shape.link(k).1).map_or(0, |layer| layer.width());
        let stride = self.layout.shape.stride(width);
        let logits = window_mut(window_mut(out, start..), ..rows * stride);
        MatrixMut::new(logits, stride, width)
    }

    /// The logits of link `k`, in `out`, and the activations of its hidden layers, in `hidden`. Returns where in `out`.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn forward(
        &self,
        k: usize,
        x: BitMatrix<'_>,
        keep: Keep,
        hidden: &mut [ValueOf<K>],
        out: &mut [ValueOf<K>],
    ) -> usize {
        let layout = self.layout;
        let mut layer = layout.layer(layout.shape.link(k).0);
        if keep == Keep::Nothing {
            layer.activation = 0;
        }
        loop {
            let (before, here) = split_mut(hidden, layer.activation);
            let input = if layer.above_hidden {
                Input::Real(layout.last_rows(before, layer.dense.inputs, layer.height()))
            } else {
                Input::Bits(x)
            };
            let to = if layer.hidden {
                here
            } else if keep == Keep::All {
                layer.deltas_mut(out)
            } else {
                &mut *out
            };
            self.dense(layer.index, layer.hidden, &layer.dense, input, layer.height(), to);
            if !layer.hidden {
                return if keep == Keep::All { layer.delta } else { 0 };
            }
            layout.advance(&mut layer);
        }
    }

    /// From the gradient of the logits of link `k`, the gradients of its hidden layers.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn back(&self, k: usize, activations: &[ValueOf<K>], deltas: &mut [ValueOf<K>]) {
        let layout = self.layout;
        let (first, last) = layout.shape.link(k);
        for i in (first..last).rev() {
            let (activation, above) = layout.above(i);
            let (width, rows, dense) = (above.dense.inputs, above.height(), &above.dense);
            let (low, high) = split_mut(deltas, above.delta);
            let d = Matrix::new(window(high, ..rows * dense.stride), dense.stride, dense.outputs);
            let stride = self.layout.shape.stride(width);
            let dx = window_mut(low, low.len().wrapping_sub(rows * stride)..);
            let a = layout.last_rows(window(activations, ..above.activation), width, rows);
            let of = Of::layer(layout.shape, &above);
            let dx = MatrixMut::new(dx, stride, width);
            self.kernels.back(self.weights_of(dense), d, of, a, activation, dx);
        }
    }
}
