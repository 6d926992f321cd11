//! Where the layers of a network and the buffers of a batch lie.

use crate::error::Error;
use crate::feature::{BATCH, STACKS};
use crate::numeric::bits::words;
use crate::numeric::matrix::{BitMatrix, Input, Matrix};
use crate::shape::{Dense, Layer, Shape};

/// Sizes and offsets for `examples` examples with `samples` samples each. Row `e * samples + s` is sample `s` of
/// example `e`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'s> {
    pub shape: &'s Shape<'s>,
    examples: usize,
    samples: usize,
}

/// A dense layer, and where its buffers lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub layer: usize,
    pub dense: Dense,
    pub hidden: bool,
    /// Whether it reads a hidden layer.
    pub above_hidden: bool,
    /// See [`height`](Self::height).
    rows: usize,
    /// Floats of the kept activations of the hidden layers before it.
    pub activation: usize,
    /// Floats of the gradients of the dense layers before it. The first logits have a row of scores a sample.
    pub delta: usize,
}

impl Place {
    const NONE: Self = Place {
        layer: 0,
        dense: Dense { offset: 0, inputs: 0, outputs: 0, stride: 0, slope: 0.0 },
        hidden: false,
        above_hidden: false,
        rows: 0,
        activation: 0,
        delta: 0,
    };

    /// The gradients of the layer, and what lies behind them.
    pub(crate) fn deltas<'a>(&self, deltas: &'a [f32]) -> &'a [f32] {
        deltas.get(self.delta..).unwrap_or_default()
    }

    /// [`deltas`](Self::deltas), writable.
    pub(crate) fn deltas_mut<'a>(&self, deltas: &'a mut [f32]) -> &'a mut [f32] {
        deltas.get_mut(self.delta..).unwrap_or_default()
    }

    /// The gradients of the layer.
    pub(crate) fn gradients<'a>(&self, deltas: &'a [f32]) -> Matrix<'a> {
        self.rows(self.deltas(deltas))
    }

    /// What the layer, a hidden one, has computed.
    pub(crate) fn activations<'a>(&self, activations: &'a [f32]) -> Matrix<'a> {
        self.rows(activations.get(self.activation..).unwrap_or_default())
    }

    /// Rows it is computed for: one an example below the first samples, then one a sample.
    pub(crate) const fn height(&self) -> usize {
        if BATCH { self.rows } else { 1 }
    }

    /// The first rows of `data`, as many as the layer has.
    fn rows<'a>(&self, data: &'a [f32]) -> Matrix<'a> {
        let data = data.get(..self.height() * self.dense.stride).unwrap_or_default();
        Matrix::new(data, self.dense.stride, self.dense.outputs)
    }
}

impl<'s> Plan<'s> {
    pub(crate) const fn new(shape: &'s Shape<'s>, examples: usize, samples: usize) -> Self {
        Plan { shape, examples, samples }
    }

    /// Whether there is code for so many rows.
    pub(crate) const fn check(&self) -> Result<(), Error> {
        if !BATCH && (self.examples > 1 || self.samples > 1) { Err(Error::LeftOut) } else { Ok(()) }
    }

    /// Whether all sizes can be counted: then no product below wraps.
    pub(crate) const fn fits(&self) -> bool {
        if self.examples() == 1 && self.samples() == 1 {
            return true;
        }
        let row = Plan::new(self.shape, 1, 1).training_words() + self.shape.pad();
        match self.examples.checked_mul(self.samples) {
            Some(rows) => match row.checked_mul(rows) {
                Some(words) => words <= isize::MAX as usize / 4,
                None => false,
            },
            None => false,
        }
    }

    pub(crate) const fn examples(&self) -> usize {
        if BATCH { self.examples } else { 1 }
    }

    /// Samples of an example.
    pub(crate) const fn samples(&self) -> usize {
        if BATCH { self.samples } else { 1 }
    }

    /// Rows of samples.
    pub(crate) const fn rows(&self) -> usize {
        self.examples() * self.samples()
    }

    /// The example that a row is a sample of.
    pub(crate) fn example(&self, row: usize) -> usize {
        if BATCH { row / self.samples.max(1) } else { 0 }
    }

    /// Floats of the kept activations of all hidden layers.
    pub(crate) const fn activations(&self) -> usize {
        let [below, behind] = self.shape.sums.hidden;
        self.examples() * below + self.rows() * behind
    }

    /// Floats of the gradients of all dense layers.
    pub(crate) const fn deltas(&self) -> usize {
        self.activations() + self.rows() * self.shape.sums.logits
    }

    /// Dense layer `i`; an empty one, behind all others, beyond the end.
    #[inline(always)]
    pub(crate) const fn place(&self, i: usize) -> Place {
        let mut place = Place::NONE;
        self.find(i, &mut place);
        place
    }

