//! The second phase of a training step: the mean gradient of any block of parameters, at once given to the optimiser.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `one_engine.rs`; `learner/tests.rs`.

use crate::engine::{Engine, Estimates};
use crate::error::Error;
use crate::estimator::Estimator;
use crate::kernels::{
    AdamBlock, AdamRates, Kernels, LayerGradient, MomentumBlock, NatsOf, Of, Prepared, ValueOf, WeightOf,
};
use crate::network::Batch;
use crate::network::scratch::Trace;
use crate::numeric::matrix::{BitMatrix, Input, Matrix, MatrixMut};
use crate::numeric::number::Float;
use crate::numeric::window::{cast_mut, split_mut, window_mut};
use crate::optim::{AtStep, Momentum, Optimiser, Rule, Sgd};
use crate::shape::layout::{LayerLayout, Layout};

/// A share of a batch after [`Engine::examples`], with the scratch it left.
#[derive(Clone, Copy, Debug)]
pub struct Shard<'a> {
    /// The batch as it was given.
    pub batch: Batch<'a>,
    /// The scratch of that call.
    pub scratch: &'a [u32],
}

/// A block of rows of one layer's parameters, with its moments.
#[derive(Debug)]
pub struct Block<'a, W = f32> {
    /// Dense layer.
    pub layer: usize,
    /// First row.
    pub first: usize,
    /// The rows.
    pub weights: &'a mut [W],
    /// Their first moments; empty where the optimiser has none.
    pub first_moment: &'a mut [W],
    /// Their second moments; empty where the optimiser has none.
    pub second_moment: &'a mut [W],
}

