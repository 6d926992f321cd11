//! What an objective is lent to evaluate f at real samples of a layer.
//!
//! Tests: `tests/tests/engine/smooth.rs`.

use crate::estimator::relaxed::Rows;
use crate::kernels::Arithmetic;
use crate::network::Pass;
use crate::numeric::matrix::Matrix;
use crate::shape::layout::Layout;

/// A stochastic layer, and what lies above it.
#[derive(Debug)]
pub struct LayerContext<'a> {
    pub(crate) rows: Rows<'a>,
    /// log q of each row of the layer.
    pub(crate) log_q: &'a [f32],
    /// Weight of each row's decoder gradient.
    pub(crate) weight: &'a [f32],
    pub(crate) samples: &'a [u32],
    pub(crate) activations: &'a [f32],
    /// Logits of all stochastic layers: see [`Layout::logits`].
    pub(crate) phi: &'a [f32],
    /// Gradients of the dense layers behind the first `first` floats.
    pub(crate) deltas: &'a [f32],
    pub(crate) first: usize,
    /// Room for the hidden layers of a link, and for logits.
    pub(crate) hidden: &'a mut [f32],
    pub(crate) logits: &'a mut [f32],
    /// See [`Layout::point_words`].
    pub(crate) points: &'a mut [f32],
}

impl<'a> LayerContext<'a> {
    /// The layer's samples, logits and f-values.
    pub fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// The gradients of dense layer `i`, which must be above the layer.
    pub(crate) fn delta<K: Arithmetic>(&self, pass: &Pass<'_, K>, i: usize) -> Matrix<'a> {
        let mut layer = pass.layout.layer(i);
        layer.delta = layer.delta.wrapping_sub(self.first);
        let found = layer.gradients(self.deltas);
        debug_assert!(found.is_some(), "gradients beyond the end of their slice");
        found.unwrap_or(Matrix::new(&[], 0, 0))
    }
}

impl Layout<'_> {
    /// Floats of the logits of the stochastic layers before `t`, a row a sample.
    pub(crate) const fn logits(&self, t: usize) -> usize {
        let (mut n, mut k) = (0, 0);
        while k < t {
            n += self.rows() * self.shape.stride(self.shape.stochastic_width(k));
            k += 1;
        }
        n
    }

    /// Floats that evaluating one real vector takes: activations and gradients of all dense layers, and three rows.
    pub(crate) const fn point_words(&self) -> usize {
        let (mut n, mut i) = (3 * self.shape.max_stride(), 0);
        while i < self.shape.network_layers() {
            n += self.shape.dense(i).stride;
            i += 1;
        }
        n
    }

    /// Words of scratch beyond those of other estimators, for `points` real vectors a row and `statistics` floats
    /// an example.
    pub(crate) const fn relaxed_words(&self, points: usize, statistics: usize) -> usize {
        let points = self.rows().saturating_mul(points).saturating_mul(self.point_words());
        points
            .saturating_add(self.logits(self.shape.stochastic_layers()))
            .saturating_add(self.examples().saturating_mul(statistics))
    }
}
