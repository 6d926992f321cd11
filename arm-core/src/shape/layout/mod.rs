//! Where the layers of a network and the buffers of a batch lie.

mod layer;
#[cfg_attr(not(target_pointer_width = "64"), path = "no_table.rs")]
mod table;
#[cfg(test)]
mod tests;

use crate::error::Error;
use crate::feature::{BATCH, Count, STACKS};
use crate::numeric::bits::words;
use crate::numeric::matrix::{BitMatrix, Input, Matrix};
use crate::numeric::number::Float;
use crate::numeric::window::window;
use crate::shape::{Activation, Dense, Layer, Shape};
pub(crate) use layer::{LayerLayout, ScoreRows};
use table::Lookup;
pub(crate) use table::Table;

/// Sizes and offsets for `examples` examples with `samples` samples each. Row `e * samples + s` is sample `s` of
/// example `e`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'s> {
    pub shape: &'s Shape<'s>,
    examples: Count,
    samples: Count,
    lookup: Lookup<'s>,
}

impl<'s> Layout<'s> {
    pub(crate) const fn new(shape: &'s Shape<'s>, examples: usize, samples: usize) -> Self {
        let (examples, samples) = (Count::new(examples), Count::new(samples));
        Layout { shape, examples, samples, lookup: Lookup::NONE }
    }

    /// The same, where layers of `table`, that of the shape, need not be sought.
    #[inline(always)]
    pub(crate) const fn with(self, table: &'s Table) -> Self {
        let single = self.examples() == 1 && self.samples() == 1;
        Layout { lookup: if single { Lookup::of(table) } else { Lookup::NONE }, ..self }
    }

    /// The same for another number of rows, one of each example.
    #[inline(always)]
    pub(crate) const fn of_rows(&self, rows: usize) -> Self {
        let lookup = if rows == 1 { self.lookup } else { Lookup::NONE };
        Layout { examples: Count::new(rows), samples: Count::new(1), lookup, ..*self }
    }

    /// Whether there is code for so many rows.
    pub(crate) const fn check_rows(examples: usize, samples: usize) -> Result<(), Error> {
        if !BATCH && (examples > 1 || samples > 1) { Err(Error::LeftOut) } else { Ok(()) }
    }

    /// Whether all sizes can be counted: then no product below wraps.
    pub(crate) const fn fits(&self) -> bool {
        if self.examples() == 1 && self.samples() == 1 {
            return true;
        }
        let row = Layout::new(self.shape, 1, 1).training_words::<Float>() + self.shape.pad();
        match self.examples().checked_mul(self.samples()) {
            Some(rows) => match row.checked_mul(rows) {
                Some(words) => words <= isize::MAX as usize / 4,
                None => false,
            },
            None => false,
        }
    }

    pub(crate) const fn examples(&self) -> usize {
        self.examples.get()
    }

    /// Samples of an example.
    pub(crate) const fn samples(&self) -> usize {
        self.samples.get()
    }

    /// Rows of samples.
    pub(crate) const fn rows(&self) -> usize {
        self.examples() * self.samples()
    }

