//! The scratch memory of a batch, carved out of one slice of words.
//!
//! Tests: `tests/tests/engine/scratch.rs`.

use crate::error::Error;
use crate::kernels::Arithmetic;
use crate::network::Pass;
use crate::numeric::bits::{Bits, words};
use crate::numeric::number::{Float, Nats, Numbers, words_of};
use crate::numeric::window::{cast_mut, element, split_mut, window, window_mut};
use crate::shape::Shape;
use crate::shape::layout::Layout;
use bytemuck::Pod;
use core::ops::Range;

/// What [`examples`](crate::Engine::examples) leaves for [`update`](crate::Engine::update).
#[derive(Debug)]
pub(crate) struct Trace<'a, T = f32> {
    /// Kept activations of hidden layers.
    pub activations: &'a [T],
    /// Gradients with respect to what each dense layer computes, before its activation.
    pub deltas: &'a [T],
    /// The samples of every stochastic layer.
    pub samples: &'a [u32],
}

/// What a step or an evaluation of a batch writes. What is only evaluated has its samples in `path_samples`, and leaves
/// `activations` to `per_row` and `partners` empty.
#[derive(Debug)]
pub struct Scratch<'a, N: Numbers = Float> {
    pub(crate) activations: &'a mut [N::Value],
    pub(crate) deltas: &'a mut [N::Value],
    pub(crate) samples: &'a mut [u32],
    /// The antithetic partners of the samples.
    pub(crate) partners: &'a mut [u32],
    /// What there is a float of for each row: see [`Layout::per_row`].
    pub(crate) per_row: &'a mut [N::Nats],
    /// The rows that second paths belong to.
    pub(crate) path_rows: &'a mut [u32],
    /// The samples of these paths.
    pub(crate) path_samples: &'a mut [u32],
    /// f of these paths.
    pub(crate) path_f: &'a mut [N::Nats],
    /// Room for the hidden layers of a link, or for uniforms.
    pub(crate) hidden_or_uniforms: &'a mut [N::Value],
    /// Room for logits.
    pub(crate) logits: &'a mut [N::Value],
}

/// Values of f of each row, a block of rows each.
#[derive(Debug)]
pub(crate) struct PerRow<'a, F = f32> {
    pub f: &'a mut [F],
    /// Weight of each row's decoder gradient.
    pub weight: &'a mut [F],
    /// Factor of each row's scores.
    pub signal: &'a mut [F],
    /// log q of each layer's samples, and of their partners.
    pub log_q: &'a mut [F],
    pub log_q_partner: &'a mut [F],
    /// Terms of f that depend on layer j and above but not below: T + 1 blocks of rows.
    pub cost: &'a mut [F],
}

impl<N: Numbers> Default for Scratch<'_, N> {
    fn default() -> Self {
        Scratch {
            activations: &mut [],
            deltas: &mut [],
            samples: &mut [],
            partners: &mut [],
            per_row: &mut [],
            path_rows: &mut [],
            path_samples: &mut [],
            path_f: &mut [],
            hidden_or_uniforms: &mut [],
            logits: &mut [],
        }
    }
}

