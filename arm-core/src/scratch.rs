//! The scratch memory of a batch, carved out of one slice of words.

use crate::batch::Batch;
use crate::bits::words;
use crate::error::Error;
use crate::plan::Plan;
use crate::shape::Shape;
use core::ops::Range;

/// What [`examples`](crate::Engine::examples) leaves for [`update`](crate::Engine::update).
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// Kept activations of hidden layers.
    pub activations: &'a [f32],
    /// Gradients with respect to what each dense layer computes, before its activation.
    pub deltas: &'a [f32],
    /// The samples of every stochastic layer.
    pub samples: &'a [u32],
}

/// A batch, and all of its scratch, writable.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    pub batch: &'a Batch<'a>,
    pub activations: &'a mut [f32],
    pub deltas: &'a mut [f32],
    pub samples: &'a mut [u32],
    /// What there is a float of for each row: see [`Plan::numbers`].
    pub numbers: &'a mut [f32],
    /// Rows whose pair differs.
    pub active: &'a mut [u32],
    pub partners: &'a mut [u32],
    pub branch: &'a mut [u32],
    /// Room for the hidden layers of a link, or for uniforms.
    pub a: &'a mut [f32],
    /// Room for logits.
    pub b: &'a mut [f32],
}

/// Floats of each row, a block of rows each.
#[derive(Debug)]
pub(crate) struct Numbers<'a> {
    pub f: &'a mut [f32],
    /// Weight of each row's decoder gradient.
    pub weight: &'a mut [f32],
    /// Factor of each row's scores.
    pub signal: &'a mut [f32],
    /// f of the partners' paths in a branch.
    pub total: &'a mut [f32],
    /// log q of each layer's samples, and of their partners.
    pub log_q: &'a mut [f32],
    pub log_q_partner: &'a mut [f32],
    /// Terms of f that depend on layer j and above but not below: T + 1 blocks of rows.
    pub cost: &'a mut [f32],
}

/// What [`evaluate`](crate::Engine::evaluate) needs: no gradients, no kept activations.
#[derive(Debug)]
pub(crate) struct EvalWork<'a> {
    pub samples: &'a mut [u32],
    /// Room for the index of each row.
    pub rows: &'a mut [u32],
    pub a: &'a mut [f32],
    pub b: &'a mut [f32],
}

fn words_of<'a>(rest: &mut &'a mut [u32], n: usize) -> Option<&'a mut [u32]> {
    let (head, tail) = core::mem::take(rest).split_at_mut_checked(n)?;
    *rest = tail;
    Some(head)
}

fn floats_of<'a>(rest: &mut &'a mut [u32], n: usize) -> Option<&'a mut [f32]> {
    bytemuck::try_cast_slice_mut(words_of(rest, n)?).ok()
}

impl<'s> Plan<'s> {
    /// Words of the part of the scratch that `update` reads.
    pub(crate) const fn record_words(&self) -> usize {
        self.activations() + self.deltas() + self.all_samples()
    }