impl<K: Estimates, E: Estimator> Engine<'_, K, E> {
    /// Plain gradient descent on rows of a layer, for one example, whose gradient is one with respect to `of`; `prepared` is
    /// kept from one block of rows to the next.
    #[inline(always)]
    pub(crate) fn descend(
        &self,
        rate: f32,
        gradient: &LayerGradient<'_, ValueOf<K>>,
        of: Of,
        block: Block<'_, WeightOf<K>>,
        prepared: Prepared<'_, ValueOf<K>, NatsOf<K>>,
        noise: impl FnOnce() -> u32,
    ) {
        let Block { layer, first, weights, .. } = block;
        let a = -rate * self.scale(layer);
        let Prepared { units, one } = prepared;
        if first == 0 {
            let prepared = Prepared { units: &mut *units, one: &mut *one };
            self.kernels.prepare(a, gradient, noise, prepared);
        }
        let w = MatrixMut::new(&mut *weights, gradient.d.stride(), gradient.d.cols());
        self.kernels.descend(a, gradient, first, of, Prepared { units, one }, w);
        if self.shape.is_coded() {
            K::correct(self, -rate, layer, first, gradient.d, weights);
        }
    }

    /// The factor of the bits that a layer reads.
    #[inline(always)]
    fn scale(&self, layer: usize) -> f32 {
        if self.shape.is_coded() { self.shape.coding(layer).scale() } else { 1.0 }
    }
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// Applies the mean gradient over `shards` (together `total` examples) to a block of rows in step `step`.
    ///
    /// `gradient_buffer` takes at least one row of gradient; more rows at a time are faster. For a single example and plain
    /// gradient descent it may be empty. Errors: sizes, before anything is changed.
    pub fn update<O: Optimiser>(
        &self,
        optimiser: &O,
        step: u64,
        shards: &[Shard<'_>],
        total: usize,
        block: Block<'_>,
        gradient_buffer: &mut [f32],
    ) -> Result<(), Error> {
        let mut optimiser = AtStep::new(optimiser, step);
        let (moments, needed) = (optimiser.rule().moments(), block.weights.len());
        for (i, given) in [block.first_moment.len(), block.second_moment.len()].into_iter().enumerate() {
            if i < moments && given != needed {
                return Err(Error::Size { needed, given });
            }
        }
        if let [shard] = shards {
            let trained = self.layer(block.layer, shard).ok_or_else(|| self.size(shard))?;
            return self.update_layer(Traces::One(&trained), &mut optimiser, total, block, gradient_buffer);
        }
        for shard in shards {
            let layout = self.layout(shard.batch.examples);
            layout.trace(shard.scratch).ok_or_else(|| self.size(shard))?;
        }
        self.update_layer(Traces::All(shards), &mut optimiser, total, block, gradient_buffer)
    }

    /// [`update`](Self::update) from traces that were checked.
    #[inline(always)]
    pub(crate) fn update_layer<O: Optimiser>(
        &self,
        traces: Traces<'_>,
        optimiser: &mut AtStep<'_, O>,
        total: usize,
        mut block: Block<'_>,
        gradient_buffer: &mut [f32],
    ) -> Result<(), Error> {
        if let Traces::One(layer) = traces {
            if let (1, Rule::Sgd(Sgd { rate })) = (total, optimiser.rule()) {
                self.add(-rate * self.scale(block.layer), layer, block.first, block.weights);
                self.correct(-rate, block.layer, block.first, core::iter::once(layer.d), block.weights);
                return Ok(());
            }
            if let (1, Rule::Momentum(rule)) = (total, optimiser.rule())
                && (!self.shape.is_coded() || self.shape.coding(block.layer).is_plain())
                && layer.d.examples() == 1
                && gradient_buffer.len() >= layer.d.stride()
            {
                let rows = |data| MatrixMut::new(data, layer.d.stride(), layer.d.cols());
                let Momentum { rate, momentum } = rule;
                let own = MomentumBlock { v: rows(block.first_moment), w: rows(block.weights) };
                self.kernels.momentum_rank_one(rate, momentum, layer, block.first, gradient_buffer, own);
                return Ok(());
            }
            if let Some(rates) = optimiser.adam()
                && (!self.shape.is_coded() || self.shape.coding(block.layer).is_plain())
            {
                let (needed, given) = (layer.d.stride(), gradient_buffer.len());
                if given < needed {
                    return Err(Error::Size { needed, given });
                }
                let Block { first, weights, first_moment, second_moment, .. } = block;
                let own = AdamBlock { m: &mut *first_moment, v: &mut *second_moment, w: &mut *weights };
                let a = 1.0 / total.max(1) as f32;
                if self.kernels.adam_gradient(rates, a, layer, first, gradient_buffer, own) {
                    return Ok(());
                }
                block = Block { first, weights, first_moment, second_moment, ..block };
                if total == 1 && layer.d.examples() == 1 {
                    self.adam(rates, layer, block, gradient_buffer);
                    return Ok(());
                }
            }
        }
        let stride = self.shape.dense(block.layer).stride.max(1);
        let rows = gradient_buffer.len() / stride;
        if rows == 0 {
            return Err(Error::Size { needed: stride, given: gradient_buffer.len() });
        }
        let (mut first, mut firsts, mut seconds) = (block.first, block.first_moment, block.second_moment);
        let mut rest = block.weights;
        while !rest.is_empty() {
            let size = rest.len().min((rows * stride).max(1));
            let weights = take(&mut rest, size);
            let g = window_mut(gradient_buffer, ..weights.len());
            g.fill(0.0);
            self.gradient_of(traces, 1.0 / total.max(1) as f32, block.layer, first, g);
            let m = take(&mut firsts, weights.len());
            let v = take(&mut seconds, weights.len());
            optimiser.apply(&self.kernels, g, m, v, weights);
            first += rows;
        }
        Ok(())
    }

    /// Adam for one example.
    #[inline(always)]
    fn adam(
        &self,
        rates: AdamRates,
        layer: &LayerGradient<'_>,
        block: Block<'_>,
        gradient_buffer: &mut [f32],
    ) {
        let Block { first, weights, first_moment, second_moment, .. } = block;
        let rows = |data| MatrixMut::new(data, layer.d.stride(), layer.d.cols());
        let block = AdamBlock { m: rows(first_moment), v: rows(second_moment), w: rows(weights) };
        self.kernels.adam_rank_one(rates, layer, first, gradient_buffer, block);
    }

    fn size(&self, shard: &Shard<'_>) -> Error {
        Error::Size {
            needed: self.layout(shard.batch.examples).training_words::<Float>(),
            given: shard.scratch.len(),
        }
    }

    /// The part of the scratch of `examples` examples that [`update`](Self::update) reads, and the rest.
    pub fn split_scratch<'a>(&self, examples: usize, scratch: &'a mut [u32]) -> (&'a [u32], &'a mut [f32]) {
        let (trace, rest) = split_mut(scratch, self.trace_words(examples));
        (trace, cast_mut(rest))
    }

    /// What [`update`](Self::update) reads of the scratch of `examples` examples, as ranges of words: the scratch of a
    /// batch may be put together from those of its chunks, whose ranges follow each other in each range of the whole.
    pub fn trace_ranges(
        &self,
        examples: usize,
    ) -> impl Iterator<Item = core::ops::Range<usize>> + use<'_, K, E> {
        self.layout(examples).trace_ranges()
    }

    /// Words of a scratch that holds the [trace](Self::trace_ranges) only.
    pub fn trace_words(&self, examples: usize) -> usize {
        self.layout(examples).trace_words::<Float>()
    }

    /// Adds to `g` the rows `first..` of the gradient of a layer's parameters, times `a`, summed over the examples.
    pub fn gradient(&self, a: f32, shards: &[Shard<'_>], layer: usize, first: usize, g: &mut [f32]) {
        self.gradient_of(Traces::All(shards), a, layer, first, g);
    }

    fn gradient_of(&self, traces: Traces<'_>, a: f32, layer: usize, first: usize, g: &mut [f32]) {
        let scale = self.scale(layer);
        let shards = match traces {
            Traces::One(trained) => {
                self.add(a * scale, trained, first, g);
                return self.correct(a, layer, first, core::iter::once(trained.d), g);
            }
            Traces::All(shards) => shards,
        };
        for shard in shards {
            if let Some(layer) = self.layer(layer, shard) {
                self.add(a * scale, &layer, first, g);
            }
        }
        let deltas = shards.iter().filter_map(|shard| Some(self.layer(layer, shard)?.d));
        self.correct(a, layer, first, deltas, g);
    }

    /// What a coding adds to rows of a gradient once the shards' bits are in.
    #[inline(always)]
    pub(crate) fn correct<'d>(
        &self,
        a: f32,
        layer: usize,
        first: usize,
        deltas: impl Iterator<Item = Matrix<'d>> + Clone,
        g: &mut [f32],
    ) {
        if self.shape.is_coded() {
            self.correct_coded(a, layer, first, deltas, g);
        }
    }

    #[inline(never)]
    fn correct_coded<'d>(
        &self,
        a: f32,
        layer: usize,
        first: usize,
        deltas: impl Iterator<Item = Matrix<'d>> + Clone,
        g: &mut [f32],
    ) {
        let coding = self.shape.coding(layer);
        if !coding.is_plain() {
            let dense = self.shape.dense(layer);
            coding.correct(a, dense.inputs, first, deltas, MatrixMut::new(g, dense.stride, dense.outputs));
        }
    }

    fn layer<'a>(&self, layer: usize, shard: &Shard<'a>) -> Option<LayerGradient<'a>> {
        let layout = self.layout(shard.batch.examples);
        let trace = layout.trace(shard.scratch)?;
        LayerGradient::of(&layout, &layout.layer(layer), shard.batch.x, &trace)
    }

    fn add(&self, a: f32, layer: &LayerGradient<'_>, first: usize, g: &mut [f32]) {
        let g = MatrixMut::new(g, layer.d.stride(), layer.d.cols());
        match layer.x {
            Input::Real(x) => self.kernels.gradient(a, x, first, layer.d, g),
            Input::Bits(x) => self.kernels.gradient_bits(a, x, first, layer.d, g),
        }
    }
}