/// What an objective does with it: see [`Objective`](crate::objective::Objective).
impl<N: Numbers> Scratch<'_, N> {
    /// f of every row, from its index and its sample of the top layer.
    pub fn set_f<K: Arithmetic>(&mut self, pass: &Pass<'_, K>, mut f: impl FnMut(usize, Bits<'_>) -> f32) {
        let layout = &pass.layout;
        let top = layout.shape.stochastic_layers().wrapping_sub(1);
        let b = layout.samples_of(top, self.samples);
        let cost = layout.per_row(self.per_row).cost;
        cost.fill(N::Nats::default());
        let top_cost = window_mut(cost, layout.rows().wrapping_mul(top.wrapping_add(1))..);
        for (row, cost) in top_cost.iter_mut().enumerate() {
            *cost = N::Nats::of(f(row, b.bits(row)));
        }
    }

    /// Adds to f of the first `count` paths, from the row that a path belongs to and its sample of the top layer.
    pub fn add_path_f<K: Arithmetic>(
        &mut self,
        pass: &Pass<'_, K>,
        count: usize,
        mut f: impl FnMut(usize, Bits<'_>) -> f32,
    ) {
        let layout = &pass.layout;
        let b = layout.samples_of(layout.shape.stochastic_layers().wrapping_sub(1), self.path_samples);
        let paths = self.path_f.iter_mut().zip(&*self.path_rows).enumerate();
        for (path, (total, row)) in paths.take(count) {
            *total += N::Nats::of(f(*row as usize, b.bits(path)));
        }
    }

    /// The sample of the top layer in a row.
    pub fn top_sample<K: Arithmetic>(&self, pass: &Pass<'_, K>, row: usize) -> Bits<'_> {
        let top = pass.layout.shape.stochastic_layers().wrapping_sub(1);
        pass.layout.samples_of(top, self.samples).bits(row)
    }

    /// The weight of a row in what is minimised; those of an example sum to one.
    pub fn weight<K: Arithmetic>(&self, pass: &Pass<'_, K>, row: usize) -> f32 {
        let rows = pass.layout.rows();
        element(window(self.per_row, rows..), row).get()
    }

    /// What layer `t` (0 is the input) holds in path `i`, whose samples replace those of layers `from..`.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn target<'a, K: Arithmetic>(
        &'a self,
        pass: &'a Pass<'_, K>,
        from: usize,
        t: usize,
        i: usize,
    ) -> &'a [u32] {
        let Pass { layout, batch, .. } = pass;
        let row = self.path_rows.get(i).map_or(0, |&r| r as usize);
        match t.checked_sub(1) {
            None => batch.x.row(layout.example(row)),
            Some(below) if below < from => layout.samples_of(below, self.samples).row(row),
            Some(layer) => layout.samples_of(layer, self.path_samples).row(i),
        }
    }
}

/// Words that are there.
#[inline(never)]
fn take_words<'a>(rest: &mut &'a mut [u32], n: usize) -> &'a mut [u32] {
    let (head, tail) = split_mut(core::mem::take(rest), n);
    *rest = tail;
    head
}

#[inline(never)]
fn values_of<'a, T: Pod>(rest: &mut &'a mut [u32], n: usize) -> &'a mut [T] {
    window_mut(cast_mut(take_words(rest, words_of::<T>(n))), ..n)
}

impl<'s> Layout<'s> {
    /// Words of the part of the scratch that `update` reads.
    pub(crate) const fn trace_words<N: Numbers>(&self) -> usize {
        words_of::<N::Value>(self.activations()) + words_of::<N::Value>(self.deltas()) + self.all_samples()
    }

