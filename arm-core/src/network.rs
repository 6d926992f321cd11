//! The engine's view of a network: where activations, gradients and samples of a batch lie, and passes over one link.

use crate::bits::words;
use crate::coding::Coding;
use crate::error::{Error, exact_size};
use crate::kernels::Kernels;
use crate::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::shape::{Dense, Layer, Shape};

/// Sizes and offsets for `examples` examples with `samples` samples each. Row `e * samples + s` is sample `s` of
/// example `e`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'s> {
    pub shape: Shape<'s>,
    pub examples: usize,
    pub samples: usize,
}

/// What a dense layer reads, a row an example.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Activations of the hidden layer before it.
    Real(Matrix<'a>),
    /// Binary units.
    Bits(BitMatrix<'a>),
}

impl Input<'_> {
    /// Unit `i` of the first row; one behind the last unit, for the bias.
    #[inline]
    pub fn value(&self, i: usize) -> f32 {
        match self {
            Input::Real(x) => x.row(0).get(i).copied().unwrap_or(1.0),
            Input::Bits(x) if i < x.cols() => {
                x.row(0).get(i / 32).map_or(0.0, |w| (w >> (i % 32) & 1) as f32)
            }
            Input::Bits(_) => 1.0,
        }
    }
}

impl<'s> Plan<'s> {
    pub(crate) const fn new(shape: Shape<'s>, examples: usize, samples: usize) -> Self {
        Plan { shape, examples, samples }
    }

    /// Whether all sizes can be counted: then no product below wraps.
    pub(crate) const fn fits(&self) -> bool {
        if self.examples == 1 && self.samples == 1 {
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

    /// Rows of samples.
    pub(crate) const fn rows(&self) -> usize {
        self.examples * self.samples
    }

    /// Rows that dense layer `i` is computed for: one an example below the first samples, then one a sample.
    pub(crate) const fn height(&self, i: usize) -> usize {
        if self.samples == 1 || i <= self.shape.link(0).1 { self.examples } else { self.rows() }
    }

    /// Floats of the kept activations of the hidden layers before dense layer `i`.
    #[inline(always)]
    pub(crate) const fn activation(&self, i: usize) -> usize {
        if i == 0 { 0 } else { self.activations_before(i) }
    }

    const fn activations_before(&self, i: usize) -> usize {
        let (mut n, mut k, mut height) = (0, 0, self.examples);
        while k < i {
            match self.shape.layer(k) {
                Some(Layer::Hidden { width, .. }) => n += height * self.shape.stride(width),
                Some(Layer::Bernoulli { .. }) => height = self.rows(),
                None => return n,
            }
            k += 1;
        }
        n
    }

    /// Floats of the gradients of the dense layers before `i`. The first logits have a row of scores a sample.
    pub(crate) const fn delta(&self, i: usize) -> usize {
        if self.samples == 1 && i <= self.shape.network_layers() {
            return self.examples * self.shape.units(i);
        }
        let (mut n, mut k, mut height) = (0, 0, self.examples);
        while k < i {
            let width = match self.shape.layer(k) {
                Some(Layer::Hidden { width, .. }) => width,
                Some(Layer::Bernoulli { width }) => {
                    height = self.rows();
                    width
                }
                // The prior.
                None => self.shape.dense(k).outputs,
            };
            n += height * self.shape.stride(width);
            k += 1;
        }
        n
    }

    /// Words of the samples of the stochastic layers before `t`.
    #[inline(always)]
    pub(crate) const fn sample(&self, t: usize) -> usize {
        if t == 0 { 0 } else { self.samples_before(t) }
    }

    const fn samples_before(&self, t: usize) -> usize {
        let (mut n, mut k, mut i) = (0, 0, 0);
        while k < t && i < self.shape.encoder().len() {
            if let Layer::Bernoulli { width } = self.shape.encoder()[i] {
                n += self.rows() * words(width);
                k += 1;
            }
            i += 1;
        }
        n
    }

    /// What dense layer `i` reads in training; empty for the prior and for free logits.
    pub(crate) fn input<'a>(
        &self,
        i: usize,
        x: BitMatrix<'a>,
        activations: &'a [f32],
        samples: &'a [u32],
    ) -> Input<'a> {
        let Some(layer) = i.checked_sub(1).and_then(|below| self.shape.layer(below)) else {
            return Input::Bits(x);
        };
        if i >= self.shape.network_layers() {
            return Input::Bits(BitMatrix::new(&[], 0));
        }
        match layer {
            Layer::Bernoulli { .. } => {
                // The chain goes up to its last layer and the decoder comes down again.
                let (layers, link) = (self.shape.stochastic_layers(), self.shape.stochastic_before(i));
                let t = if link < layers { link } else { 2 * layers - link };
                Input::Bits(self.samples_of(t.wrapping_sub(1), samples))
            }
            Layer::Hidden { width, .. } => {
                let start = self.activation(i - 1);
                let stride = self.shape.stride(width);
                let data = activations.get(start..start + self.height(i - 1) * stride).unwrap_or_default();
                Input::Real(Matrix::new(data, stride, width))
            }
        }
    }

    /// The samples of layer `t` out of the samples of all layers.
    pub(crate) fn samples_of<'a>(&self, t: usize, samples: &'a [u32]) -> BitMatrix<'a> {
        let (start, width) = (self.sample(t), self.shape.stochastic_width(t));
        let data = samples.get(start..start + self.rows() * words(width)).unwrap_or_default();
        BitMatrix::new(data, width)
    }

    /// The gradients of dense layer `i`.
    pub(crate) fn delta_of<'a>(&self, i: usize, dense: &Dense, deltas: &'a [f32]) -> Matrix<'a> {
        let start = self.delta(i);
        let data = deltas.get(start..start + self.height(i) * dense.stride).unwrap_or_default();
        Matrix::new(data, dense.stride, dense.outputs)
    }
}