    /// The parts of the record: the rows in use of each activation, gradient and sample.
    pub(crate) fn record_ranges(self) -> impl Iterator<Item = Range<usize>> + use<'s> {
        let (hidden, dense) = (self.shape.network_layers(), self.shape.dense_layers());
        let (deltas, samples) = (self.activations(), self.activations() + self.deltas());
        let activations = (0..hidden).map(move |i| self.place(i).activation..self.place(i + 1).activation);
        let deltas = (0..dense).map(move |i| {
            let place = self.place(i);
            let start = deltas + place.delta;
            start..start + place.height() * place.dense.stride
        });
        let samples = (0..self.shape.stochastic_layers())
            .map(move |t| samples + self.sample(t)..samples + self.sample(t + 1));
        activations.chain(deltas).chain(samples)
    }

    /// Floats of [`Work::a`] and of [`Work::b`].
    const fn rooms(&self) -> (usize, usize) {
        let ([below, behind], widest) = (self.shape.sums.hidden, self.shape.sums.widest);
        let hidden = below + behind;
        (self.rows() * if hidden > widest { hidden } else { widest }, self.rows() * widest)
    }

    /// Floats of [`Work::numbers`].
    const fn all_numbers(&self) -> usize {
        self.rows() * (5 + 3 * self.shape.stochastic_layers())
    }

    /// Words of scratch for training.
    pub(crate) const fn training_words(&self) -> usize {
        let (a, b) = self.rooms();
        self.record_words() + self.all_numbers() + self.rows() + 2 * self.all_samples() + a + b
    }

    /// Words of scratch for a learner: while parameters are updated, the input and a row of gradient take the place of
    /// what only the samples needed.
    pub(crate) const fn learner_words(&self) -> usize {
        let update = self.record_words() + self.shape.max_stride() + words(self.shape.inputs());
        let examples = self.training_words();
        if update > examples { update } else { examples }
    }

    /// Words of scratch for evaluation.
    pub(crate) const fn inference_words(&self) -> usize {
        let (a, b) = self.rooms();
        self.all_samples() + self.rows() + a + b
    }

    #[inline(never)]
    pub(crate) fn record<'a>(&self, scratch: &'a [u32]) -> Option<Record<'a>> {
        let (activations, rest) = scratch.split_at_checked(self.activations())?;
        let (deltas, rest) = rest.split_at_checked(self.deltas())?;
        let samples = rest.get(..self.all_samples())?;
        Some(Record {
            activations: bytemuck::try_cast_slice(activations).ok()?,
            deltas: bytemuck::try_cast_slice(deltas).ok()?,
            samples,
        })
    }

    /// `None` for too little scratch: see [`too_small`](Self::too_small).
    #[inline(never)]
    pub(crate) fn work<'a>(&self, batch: &'a Batch<'a>, mut scratch: &'a mut [u32]) -> Option<Work<'a>> {
        if !self.fits() {
            return None;
        }
        let rest = &mut scratch;
        let (a, b) = self.rooms();
        Some(Work {
            batch,
            activations: floats_of(rest, self.activations())?,
            deltas: floats_of(rest, self.deltas())?,
            samples: words_of(rest, self.all_samples())?,
            a: floats_of(rest, a)?,
            b: floats_of(rest, b)?,
            numbers: floats_of(rest, self.all_numbers())?,
            active: words_of(rest, self.rows())?,
            partners: words_of(rest, self.all_samples())?,
            branch: words_of(rest, self.all_samples())?,
        })
    }

    /// The blocks of [`Work::numbers`].
    #[inline(always)]
    pub(crate) fn numbers<'a>(&self, numbers: &'a mut [f32]) -> Numbers<'a> {
        let (rows, layers) = (self.rows(), self.shape.stochastic_layers());
        let mut rest = numbers.get_mut(..self.all_numbers()).unwrap_or_default();
        let mut next = |n: usize| {
            let (head, tail) = core::mem::take(&mut rest).split_at_mut_checked(n).unwrap_or_default();
            rest = tail;
            head
        };
        Numbers {
            f: next(rows),
            weight: next(rows),
            signal: next(rows),
            total: next(rows),
            log_q: next(rows * layers),
            log_q_partner: next(rows * layers),
            cost: next(rows * (layers + 1)),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn too_small(&self, given: usize) -> Error {
        Error::Size { needed: if self.fits() { self.training_words() } else { usize::MAX }, given }
    }

    pub(crate) fn eval_work<'a>(&self, scratch: &'a mut [u32]) -> Result<EvalWork<'a>, Error> {
        self.check()?;
        let given = scratch.len();
        if !self.fits() {
            return Err(Error::Size { needed: usize::MAX, given });
        }
        self.carve_eval(scratch).ok_or_else(|| Error::Size { needed: self.inference_words(), given })
    }

    fn carve_eval<'a>(&self, mut scratch: &'a mut [u32]) -> Option<EvalWork<'a>> {
        let rest = &mut scratch;
        let (a, b) = self.rooms();
        Some(EvalWork {
            a: floats_of(rest, a)?,
            b: floats_of(rest, b)?,
            samples: words_of(rest, self.all_samples())?,
            rows: words_of(rest, self.rows())?,
        })
    }
}

impl Shape<'_> {
    /// Words (of 4 bytes) of scratch that a training step needs for `examples` examples at a time with an estimator
    /// that draws `samples` samples each; `usize::MAX` where that is more than can be counted.
    pub const fn training_scratch(&self, examples: usize, samples: usize) -> usize {
        let plan = Plan::new(self, examples, samples);
        if plan.fits() { plan.training_words() } else { usize::MAX }
    }

    /// Words of scratch that evaluation needs for `examples` examples with `samples` samples each.
    pub const fn inference_scratch(&self, examples: usize, samples: usize) -> usize {
        let plan = Plan::new(self, examples, samples);
        if plan.fits() { plan.inference_words() } else { usize::MAX }
    }
}