    /// The parts of a trace of floats: the rows in use of each activation, gradient and sample.
    pub(crate) fn trace_ranges(self) -> impl Iterator<Item = Range<usize>> + use<'s> {
        let (hidden, dense) = (self.shape.network_layers(), self.shape.dense_layers());
        let (deltas, samples) = (self.activations(), self.activations() + self.deltas());
        let activations = (0..hidden).map(move |i| self.layer(i).activation..self.layer(i + 1).activation);
        let deltas = (0..dense).map(move |i| {
            let layer = self.layer(i);
            let start = deltas + layer.delta;
            start..start + layer.height() * layer.dense.stride
        });
        let samples = (0..self.shape.stochastic_layers())
            .map(move |t| samples + self.sample(t)..samples + self.sample(t + 1));
        activations.chain(deltas).chain(samples)
    }

    /// Floats of [`Scratch::hidden_or_uniforms`] and of [`Scratch::logits`].
    const fn rooms(&self) -> (usize, usize) {
        let ([below, behind], widest) = (self.shape.totals.hidden, self.shape.totals.widest);
        let hidden = below + behind;
        (self.rows() * if hidden > widest { hidden } else { widest }, self.rows() * widest)
    }

    /// Floats of [`Scratch::per_row`].
    const fn all_per_row(&self) -> usize {
        self.rows() * (4 + 3 * self.shape.stochastic_layers())
    }

    /// Words of scratch for training.
    pub(crate) const fn training_words<N: Numbers>(&self) -> usize {
        let (hidden, logits) = self.rooms();
        self.trace_words::<N>()
            + self.all_per_row()
            + 2 * self.rows()
            + 2 * self.all_samples()
            + words_of::<N::Value>(hidden)
            + words_of::<N::Value>(logits)
    }

    /// Words of scratch for a learner, which keeps the input of a step.
    pub(crate) const fn learner_words<N: Numbers>(&self) -> usize {
        self.training_words::<N>() + words(self.shape.inputs())
    }

    /// Words of scratch for evaluation.
    pub(crate) const fn inference_words<N: Numbers>(&self) -> usize {
        let (hidden, logits) = self.rooms();
        self.all_samples() + 2 * self.rows() + words_of::<N::Value>(hidden) + words_of::<N::Value>(logits)
    }

    #[inline(never)]
    pub(crate) fn trace<'a>(&self, scratch: &'a [u32]) -> Option<Trace<'a>> {
        let (activations, rest) = scratch.split_at_checked(self.activations())?;
        let (deltas, rest) = rest.split_at_checked(self.deltas())?;
        let samples = rest.get(..self.all_samples())?;
        Some(Trace::<f32> {
            activations: bytemuck::try_cast_slice(activations).ok()?,
            deltas: bytemuck::try_cast_slice(deltas).ok()?,
            samples,
        })
    }

    /// All the scratch of a batch from the start of `rest`, taken off it; what only training needs is empty unless it
    /// `trains`. It is written where it will lie: what is returned would be copied. False for too little, and nothing is done: see
    /// [`too_small`](Self::too_small).
    #[inline(never)]
    pub(crate) fn scratch<'a, N: Numbers>(
        &self,
        trains: bool,
        rest: &mut &'a mut [u32],
        scratch: &mut Scratch<'a, N>,
    ) -> bool {
        if !self.fits() {
            return false;
        }
        let needed = if trains { self.training_words::<N>() } else { self.inference_words::<N>() };
        if rest.len() < needed {
            return false;
        }
        let (hidden, logits) = self.rooms();
        if trains {
            scratch.activations = values_of(rest, self.activations());
            scratch.deltas = values_of(rest, self.deltas());
            scratch.samples = take_words(rest, self.all_samples());
        }
        scratch.hidden_or_uniforms = values_of(rest, hidden);
        scratch.logits = values_of(rest, logits);
        if trains {
            scratch.per_row = values_of(rest, self.all_per_row());
        }
        scratch.path_f = values_of(rest, self.rows());
        scratch.path_rows = take_words(rest, self.rows());
        if trains {
            scratch.partners = take_words(rest, self.all_samples());
        }
        scratch.path_samples = take_words(rest, self.all_samples());
        true
    }

    /// The blocks of [`Scratch::per_row`].
    #[inline(always)]
    pub(crate) fn per_row<'a, F>(&self, per_row: &'a mut [F]) -> PerRow<'a, F> {
        let (rows, layers) = (self.rows(), self.shape.stochastic_layers());
        let mut rest = window_mut(per_row, ..self.all_per_row());
        let mut next = |n: usize| {
            let (head, tail) = split_mut(core::mem::take(&mut rest), n);
            rest = tail;
            head
        };
        PerRow {
            f: next(rows),
            weight: next(rows),
            signal: next(rows),
            log_q: next(rows * layers),
            log_q_partner: next(rows * layers),
            cost: next(rows * (layers + 1)),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn too_small<N: Numbers>(&self, given: usize) -> Error {
        Error::Size { needed: if self.fits() { self.training_words::<N>() } else { usize::MAX }, given }
    }

    /// [`scratch`](Self::scratch) for an evaluation, which leaves f of each row in `path_f`.
    pub(crate) fn inference<'a, N: Numbers>(
        &self,
        mut scratch: &'a mut [u32],
    ) -> Result<Scratch<'a, N>, Error> {
        let given = scratch.len();
        let needed = if self.fits() { self.inference_words::<N>() } else { usize::MAX };
        let mut taken = Scratch::default();
        if self.scratch(false, &mut scratch, &mut taken) {
            Ok(taken)
        } else {
            Err(Error::Size { needed, given })
        }
    }
}

impl Shape<'_> {
    /// Words (of 4 bytes) of scratch that a training step needs for `examples` examples at a time with an estimator
    /// that draws `samples` samples each; `usize::MAX` where that is more than can be counted.
    pub const fn training_scratch(&self, examples: usize, samples: usize) -> usize {
        let layout = Layout::new(self, examples, samples);
        if layout.fits() { layout.training_words::<Float>() } else { usize::MAX }
    }

    /// Words of scratch that evaluation needs for `examples` examples with `samples` samples each.
    pub const fn inference_scratch(&self, examples: usize, samples: usize) -> usize {
        let layout = Layout::new(self, examples, samples);
        if layout.fits() { layout.inference_words::<Float>() } else { usize::MAX }
    }
}
