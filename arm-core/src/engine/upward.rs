//! Sampling upwards through the chain, without gradients.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `tests/tests/engine/one_engine.rs`.

use crate::engine::Estimates;
use crate::feature::BATCH;
use crate::kernels::{Arithmetic, NatsOf, ValueOf};
use crate::network::uniforms::Address;
use crate::network::{Pass, Scratch};
use crate::numeric::bits::words;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::window::{element_mut, window_mut};

/// A pass over rows of a batch.
pub(crate) struct UpwardSampler<'a, K: Arithmetic> {
    pub pass: &'a Pass<'a, K>,
    pub address: Address<'a>,
    /// Whether log q is added to `path_f`.
    pub log_q: bool,
}

/// Draws a row from its logits and uniforms, and returns its log q: [`Estimates::draw`] for some rule.
pub(crate) type Draw<'a, K> = &'a mut dyn FnMut(&[ValueOf<K>], &[ValueOf<K>], &mut [u32]) -> NatsOf<K>;

impl<K: Estimates> UpwardSampler<'_, K> {
    /// Samples layers `from..` of `path_samples`, given the layer below there (x below layer 0, a row an example), for the first
    /// `count` rows in `path_rows`. Compiled once for every rule, hence the pointer.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn sample(
        &self,
        draw: Draw<'_, K>,
        from: usize,
        count: usize,
        scratch: &mut Scratch<'_, K::Numbers>,
    ) {
        let (pass, layout) = (self.pass, &self.pass.layout);
        for t in from..layout.shape.stochastic_layers() {
            let (x, height) = match t.checked_sub(1) {
                None => (self.address.batch.x, layout.examples()),
                Some(under) => (layout.samples_of(under, scratch.path_samples).top(count), count),
            };
            pass.logits(t, x, height, scratch.hidden_or_uniforms, scratch.logits);
            self.draw(draw, t, count, scratch);
        }
    }

    /// Apart from [`sample`](Self::sample), so that its stack and that of the logits do not add up.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn draw(&self, draw: Draw<'_, K>, t: usize, count: usize, scratch: &mut Scratch<'_, K::Numbers>) {
        let (pass, layout) = (self.pass, &self.pass.layout);
        let (width, start) = (layout.shape.stochastic_width(t), layout.sample(t));
        let stride = layout.shape.stride(width);
        let count = count.min(layout.rows());
        let u = if BATCH {
            window_mut(scratch.hidden_or_uniforms, ..count * stride)
        } else {
            &mut *scratch.hidden_or_uniforms
        };
        let u = MatrixMut::new(u, stride, width);
        self.address.fill(pass.kernels, layout.samples(), Some(scratch.path_rows), t, u);
        for i in 0..count {
            let u = window_mut(scratch.hidden_or_uniforms, i * stride..i * stride + width);
            let sample = window_mut(
                scratch.path_samples,
                start + i * words(width)..start + i * words(width) + words(width),
            );
            let logits = Matrix::new(scratch.logits, layout.shape.stride(width), width);
            let log = draw(logits.row(if t == 0 { layout.example(i) } else { i }), u, sample);
            if let Some(path_f) = element_mut(scratch.path_f, i).filter(|_| self.log_q) {
                *path_f += log;
            }
        }
    }
}
