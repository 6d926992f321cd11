//! A learner without floats.

use super::{Learner, Slices, State};
use crate::error::Error;
use crate::estimator::{Estimator, IntegerEstimator};
use crate::kernels::Integer;
use crate::optim::Sgd;
use crate::shape::Shape;
use crate::shape::layout::Layout;

impl Shape<'_> {
    /// Words of scratch for an [integer](Learner::integer) learner with an estimator that draws one sample: less than
    /// [`scratch`](Self::scratch).
    pub const fn integer_scratch(&self) -> usize {
        self.integer_scratch_for(1)
    }

    /// [`integer_scratch`](Self::integer_scratch) for an estimator that draws `samples` samples.
    pub const fn integer_scratch_for(&self, samples: usize) -> usize {
        Layout::new(self, 1, samples).learner_words::<Integer>()
    }
}

impl<'m, 's, E: Estimator + IntegerEstimator> Learner<'m, 's, E, Sgd, Integer> {
    /// A learner in [`Integer`]s: for chips without a floating-point unit, with half the memory. It starts from the initial
    /// weights of its own, and its steps are those of [`new`](Learner::new) but for what rounding changes. Errors: as there, and
    /// [`Error::FloatOnly`] for a shape whose units are coded.
    ///
    /// ```
    /// use arm_core::{Layer, Learner, Memory, Prior, Shape, estimator::Arm, kernels::Integer, optim::Sgd};
    ///
    /// const SHAPE: Shape = Shape::vae(
    ///     8,
    ///     &[Layer::hidden(6, 0.1), Layer::bernoulli(4)],
    ///     &[Layer::hidden(6, 0.1), Layer::bernoulli(8)],
    ///     Prior::Fixed,
    /// );
    /// let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.integer_scratch() }, Integer>::ZERO;
    /// let mut learner = Learner::integer(SHAPE, Arm, Sgd { rate: 0.1 }, 1, memory.slices())?;
    /// let x = [0b1100_1010]; // eight units
    /// let before = learner.score(&x, 100)?;
    /// for _ in 0..500 {
    ///     learner.step(&x)?;
    /// }
    /// assert!(learner.score(&x, 100)? < 0.2 * before && learner.saturated() == 0);
    /// # Ok::<(), arm_core::Error>(())
    /// ```
    ///
    /// What only floats do is no such learner:
    ///
    /// ```compile_fail
    /// # use arm_core::{Layer, Learner, Memory, Shape, estimator::Vimco, kernels::Integer, optim::Sgd};
    /// # const SHAPE: Shape = Shape::chain(4, &[Layer::bernoulli(4)]);
    /// # let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.integer_scratch_for(2) }, Integer>::ZERO;
    /// Learner::integer(SHAPE, Vimco { samples: 2 }, Sgd { rate: 0.1 }, 1, memory.slices());
    /// ```
    ///
    /// ```compile_fail
    /// # use arm_core::{Layer, Learner, Memory, Shape, estimator::Arm, kernels::Integer, optim::Adam};
    /// # const SHAPE: Shape = Shape::chain(4, &[Layer::bernoulli(4)]);
    /// # let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.integer_scratch() }, Integer>::ZERO;
    /// Learner::integer(SHAPE, Arm, Adam::new(0.1), 1, memory.slices());
    /// ```
    pub fn integer(
        shape: Shape<'s>,
        estimator: E,
        sgd: Sgd,
        seed: u64,
        memory: Slices<'m, Integer>,
    ) -> Result<Self, Error> {
        Self::chosen(shape, estimator, sgd, seed, memory)
    }

    /// [`attach`](Learner::attach) in integers; [`saturated`](Self::saturated) begins at zero.
    pub fn attach_integer(
        shape: Shape<'s>,
        estimator: E,
        sgd: Sgd,
        seed: u64,
        memory: Slices<'m, Integer>,
        state: State,
    ) -> Result<Self, Error> {
        Self::attach_chosen(shape, estimator, sgd, seed, memory, state)
    }
}

impl<'m, 's, E: Estimator> Learner<'m, 's, E, Sgd, Integer> {
    /// [`integer`](Self::integer) with an estimator that is chosen at run time. Errors: as there, and [`Error::FloatOnly`] for
    /// one that has no [`integer`](Estimator::integer).
    pub fn chosen(
        shape: Shape<'s>,
        estimator: E,
        sgd: Sgd,
        seed: u64,
        memory: Slices<'m, Integer>,
    ) -> Result<Self, Error> {
        Self::fresh(Integer::default(), shape, estimator, sgd, seed, memory)
    }

    /// [`attach_integer`](Self::attach_integer) with an estimator that is chosen at run time. Errors: as there, and
    /// [`Error::FloatOnly`] for one that has no [`integer`](Estimator::integer).
    pub fn attach_chosen(
        shape: Shape<'s>,
        estimator: E,
        sgd: Sgd,
        seed: u64,
        memory: Slices<'m, Integer>,
        state: State,
    ) -> Result<Self, Error> {
        Self::over(Integer::default(), shape, estimator, sgd, seed, memory, state)
    }

    /// How many results have become the ends of their ranges since the learner was made: units of a layer, rows of
    /// parameters, values of f. A few do no harm; where they go on, lower the rate.
    pub fn saturated(&self) -> u32 {
        self.core.engine.kernels.saturated()
    }
}