    /// [`place`](Self::place), where it lies: what is returned would lie on the stack twice.
    #[inline(never)]
    const fn find(&self, i: usize, place: &mut Place) {
        // Before the first: the input, computed by no layer.
        place.layer = usize::MAX;
        place.dense.outputs = self.shape.inputs();
        place.hidden = true;
        place.rows = self.examples();
        self.advance(place);
        while place.layer < i && place.layer <= self.shape.network_layers() {
            self.advance(place);
        }
    }

    /// From one layer to the next.
    #[inline(never)]
    pub(crate) const fn advance(&self, place: &mut Place) {
        // Nothing wraps in a shape that passes its check.
        if place.hidden {
            place.activation = place.activation.wrapping_add(place.height().wrapping_mul(place.dense.stride));
        } else {
            place.rows = self.rows();
        }
        place.delta = place.delta.wrapping_add(place.height().wrapping_mul(place.dense.stride));
        place.dense.offset = place.dense.offset.wrapping_add(place.dense.len());
        place.dense.inputs = place.dense.outputs;
        place.layer = place.layer.wrapping_add(1);
        place.above_hidden = place.hidden && place.layer > 0;
        if place.layer == self.shape.encoder().len() {
            place.dense.inputs = self.shape.top_width();
        }
        self.fill(place);
    }

    /// What the layer itself says.
    #[inline(always)]
    const fn fill(&self, place: &mut Place) {
        match self.shape.layer(place.layer) {
            Some(layer) => {
                place.dense.outputs = layer.width();
                place.dense.slope = layer.slope();
                place.hidden = !layer.stochastic();
            }
            None => {
                let prior = place.layer == self.shape.network_layers() && self.shape.has_prior();
                place.dense.outputs = if prior { self.shape.top_width() } else { 0 };
                place.dense.inputs = 0;
                place.dense.slope = 1.0;
                place.hidden = false;
            }
        }
        place.dense.stride = self.shape.stride(place.dense.outputs);
    }

    /// The last layer of link `k`: that of its logits.
    pub(crate) const fn top(&self, k: usize) -> Place {
        self.place(self.shape.link(k).1)
    }

    /// Of the scores of stochastic layer `t`: floats of a row, from one row to the next, and before them among the
    /// gradients.
    pub(crate) const fn scores(&self, t: usize) -> (usize, usize, usize) {
        if STACKS {
            let place = self.top(t);
            return (place.dense.outputs, place.dense.stride, place.delta);
        }
        let width = self.shape.top_width();
        (width, self.shape.stride(width), self.examples() * self.shape.sums.hidden[0])
    }

    /// Words of the samples of the stochastic layers before `t`.
    pub(crate) const fn sample(&self, t: usize) -> usize {
        self.samples_before(t).0
    }

    /// Words of the samples of every layer, padded so that what follows stays aligned.
    pub(crate) const fn all_samples(&self) -> usize {
        self.shape.stride(self.rows() * self.shape.sums.samples)
    }

    /// [`sample`](Self::sample), and the units of layer `t`.
    const fn samples_before(&self, t: usize) -> (usize, usize) {
        if !STACKS {
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

    /// What the layer at `place` reads in training; empty for the prior and for free logits.
    pub(crate) fn input<'a>(
        &self,
        place: &Place,
        x: BitMatrix<'a>,
        activations: &'a [f32],
        samples: &'a [u32],
    ) -> Input<'a> {
        let i = place.layer;
        if place.above_hidden {
            let before = activations.get(..place.activation).unwrap_or_default();
            return Input::Real(self.last_rows(before, place.dense.inputs, place.height()));
        }
        if i == 0 {
            return Input::Bits(x);
        }
        if i >= self.shape.network_layers() {
            return Input::Bits(BitMatrix::NONE);
        }
        // The chain goes up to its last layer and the decoder comes down again.
        let (layers, link) = (self.shape.stochastic_layers(), self.shape.stochastic_before(i));
        let t = if link < layers { link } else { 2 * layers - link };
        Input::Bits(self.samples_of(t.wrapping_sub(1), samples))
    }

    /// The last `height` rows of `width` units, at the end of `data`.
    pub(crate) fn last_rows<'a>(&self, data: &'a [f32], width: usize, height: usize) -> Matrix<'a> {
        let stride = self.shape.stride(width);
        let start = data.len().wrapping_sub(height * stride);
        Matrix::new(data.get(start..).unwrap_or_default(), stride, width)
    }

    /// The samples of layer `t` out of the samples of all layers.
    #[inline(never)]
    pub(crate) fn samples_of<'a>(&self, t: usize, samples: &'a [u32]) -> BitMatrix<'a> {
        let (start, width) = if STACKS { self.samples_before(t) } else { (0, self.shape.top_width()) };
        let data = samples.get(start..start + self.rows() * words(width)).unwrap_or_default();
        BitMatrix::new(data, width)
    }
}

impl Shape<'_> {
    /// The parameters of dense layer `i`; an empty layer beyond the end.
    pub const fn dense(&self, i: usize) -> Dense {
        Plan::new(self, 1, 1).place(i).dense
    }

    /// Floats of all parameters, padding included, of a shape that passes [`check`](Self::check).
    pub const fn params(&self) -> usize {
        self.sums.params
    }
}
