//! A step in bounded slices: samples and gradients of activations first, then a block of rows of parameters at a time.

use super::{Learner, Slices};
use crate::batch::Batch;
use crate::bits::{Bits, words};
use crate::error::Error;
use crate::estimator::Estimator;
use crate::kernels::Kernels;
use crate::matrix::BitMatrix;
use crate::model::{BlackBox, Objective, Vae};
use crate::optim::Optimiser;
use crate::update::{Block, Shard, Trained};

/// A step that is under way: which parameters come next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pending {
    /// Dense layer.
    pub layer: usize,
    /// Row of its parameters.
    pub row: usize,
    /// The step's f.
    pub f: f32,
}

/// What a call of [`Learner::poll`] achieved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// No step is under way.
    Idle,
    /// There are parameters left to update.
    Working,
    /// The step is done; its f, for a variational auto-encoder the -ELBO before it in nats.
    Done(f32),
}

/// Once samples are drawn, the last words of the scratch keep the input: (all else, the input).
fn split_input(scratch: &mut [u32], inputs: usize) -> Option<(&mut [u32], &mut [u32])> {
    scratch.split_at_mut_checked(scratch.len().checked_sub(words(inputs))?)
}

impl<E: Estimator, O: Optimiser, K: Kernels> Learner<'_, '_, E, O, K> {
    /// The first half of [`step`](Self::step): draws samples and computes gradients, changes no parameter. The input is
    /// copied; [`poll`](Self::poll) does the rest.
    ///
    /// Errors leave the model as it was; [`Error::Busy`] when a step is under way already. Cost: as the step without its
    /// update, the same whatever x is.
    ///
    /// ```
    /// # use arm_core::{Layer, Learner, Memory, Shape, estimator::Arm, learner::Progress, optim::Sgd};
    /// # const SHAPE: Shape = Shape::vae(8, &[Layer::bernoulli(4)], &[Layer::bernoulli(8)], arm_core::Prior::Fixed);
    /// # let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO;
    /// # let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 1, memory.slices())?;
    /// learner.begin(&[0b1100_1010])?;
    /// while learner.poll(20)? == Progress::Working {
    ///     // at most 20 parameters were updated: time to feed the watchdog
    /// }
    /// assert_eq!(learner.steps(), 1);
    /// # Ok::<(), arm_core::Error>(())
    /// ```
    pub fn begin(&mut self, x: &[u32]) -> Result<(), Error> {
        self.begin_for(&mut Vae, x)
    }

    /// [`begin`](Self::begin) for a black box: the first half of [`step_black_box`](Self::step_black_box).
    pub fn begin_black_box(&mut self, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<(), Error> {
        self.begin_for(&mut BlackBox(f), x)
    }

    /// Goes on with the step that is under way: updates at most `budget` parameters, but at least one row of a layer, so
    /// that it always ends. In whatever slices, the result has the same bits.
    ///
    /// Errors: [`Error::Setting`] when the optimiser was given a bad rate meanwhile; the step stays under way.
    #[inline(never)]
    pub fn poll(&mut self, budget: usize) -> Result<Progress, Error> {
        let Some(mut pending) = self.state.pending else { return Ok(Progress::Idle) };
        self.optimiser.check()?;
        let (engine, shape) = (&self.engine, self.engine.shape);
        let Slices { params, moments, scratch } = &mut self.memory;
        let (work, x) = split_input(scratch, shape.inputs()).unwrap_or_default();
        let plan = engine.plan(1);
        let (scratch, room) = work.split_at_mut_checked(plan.record_words()).unwrap_or_default();
        let (scratch, room) = (&*scratch, bytemuck::try_cast_slice_mut(room).unwrap_or_default());
        let record = plan.record(scratch).ok_or_else(|| plan.too_small(scratch.len()))?;
        let x = BitMatrix::new(x, shape.inputs());
        let batch = Batch::new(x, 1, 0, self.state.steps);
        let shards = [Shard { batch, scratch }];
        let (first, second) = moments.split_at_mut_checked(params.len()).unwrap_or((&mut [], &mut []));
        let (mut left, mut least) = (budget, 1);
        let mut place = plan.place(pending.layer);
        while place.layer < shape.dense_layers() {
            let dense = place.dense;
            let stride = dense.stride.max(1);
            let rows = (left / stride).max(least).min(dense.rows().saturating_sub(pending.row));
            if rows == 0 && pending.row < dense.rows() {
                self.state.pending = Some(pending);
                return Ok(Progress::Working);
            }
            let start = dense.offset + pending.row * stride;
            let range = start..start + rows * stride;
            let block = Block {
                layer: pending.layer,
                first: pending.row,
                weights: params.get_mut(range.clone()).unwrap_or_default(),
                first_moment: first.get_mut(range.clone()).unwrap_or_default(),
                second_moment: second.get_mut(range).unwrap_or_default(),
            };
            let (optimiser, updates) = (&self.optimiser, self.state.updates);
            let trained = Trained::new(&plan, &place, x, &record);
            engine.update_layer(Some(&trained), optimiser, updates, &shards, 1, block, room)?;
            (left, least) = (left.saturating_sub(rows * stride), 0);
            pending.row += rows;
            if pending.row >= dense.rows() {
                pending = Pending { layer: pending.layer + 1, row: 0, ..pending };
                plan.advance(&mut place);
            }
        }
        self.state.pending = None;
        self.engine.estimator.observe(pending.f);
        self.state.steps = self.state.steps.wrapping_add(1);
        self.state.updates = self.state.updates.wrapping_add(1);
        Ok(Progress::Done(pending.f))
    }

    /// `Err(Busy)` while a step is under way.
    pub(super) fn idle(&self) -> Result<(), Error> {
        if self.state.pending.is_none() { Ok(()) } else { Err(Error::Busy) }
    }

    /// Apart from [`poll`](Self::poll), so that their stacks do not add up.
    #[inline(never)]
    pub(super) fn begin_for<M: Objective<K>>(&mut self, objective: &mut M, x: &[u32]) -> Result<(), Error> {
        self.idle()?;
        self.optimiser.check()?;
        let bits = self.input(x)?;
        let (needed, given) = (self.engine.plan(1).learner_words(), self.memory.scratch.len());
        if given < needed {
            return Err(Error::Size { needed, given });
        }
        let Slices { params, scratch, .. } = &mut self.memory;
        let (mut f, batch) = ([0.0], Batch::new(bits, 1, 0, self.state.steps));
        let result = self.engine.examples(objective, params, batch, scratch, &mut f);
        if let Err(Error::Objective | Error::Diverged) = result {
            // The same uniforms would be refused again and again.
            self.state.steps = self.state.steps.wrapping_add(1);
        }
        result?;
        let (_, kept) = split_input(scratch, self.engine.shape.inputs()).unwrap_or_default();
        kept.iter_mut().zip(x).for_each(|(kept, x)| *kept = *x);
        self.state.pending = Some(Pending { layer: 0, row: 0, f: f[0] });
        Ok(())
    }

    /// All that is left of a step.
    pub(super) fn finish(&mut self) -> Result<f32, Error> {
        let f = self.state.pending.map_or(0.0, |pending| pending.f);
        self.poll(usize::MAX).map(|_| f)
    }
}
