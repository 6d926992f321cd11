//! A step in bounded slices: samples and gradients of activations first, then a block of rows of parameters at a time.

use super::Learner;
use crate::engine::{Block, Traces};
use crate::error::Error;
use crate::estimator::Estimator;
use crate::kernels::Kernels;
use crate::numeric::bits::Bits;
use crate::objective::{BlackBox, Conditional, Objective, Vae};
use crate::optim::Optimiser;
use crate::shape::layout::LayerLayout;

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
        self.begin_with(&mut Vae, x, &[])
    }

    /// [`begin`](Self::begin) for a black box: the first half of [`step_black_box`](Self::step_black_box).
    pub fn begin_black_box(&mut self, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<(), Error> {
        self.begin_with(&mut BlackBox(f), x, &[])
    }

    /// [`begin`](Self::begin) for a conditional network: the first half of [`step_conditional`](Self::step_conditional).
    pub fn begin_conditional(&mut self, x: &[u32], y: &[u32]) -> Result<(), Error> {
        self.begin_with(&mut Conditional, x, y)
    }

    /// Goes on with the step that is under way: updates at most `budget` parameters, but at least one row of a layer, so
    /// that it always ends. In whatever slices, the result has the same bits.
    ///
    /// Errors: [`Error::Setting`] when the optimiser was given a bad rate meanwhile; the step stays under way.
    #[inline(never)]
    pub fn poll(&mut self, budget: usize) -> Result<Progress, Error> {
        let Some(Pending { layer: first, mut row, .. }) = self.state.pending else {
            return Ok(Progress::Idle);
        };
        self.optimiser.rule().check()?;
        let (mut left, mut least) = (budget, 1);
        let mut layer = self.engine.layout(1).layer(first);
        while layer.index < self.engine.shape.dense_layers() {
            let stride = layer.dense.stride.max(1);
            let rows = (left / stride).max(least).min(layer.dense.rows().saturating_sub(row));
            if rows == 0 && row < layer.dense.rows() {
                if let Some(pending) = &mut self.state.pending {
                    (pending.layer, pending.row) = (layer.index, row);
                }
                return Ok(Progress::Working);
            }
            self.update(&layer, row, rows)?;
            (left, least) = (left.saturating_sub(rows * stride), 0);
            row += rows;
            if row >= layer.dense.rows() {
                row = 0;
                self.engine.layout(1).advance(&mut layer);
            }
        }
        let f = self.state.pending.take().map_or(0.0, |pending| pending.f);
        self.engine.observe(f);
        self.state.steps = self.state.steps.wrapping_add(1);
        self.state.updates = self.state.updates.wrapping_add(1);
        Ok(Progress::Done(f))
    }

    /// Updates `rows` rows from `first` on of a layer.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn update(&mut self, layer: &LayerLayout, first: usize, rows: usize) -> Result<(), Error> {
        let start = layer.dense.offset + first * layer.dense.stride;
        let range = start..start + rows * layer.dense.stride;
        let moments = self.moments.split_at_mut_checked(self.params.len());
        let (first_moment, second_moment) = moments.unwrap_or((&mut [], &mut []));
        let block = Block {
            layer: layer.index,
            first,
            weights: self.params.get_mut(range.clone()).unwrap_or_default(),
            first_moment: first_moment.get_mut(range.clone()).unwrap_or_default(),
            second_moment: second_moment.get_mut(range).unwrap_or_default(),
        };
        // All else of the scratch is only read.
        let room = core::mem::take(&mut self.scratch.hidden_or_uniforms);
        let trained = self.scratch.trained(&self.engine.layout(1), layer, self.input);
        let (engine, updates) = (&self.engine, self.state.updates);
        let result = engine.update_layer(Traces::One(&trained), &self.optimiser, updates, 1, block, room);
        self.scratch.hidden_or_uniforms = room;
        result
    }

    /// `Err(Busy)` while a step is under way.
    pub(super) fn idle(&self) -> Result<(), Error> {
        if self.state.pending.is_none() { Ok(()) } else { Err(Error::Busy) }
    }

    /// [`begin`](Self::begin) for any objective, on the packed input `x` and target `y` (empty where there is none).
    ///
    /// Apart from [`poll`](Self::poll), so that their stacks do not add up.
    #[inline(never)]
    pub fn begin_with<M: Objective<K>>(
        &mut self,
        objective: &mut M,
        x: &[u32],
        y: &[u32],
    ) -> Result<(), Error> {
        self.idle()?;
        self.optimiser.rule().check()?;
        let batch = self.batch(x, y, self.state.steps)?;
        let relaxes = self.engine.estimator.relaxation().is_some();
        if relaxes || self.scratch.deltas.is_empty() || self.input.len() < x.len() {
            let relaxed = if relaxes { self.engine.training_scratch(1) } else { 0 };
            return Err(Error::Size {
                needed: self.engine.layout(1).learner_words().max(relaxed),
                given: self.scratch_words,
            });
        }
        objective.check(&self.engine.shape)?;
        self.engine.estimator.check(&self.engine.shape)?;
        self.check_target(&batch)?;
        // Not after the samples: until then x would lie on the stack a second time.
        self.input.iter_mut().zip(x).for_each(|(kept, x)| *kept = *x);
        let mut f = [0.0];
        let pass = self.engine.pass(self.params, &batch, self.engine.estimator.samples());
        let result = self.engine.examples_in(&pass, objective, &mut self.scratch, &mut [], &mut f);
        if let Err(Error::Objective | Error::Diverged) = result {
            // The same uniforms would be refused again and again.
            self.state.steps = self.state.steps.wrapping_add(1);
        }
        result?;
        self.state.pending = Some(Pending { layer: 0, row: 0, f: f[0] });
        Ok(())
    }

    /// All that is left of a step.
    pub(super) fn finish(&mut self) -> Result<f32, Error> {
        match self.poll(usize::MAX)? {
            Progress::Done(f) => Ok(f),
            Progress::Idle | Progress::Working => Err(Error::Busy),
        }
    }
}