/// A network's shape, kernels and parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'s, 'p, K> {
    pub shape: Shape<'s>,
    pub kernels: &'p K,
    pub params: &'p [f32],
}

impl<'s, 'p, K: Kernels> Network<'s, 'p, K> {
    pub(crate) fn new(shape: Shape<'s>, kernels: &'p K, params: &'p [f32]) -> Result<Self, Error> {
        exact_size(shape.params(), params.len())?;
        Ok(Network { shape, kernels, params })
    }

    /// The parameters of dense layer `i`.
    pub(crate) fn weights(&self, i: usize) -> Matrix<'p> {
        self.weights_of(&self.shape.dense(i))
    }

    fn weights_of(&self, dense: &Dense) -> Matrix<'p> {
        let data = self.params.get(dense.offset..dense.offset + dense.len()).unwrap_or_default();
        Matrix::new(data, dense.stride, dense.outputs)
    }

    /// Dense layer `i` for `rows` rows, written to the start of `out`.
    pub(crate) fn dense<'a>(
        &self,
        i: usize,
        input: Input<'_>,
        rows: usize,
        out: &'a mut [f32],
    ) -> MatrixMut<'a> {
        let dense = self.shape.dense(i);
        let out = out.get_mut(..rows * dense.stride).unwrap_or_default();
        let y = MatrixMut::new(out, dense.stride, dense.outputs);
        let coding = if self.shape.is_coded() { self.shape.coding(i) } else { Coding::ZeroOne };
        let slope = if coding.is_plain() { dense.slope } else { 1.0 };
        match input {
            Input::Real(x) => self.kernels.affine(self.weights_of(&dense), x, slope, y),
            Input::Bits(x) => self.kernels.affine_bits(self.weights_of(&dense), x, slope, y),
        }
        if !coding.is_plain() {
            let y = MatrixMut::new(out, dense.stride, dense.outputs);
            coding.forward(self.weights_of(&dense), dense.slope, y);
        }
        MatrixMut::new(out, dense.stride, dense.outputs)
    }

    /// The logits of link `k`, hidden activations discarded: they lie in `a` or `b`.
    pub(crate) fn logits<'a>(
        &self,
        k: usize,
        x: BitMatrix<'_>,
        rows: usize,
        a: &'a mut [f32],
        b: &'a mut [f32],
    ) -> MatrixMut<'a> {
        let (first, last) = self.shape.link(k);
        let (mut from, mut to) = (a, b);
        let y = self.dense(first, Input::Bits(x), rows, from);
        let (mut stride, mut cols) = (y.stride(), y.cols());
        for i in first..last {
            let x = Matrix::new(from.get(..rows * stride).unwrap_or_default(), stride, cols);
            let y = self.dense(i + 1, Input::Real(x), rows, to);
            (stride, cols) = (y.stride(), y.cols());
            core::mem::swap(&mut from, &mut to);
        }
        MatrixMut::new(from.get_mut(..rows * stride).unwrap_or_default(), stride, cols)
    }

    /// [`logits`](Self::logits), moved to the start of `a`.
    pub(crate) fn logits_into_a(
        &self,
        k: usize,
        x: BitMatrix<'_>,
        rows: usize,
        a: &mut [f32],
        b: &mut [f32],
    ) {
        let (first, last) = self.shape.link(k);
        self.logits(k, x, rows, a, b);
        if (last - first) % 2 == 1 {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = *b);
        }
    }

    /// The logits of link `k`, written to `out`; hidden activations are kept in `activations`.
    pub(crate) fn logits_kept<'a>(
        &self,
        plan: &Plan<'_>,
        k: usize,
        x: BitMatrix<'_>,
        activations: &mut [f32],
        out: &'a mut [f32],
    ) -> MatrixMut<'a> {
        let (first, last) = self.shape.link(k);
        let rows = plan.height(first);
        for i in first..last {
            let (before, here) = activations.split_at_mut_checked(plan.activation(i)).unwrap_or_default();
            let input = if i == first { Input::Bits(x) } else { plan.input(i, x, before, &[]) };
            self.dense(i, input, rows, here);
        }
        let input = if first == last { Input::Bits(x) } else { plan.input(last, x, activations, &[]) };
        self.dense(last, input, rows, out)
    }

    /// From the gradient of the logits of link `k`, the gradients of its hidden layers.
    pub(crate) fn back(&self, plan: &Plan<'_>, k: usize, activations: &[f32], deltas: &mut [f32]) {
        let (first, last) = self.shape.link(k);
        let mut above = self.shape.dense(last);
        for i in (first..last).rev() {
            let dense = self.shape.dense(i);
            let rows = plan.height(i);
            let start = plan.activation(i);
            let a = activations.get(start..start + rows * dense.stride).unwrap_or_default();
            let (low, high) = deltas.split_at_mut_checked(plan.delta(i + 1)).unwrap_or_default();
            let d =
                Matrix::new(high.get(..rows * above.stride).unwrap_or_default(), above.stride, above.outputs);
            let start = plan.delta(i);
            let dx = low.get_mut(start..start + rows * dense.stride).unwrap_or_default();
            self.kernels.back(
                self.weights_of(&above),
                d,
                Matrix::new(a, dense.stride, dense.outputs),
                dense.slope,
                MatrixMut::new(dx, dense.stride, dense.outputs),
            );
            above = dense;
        }
    }
}
