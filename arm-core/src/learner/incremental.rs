//! A step in bounded slices: samples and gradients of activations first, then a block of rows of parameters at a time.
//!
//! Tests: `learner/tests.rs`; `tests/tests/firmware.rs`.

use super::{Core, Held, Learner};
use crate::engine::{Block, Engine, Estimates};
use crate::error::Error;
use crate::estimator::Estimator;
use crate::kernels::{NatsOf, Of, Prepared};
use crate::network::scratch::{Scratch, Trace};
use crate::numeric::bits::Bits;
use crate::numeric::number::{Nats, Numbers};
use crate::numeric::rng::{Purpose, Stream};
use crate::objective::{BlackBox, Conditional, Objective, Vae};
use crate::optim::{AtStep, Optimiser, Rule, Sgd, WithOptimiser};
use crate::shape::Dense;

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

impl<E: Estimator, O: Optimiser, K: Estimates> Learner<'_, '_, E, O, K> {
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
    pub fn begin(&mut self, x: &[u32]) -> Result<(), Error>
    where
        Vae: Objective<K>,
    {
        self.begin_with(&mut Vae, x, &[])
    }

    /// [`begin`](Self::begin) for a black box: the first half of [`step_black_box`](Self::step_black_box).
    pub fn begin_black_box(&mut self, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<(), Error> {
        self.begin_with(&mut BlackBox(f), x, &[])
    }

    /// [`begin`](Self::begin) for a conditional network: the first half of [`step_conditional`](Self::step_conditional).
    pub fn begin_conditional(&mut self, x: &[u32], y: &[u32]) -> Result<(), Error>
    where
        Conditional: Objective<K>,
    {
        self.begin_with(&mut Conditional, x, y)
    }

    /// Goes on with the step that is under way: updates at most `budget` parameters, but at least one row of a layer, so
    /// that it always ends. In whatever slices, the result has the same bits.
    ///
    /// Errors: [`Error::Setting`] when the optimiser was given a bad rate meanwhile; the step stays under way.
    #[inline(always)]
    pub fn poll(&mut self, budget: usize) -> Result<Progress, Error> {
        self.poll_then(budget, |result| result)
    }

    /// [`poll`](Self::poll), and what `then` makes of its result. `then` is a part of the function that does the work, so that a
    /// small value is all that is handed back.
    #[inline(always)]
    pub fn poll_then<T>(&mut self, budget: usize, then: impl FnOnce(Result<Progress, Error>) -> T) -> T {
        let Learner { core, optimiser, .. } = self;
        optimiser.hand(Slice { core, budget, then })
    }

    /// `Err(Busy)` while a step is under way.
    pub(super) fn idle(&self) -> Result<(), Error> {
        if self.core.held.state.pending.is_none() { Ok(()) } else { Err(Error::Busy) }
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
        objective.check(&self.core.engine.shape)?;
        let batch = self.batch(x, y, self.core.held.state.steps)?;
        let relaxes = self.core.engine.estimator.relaxation().is_some();
        if relaxes || self.core.held.scratch.deltas.is_empty() || self.core.held.input.len() < x.len() {
            let relaxed = if relaxes { self.core.engine.training_scratch(1) } else { 0 };
            return Err(Error::Size {
                needed: self.core.engine.layout(1).learner_words::<K::Numbers>().max(relaxed),
                given: self.scratch_words,
            });
        }
        self.core.engine.estimator.check(&self.core.engine.shape)?;
        self.check_target(&batch)?;
        // Not after the samples: until then x would lie on the stack a second time.
        self.core.held.input.iter_mut().zip(x).for_each(|(kept, x)| *kept = *x);
        let mut f = [NatsOf::<K>::default()];
        let pass = self.core.engine.pass(self.core.held.params, &batch, self.core.engine.estimator.samples());
        let result =
            self.core.engine.examples_in(&pass, objective, &mut self.core.held.scratch, &mut [], &mut f);
        if let Err(Error::Objective | Error::Diverged) = result {
            // The same uniforms would be refused again and again.
            self.core.held.state.steps = self.core.held.state.steps.wrapping_add(1);
        }
        result?;
        self.core.engine.layout(1).seek(0, &mut self.core.held.layer);
        self.core.held.state.pending = Some(Pending { layer: 0, row: 0, f: f[0].get() });
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

/// A slice of a step: what [`Learner::poll`] does.
struct Slice<'a, 'm, 's, E, K: Estimates, F> {
    core: &'a mut Core<'m, 's, E, K>,
    budget: usize,
    then: F,
}

impl<E: Estimator, K: Estimates, T, F: FnOnce(Result<Progress, Error>) -> T> WithOptimiser
    for Slice<'_, '_, '_, E, K, F>
{
    type Out = T;

    #[inline(always)]
    fn run<O: Optimiser>(self, optimiser: &O) -> T {
        let Slice { core, budget, then } = self;
        then(core.slice(optimiser, budget))
    }
}

impl<E: Estimator, K: Estimates> Core<'_, '_, E, K> {
    #[inline(always)]
    fn slice<O: Optimiser>(&mut self, optimiser: &O, budget: usize) -> Result<Progress, Error> {
        let Core { engine, held } = self;
        let Some(Pending { mut row, .. }) = held.state.pending else {
            return Ok(Progress::Idle);
        };
        if !optimiser.rule().is_valid() {
            return Err(Error::Setting);
        }
        let mut optimiser = AtStep::new(optimiser, held.state.updates);
        let (mut left, mut least) = (budget, true);
        // Of the words by which updates are rounded.
        let mut shared = None;
        // Behind the last layer there is an empty one.
        while held.layer.dense.stride > 0 {
            let (stride, height) = (held.layer.dense.stride, held.layer.dense.rows());
            let (missing, paid) = (height.saturating_sub(row), left / stride);
            // Loops take four rows together; what is less waits for the next call, unless it would be all of this one.
            let rows = match paid & !3 {
                _ if paid >= missing => missing,
                0 if least => paid.max(1),
                fours => fours,
            };
            if rows > 0 {
                held.update(engine, &mut optimiser, row, rows, &mut shared)?;
            }
            row += rows;
            if row < height {
                if let Some(pending) = &mut held.state.pending {
                    (pending.layer, pending.row) = (held.layer.index, row);
                }
                return Ok(Progress::Working);
            }
            (left, least, row) = (left.saturating_sub(rows * stride), false, 0);
            engine.layout(1).advance(&mut held.layer);
        }
        let f = held.state.pending.take().map_or(0.0, |pending| pending.f);
        engine.observe(f);
        held.state.steps = held.state.steps.wrapping_add(1);
        held.state.updates = held.state.updates.wrapping_add(1);
        Ok(Progress::Done(f))
    }
}

impl<N: Numbers> Held<'_, N> {
    /// Updates `rows` rows from `first` on of the layer that comes next.
    #[inline(always)]
    fn update<E: Estimator, O: Optimiser, K: Estimates<Numbers = N>>(
        &mut self,
        engine: &Engine<'_, K, E>,
        optimiser: &mut AtStep<'_, O>,
        first: usize,
        rows: usize,
        shared: &mut Option<u64>,
    ) -> Result<(), Error> {
        // With several samples a layer above them has a gradient of each.
        match optimiser.rule() {
            Rule::Sgd(Sgd { rate }) if K::EACH_SAMPLE || engine.estimator.samples() == 1 => {
                self.descend(engine, rate, first, rows, shared).ok_or(Error::Corrupt)
            }
            Rule::Sgd(_) => self.optimise_apart(engine, optimiser, first, rows),
            _ => self.optimise(engine, optimiser, first, rows),
        }
    }

    #[inline(always)]
    fn descend<E: Estimator, K: Estimates<Numbers = N>>(
        &mut self,
        engine: &Engine<'_, K, E>,
        rate: f32,
        first: usize,
        rows: usize,
        shared: &mut Option<u64>,
    ) -> Option<()> {
        let Held { params, scratch, input, state, layer, .. } = self;
        // All else of the scratch is only read until the step is done.
        let Scratch { activations, deltas, samples, logits, per_row, .. } = scratch;
        let trained = &engine.layout(1).trained(layer, input, &Trace { activations, deltas, samples })?;
        let prepared = Prepared { units: logits, one: per_row.first_mut()? };
        let noise = || {
            let shared = *shared.get_or_insert_with(|| Stream::shared(engine.seed, state.steps, 0));
            Stream::word(shared, Purpose::Round, layer.index)
        };
        let weights = part(params, &layer.dense, first, rows)?;
        let block =
            Block { layer: layer.index, first, weights, first_moment: &mut [], second_moment: &mut [] };
        engine.descend(rate, trained, Of::layer(&engine.shape, layer), block, prepared, noise);
        Some(())
    }

    /// [`optimise`](Self::optimise), a call: plain gradient descent would keep at hand what only this needs.
    #[inline(never)]
    fn optimise_apart<E: Estimator, O: Optimiser, K: Estimates<Numbers = N>>(
        &mut self,
        engine: &Engine<'_, K, E>,
        optimiser: &mut AtStep<'_, O>,
        first: usize,
        rows: usize,
    ) -> Result<(), Error> {
        self.optimise(engine, optimiser, first, rows)
    }

    #[inline(always)]
    fn optimise<E: Estimator, O: Optimiser, K: Estimates<Numbers = N>>(
        &mut self,
        engine: &Engine<'_, K, E>,
        optimiser: &mut AtStep<'_, O>,
        first: usize,
        rows: usize,
    ) -> Result<(), Error> {
        let Held { params, moments, scratch, input, layer, .. } = self;
        let Scratch { activations, deltas, samples, hidden_or_uniforms: gradient_buffer, .. } = scratch;
        let trace = Trace { activations, deltas, samples };
        let trained = &engine.layout(1).trained(layer, input, &trace).ok_or(Error::Corrupt)?;
        let (firsts, seconds) = moments.split_at_mut_checked(params.len()).unwrap_or_default();
        let block = Block {
            layer: layer.index,
            first,
            weights: part(params, &layer.dense, first, rows).ok_or(Error::Corrupt)?,
            first_moment: part(firsts, &layer.dense, first, rows).unwrap_or_default(),
            second_moment: part(seconds, &layer.dense, first, rows).unwrap_or_default(),
        };
        K::update(engine, trained, optimiser, block, gradient_buffer)
    }
}

/// `rows` rows of `dense` from `first` on, if they are there.
#[inline(always)]
fn part<'a, T>(data: &'a mut [T], dense: &Dense, first: usize, rows: usize) -> Option<&'a mut [T]> {
    data.get_mut(dense.offset + first * dense.stride..)?.get_mut(..rows * dense.stride)
}
