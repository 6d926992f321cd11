//! Steps in integers, one example each, by the learner that a device has.

use crate::estimators::AnyEstimator;
use crate::kernels::Desktop;
use crate::memory::LINE;
use arm_core::estimator::Estimator;
use arm_core::init::draw;
use arm_core::kernels::Integer;
use arm_core::learner::{Slices, State};
use arm_core::objective::Objective;
use arm_core::optim::Sgd;
use arm_core::{Engine, Error, Learner, Shape};

/// A model in training in 16-bit integers: the memory of a [`Learner`], which is attached for each step. From the same rows in the
/// same order, with the same seed and rate, it has the bits of a learner on a device.
#[derive(Debug)]
pub struct IntegerDriver<'s, M> {
    /// In floats, with the estimator and the seed of the steps: what measures the estimator.
    engine: Engine<'s, Desktop, AnyEstimator>,
    objective: M,
    sgd: Sgd,
    params: Vec<i16>,
    scratch: Vec<u32>,
    state: State,
    saturated: u64,
}

impl<'s, M: Objective<Integer>> IntegerDriver<'s, M> {
    /// A driver with the initial parameters of [`Learner::integer`]. Errors: the shape, a setting, or
    /// [`Error::FloatOnly`] for an estimator or units that need floats.
    pub fn new(
        shape: Shape<'s>,
        estimator: AnyEstimator,
        objective: M,
        sgd: Sgd,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut params = vec![0; shape.params()];
        draw::<Integer>(&shape, seed, &mut params)?;
        let scratch = vec![0; shape.integer_scratch_for(estimator.samples())];
        let engine = Engine::new(shape.padded(LINE), Desktop::new(), estimator, seed)?;
        let state = State::default();
        let mut driver = IntegerDriver { engine, objective, sgd, params, scratch, state, saturated: 0 };
        driver.learner()?;
        Ok(driver)
    }

    /// The learner, over this memory.
    fn learner(&mut self) -> Result<Learner<'_, 's, &mut AnyEstimator, Sgd, Integer>, Error> {
        let IntegerDriver { engine, params, scratch, sgd, state, .. } = self;
        let shape = engine.shape().padded(1);
        let memory = Slices { params, moments: &mut [], scratch };
        Learner::attach_chosen(shape, &mut engine.estimator, *sgd, engine.seed, memory, *state)
    }

    /// One step on the packed input `x` and target `y` (empty where there is none); returns f before it. Errors leave the model as
    /// it was.
    pub fn step(&mut self, x: &[u32], y: &[u32]) -> Result<f32, Error>
    where
        M: Clone,
    {
        let (mut objective, before) = (self.objective.clone(), self.state);
        let mut learner = self.learner()?;
        let result = learner.step_with(&mut objective, x, y);
        let (state, saturated) = (learner.state(), learner.saturated());
        self.saturated += u64::from(saturated);
        // A device passes over the uniforms of a step that was refused; who trains here decides that himself.
        self.state = if result.is_ok() { state } else { before };
        result
    }

    /// The engine in floats that has the estimator, with rows padded to [`LINE`] floats.
    pub fn engine(&self) -> &Engine<'s, Desktop, AnyEstimator> {
        &self.engine
    }

    /// The engine, for the state of its estimator and its seed; its shape must not change.
    pub fn engine_mut(&mut self) -> &mut Engine<'s, Desktop, AnyEstimator> {
        &mut self.engine
    }

    /// The objective.
    pub fn objective(&self) -> &M {
        &self.objective
    }

    /// The parameters, without padding.
    pub fn params(&self) -> &[i16] {
        &self.params
    }

    /// The parameters, writable.
    pub fn params_mut(&mut self) -> &mut [i16] {
        &mut self.params
    }

    /// Goes on as after `steps` steps.
    pub fn set_steps(&mut self, steps: u64) {
        self.state = State { steps, ..State::default() };
    }

    /// Results that became the ends of their ranges since this was asked last: see [`Learner::saturated`].
    pub fn take_saturated(&mut self) -> u64 {
        std::mem::take(&mut self.saturated)
    }
}