    /// The example that a row is a sample of.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn example(&self, row: usize) -> usize {
        if BATCH { row / self.samples().max(1) } else { 0 }
    }

    /// Floats of the kept activations of all hidden layers.
    pub(crate) const fn activations(&self) -> usize {
        let [below, behind] = self.shape.totals.hidden;
        self.examples() * below + self.rows() * behind
    }

    /// Floats of the gradients of all dense layers.
    pub(crate) const fn deltas(&self) -> usize {
        self.activations() + self.rows() * self.shape.totals.logits
    }

    /// Dense layer `i`; an empty one, behind all others, beyond the end.
    #[inline(always)]
    pub(crate) const fn layer(&self, i: usize) -> LayerLayout {
        let mut layer = LayerLayout::INPUT;
        self.seek(i, &mut layer);
        layer
    }

    /// The activation of dense layer `i`, and the layer after it.
    #[inline(always)]
    pub(crate) const fn above(&self, i: usize) -> (Activation, LayerLayout) {
        let mut layer = LayerLayout::INPUT;
        self.seek(i, &mut layer);
        let activation = layer.dense.activation;
        self.advance(&mut layer);
        (activation, layer)
    }

    /// Moves `layer` to layer `i`, where it lies: what is returned would lie on the stack twice.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) const fn seek(&self, i: usize, layer: &mut LayerLayout) {
        if self.lookup.find(i, layer) {
            return;
        }
        *layer = LayerLayout::INPUT;
        layer.dense.outputs = self.shape.inputs();
        layer.rows = self.examples;
        self.advance(layer);
        while layer.index < i && layer.index <= self.shape.network_layers() {
            self.advance(layer);
        }
    }

    /// Moves `layer` on to the layer after it.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) const fn advance(&self, layer: &mut LayerLayout) {
        // Nothing wraps in a shape that passes its check.
        if layer.hidden {
            layer.activation = layer.activation.wrapping_add(layer.height().wrapping_mul(layer.dense.stride));
        }
        // Activations of a link may have been moved elsewhere.
        let activation = layer.activation;
        if self.lookup.find(layer.index.wrapping_add(1), layer) {
            layer.activation = activation;
            return;
        }
        if !layer.hidden {
            // Logits below the first samples have a row an example, their scores a row a sample.
            layer.rows = Count::new(self.rows());
        }
        layer.delta = layer.delta.wrapping_add(layer.height().wrapping_mul(layer.dense.stride));
        layer.dense.offset = layer.dense.offset.wrapping_add(layer.dense.len());
        layer.dense.inputs = layer.dense.outputs;
        layer.index = layer.index.wrapping_add(1);
        layer.above_hidden = layer.hidden && layer.index > 0;
        if layer.index == self.shape.encoder().len() {
            layer.dense.inputs = self.shape.top_width();
        }
        match self.shape.layer(layer.index) {
            Some(described) => {
                layer.dense.outputs = described.width();
                layer.dense.activation = described.activation();
                layer.hidden = !described.stochastic();
            }
            None => {
                let prior = layer.index == self.shape.network_layers() && self.shape.has_prior();
                layer.dense.outputs = if prior { self.shape.top_width() } else { 0 };
                layer.dense.inputs = 0;
                layer.dense.activation = Activation::LINEAR;
                layer.hidden = false;
            }
        }
        layer.dense.stride = self.shape.stride(layer.dense.outputs);
    }

    /// The last layer of link `k`: that of its logits.
    pub(crate) const fn top(&self, k: usize) -> LayerLayout {
        self.layer(self.shape.link(k).1)
    }

    /// Where the scores of stochastic layer `t` lie among the gradients.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) const fn scores(&self, t: usize) -> ScoreRows {
        if STACKS && !(self.shape.is_single() && t == 0) {
            let layer = self.top(t);
            return ScoreRows { width: layer.dense.outputs, stride: layer.dense.stride, start: layer.delta };
        }
        let width = self.shape.top_width();
        let start = self.examples() * self.shape.totals.hidden[0];
        ScoreRows { width, stride: self.shape.stride(width), start }
    }

    /// Words of the samples of the stochastic layers before `t`.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) const fn sample(&self, t: usize) -> usize {
        self.samples_before(t).0
    }

    /// Words of the samples of every layer, padded so that what follows stays aligned.
    pub(crate) const fn all_samples(&self) -> usize {
        self.shape.stride(self.rows() * self.shape.totals.samples)
    }

    /// [`sample`](Self::sample), and the units of layer `t`.
    #[cfg_attr(not(target_os = "none"), inline)]
    const fn samples_before(&self, t: usize) -> (usize, usize) {
        if self.shape.is_single() {
            let width = self.shape.top_width();
            return if t == 0 { (0, width) } else { (self.rows() * words(width), 0) };
        }
        let (mut n, mut k, mut i) = (0, 0, 0);
        while i < self.shape.encoder().len() {
            if let Layer::Bernoulli { width } = self.shape.encoder()[i] {
                if k == t {
                    return (n, width);
                }
                n += self.rows() * words(width);
                k += 1;
            }
            i += 1;
        }
        (n, 0)
    }

    /// What `layer` reads in training, if it is there; empty for the prior and for free logits.
    #[inline(always)]
    pub(crate) fn input<'a, T>(
        &self,
        layer: &LayerLayout,
        x: BitMatrix<'a>,
        activations: &'a [T],
        samples: &'a [u32],
    ) -> Option<Input<'a, T>> {
        if layer.above_hidden {
            let (width, before) = (layer.dense.inputs, activations.get(..layer.activation)?);
            let stride = self.shape.stride(width);
            let rows = before.get(before.len().wrapping_sub(layer.height().wrapping_mul(stride))..)?;
            return Some(Input::Real(Matrix::of_layer(rows, stride, width)));
        }
        Some(Input::Bits(if layer.index == 0 {
            x
        } else {
            Layout::bits_below(self.shape, self.rows(), layer.index, samples)
        }))
    }

    /// The samples that layer `i` reads, which is not the first one. A layout would be put on the stack for the call.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn bits_below<'a>(shape: &Shape<'_>, rows: usize, i: usize, samples: &'a [u32]) -> BitMatrix<'a> {
        if i >= shape.network_layers() {
            return BitMatrix::NONE;
        }
        // The chain goes up to its last layer and the decoder comes down again.
        let (layers, link) = (shape.stochastic_layers(), shape.stochastic_before(i));
        let t = if link < layers { link } else { 2 * layers - link };
        Layout::new(shape, rows, 1).samples_of(t.wrapping_sub(1), samples)
    }

    /// The last `height` rows of `width` units, at the end of `data`.
    pub(crate) fn last_rows<'a, T>(&self, data: &'a [T], width: usize, height: usize) -> Matrix<'a, T> {
        let stride = self.shape.stride(width);
        let start = data.len().wrapping_sub(height * stride);
        Matrix::new(window(data, start..), stride, width)
    }

    /// The samples of layer `t` out of the samples of all layers.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn samples_of<'a>(&self, t: usize, samples: &'a [u32]) -> BitMatrix<'a> {
        let (start, width) = if STACKS { self.samples_before(t) } else { (0, self.shape.top_width()) };
        let data = window(samples, start..start + self.rows() * words(width));
        BitMatrix::new(data, width)
    }
}

impl Shape<'_> {
    /// The parameters of dense layer `i`; an empty layer beyond the end.
    pub const fn dense(&self, i: usize) -> Dense {
        Layout::new(self, 1, 1).layer(i).dense
    }

    /// Floats of all parameters, padding included, of a shape that passes [`check`](Self::check).
    pub const fn params(&self) -> usize {
        self.totals.params
    }
}
