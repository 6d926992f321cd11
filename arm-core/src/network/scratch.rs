//! The scratch memory of a batch, carved out of one slice of words.

use crate::error::Error;
use crate::network::Batch;
use crate::numeric::bits::words;
use crate::shape::Shape;
use crate::shape::plan::Plan;
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

/// All the scratch of a batch, writable. What is only evaluated has its samples in `branch`, and leaves `activations` to
/// `numbers` and `partners` empty.
#[derive(Debug, Default)]
pub(crate) struct Work<'a> {
    pub activations: &'a mut [f32],
    pub deltas: &'a mut [f32],
    pub samples: &'a mut [u32],
    /// What there is a float of for each row: see [`Plan::numbers`].
    pub numbers: &'a mut [f32],
    /// f of the paths of a branch.
    pub total: &'a mut [f32],
    /// The rows that these belong to: those whose pair differs.
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
    /// log q of each layer's samples, and of their partners.
    pub log_q: &'a mut [f32],
    pub log_q_partner: &'a mut [f32],
    /// Terms of f that depend on layer j and above but not below: T + 1 blocks of rows.
    pub cost: &'a mut [f32],
}

impl Work<'_> {
    /// What layer `t` (0 is the input) holds in row `i` of the branch whose samples replace those of layers `from..`.
    #[inline(never)]
    pub(crate) fn target<'a>(
        &'a self,
        plan: &Plan<'_>,
        batch: &Batch<'a>,
        from: usize,
        t: usize,
        i: usize,
    ) -> &'a [u32] {
        let row = self.active.get(i).map_or(0, |&r| r as usize);
        match t.checked_sub(1) {
            None => batch.x.row(plan.example(row)),
            Some(below) if below < from => plan.samples_of(below, self.samples).row(row),
            Some(layer) => plan.samples_of(layer, self.branch).row(i),
        }
    }
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
        self.rows() * (4 + 3 * self.shape.stochastic_layers())
    }

    /// Words of scratch for training.
    pub(crate) const fn training_words(&self) -> usize {
        let (a, b) = self.rooms();
        self.record_words() + self.all_numbers() + 2 * self.rows() + 2 * self.all_samples() + a + b
    }

    /// Words of scratch for a learner, which keeps the input of a step.
    pub(crate) const fn learner_words(&self) -> usize {
        self.training_words() + words(self.shape.inputs())
    }

    /// Words of scratch for evaluation.
    pub(crate) const fn inference_words(&self) -> usize {
        let (a, b) = self.rooms();
        self.all_samples() + 2 * self.rows() + a + b
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

    /// All the scratch of a batch from the start of `rest`, taken off it; what only training needs is empty unless it
    /// `trains`. `None` for too little, which is then left as it was: see [`too_small`](Self::too_small).
    #[inline(never)]
    pub(crate) fn work<'a>(&self, trains: bool, rest: &mut &'a mut [u32]) -> Option<Work<'a>> {
        if !self.fits() {
            return None;
        }
        let needed = if trains { self.training_words() } else { self.inference_words() };
        if rest.len() < needed {
            return None;
        }
        let trained = |words: usize| if trains { words } else { 0 };
        let (a, b) = self.rooms();
        Some(Work {
            activations: floats_of(rest, trained(self.activations()))?,
            deltas: floats_of(rest, trained(self.deltas()))?,
            samples: words_of(rest, trained(self.all_samples()))?,
            a: floats_of(rest, a)?,
            b: floats_of(rest, b)?,
            numbers: floats_of(rest, trained(self.all_numbers()))?,
            total: floats_of(rest, self.rows())?,
            active: words_of(rest, self.rows())?,
            partners: words_of(rest, trained(self.all_samples()))?,
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

    /// [`work`](Self::work) for an evaluation, which leaves f of each row in `total`.
    pub(crate) fn eval_work<'a>(&self, mut scratch: &'a mut [u32]) -> Result<Work<'a>, Error> {
        self.check()?;
        let given = scratch.len();
        let needed = if self.fits() { self.inference_words() } else { usize::MAX };
        self.work(false, &mut scratch).ok_or(Error::Size { needed, given })
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