/// What a block of parameters is updated from.
#[derive(Clone, Copy)]
pub(crate) enum Traces<'a> {
    /// The layer of the only shard, which was looked up.
    One(&'a LayerGradient<'a>),
    /// The shards.
    All(&'a [Shard<'a>]),
}

impl<'a, T> LayerGradient<'a, T> {
    /// That of a layer of a trace, if it is all there.
    #[inline(always)]
    fn of(layout: &Layout<'_>, layer: &LayerLayout, x: BitMatrix<'a>, trace: &Trace<'a, T>) -> Option<Self> {
        let x = layout.input(layer, x, trace.activations, trace.samples)?;
        Some(LayerGradient { x, d: layer.gradients(trace.deltas)? })
    }
}

impl Layout<'_> {
    /// The layer for a batch of one whose input lies at the start of `x`.
    #[inline(always)]
    pub(crate) fn trained<'a, T>(
        &self,
        layer: &LayerLayout,
        x: &'a [u32],
        trace: &Trace<'a, T>,
    ) -> Option<LayerGradient<'a, T>> {
        LayerGradient::of(self, layer, BitMatrix::new(x, self.shape.inputs()), trace)
    }
}

/// The first `n` elements, taken off `rest`; none of moments that the optimiser has not.
fn take<'a>(rest: &mut &'a mut [f32], n: usize) -> &'a mut [f32] {
    let (head, tail) = core::mem::take(rest).split_at_mut_checked(n).unwrap_or_default();
    *rest = tail;
    head
}
