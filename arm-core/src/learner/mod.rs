//! The face users meet: a network that learns one example at a time in memory it is given.

mod incremental;
mod integer;
mod memory;
mod persist;
#[cfg(test)]
mod tests;

pub use incremental::{Pending, Progress};
pub use memory::{Memory, Slices};

use crate::engine::{Engine, Estimates, Total};
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
pub use crate::estimator::LogMeanExp;
use crate::kernels::{Arithmetic, Simd, WeightOf};
use crate::network::Batch;
use crate::network::scratch::Scratch;
use crate::numeric::bits::{Bits, words};
use crate::numeric::matrix::BitMatrix;
use crate::numeric::number::Numbers;
use crate::numeric::window::{element, window_mut};
use crate::objective::{BlackBox, Conditional, Objective, Vae};
use crate::optim::Optimiser;
use crate::shape::Shape;
use crate::shape::init;
use crate::shape::layout::{LayerLayout, Layout, Table};

/// A network that learns on line, one example a step.
///
/// ```
/// use arm_core::{Layer, Learner, Memory, Prior, Shape, estimator::Arm, optim::Sgd};
///
/// const SHAPE: Shape = Shape::vae(
///     8,
///     &[Layer::hidden(6, 0.1), Layer::bernoulli(4)],
///     &[Layer::hidden(6, 0.1), Layer::bernoulli(8)],
///     Prior::Fixed,
/// );
/// let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO;
/// let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 1, memory.slices())?;
/// let x = [0b1100_1010]; // eight units
/// let before = learner.score(&x, 100)?;
/// for _ in 0..500 {
///     learner.step(&x)?;
/// }
/// assert!(learner.score(&x, 100)? < 0.2 * before); // nats
/// # Ok::<(), arm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Learner<'m, 's, E, O, K: Arithmetic = Simd> {
    core: Core<'m, 's, E, K>,
    optimiser: O,
    /// Words of scratch it was given.
    scratch_words: usize,
}

/// All but the optimiser: a pointer to it stays in a register, with what an optimiser is handed to.
#[derive(Debug)]
struct Core<'m, 's, E, K: Arithmetic> {
    engine: Engine<'s, K, E>,
    held: Held<'m, K::Numbers>,
}

/// The memory of a learner, and where it is in it.
#[derive(Debug)]
struct Held<'m, N: Numbers> {
    params: &'m mut [N::Weight],
    moments: &'m mut [N::Weight],
    /// Taken apart once: a stack has no room for it.
    scratch: Scratch<'m, N>,
    /// Behind the rest of the scratch: it keeps the input of a step, and has as many words, or fewer where there is no room.
    input: &'m mut [u32],
    state: State,
    /// The layer that a step under way updates next.
    layer: LayerLayout,
}

/// What a [`Learner`] knows beside its memory and settings: with these it goes on as if it had never stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Steps begun, those that were refused included: the address of the next step's uniforms.
    pub steps: u64,
    /// Steps taken since the moments were zero: what Adam's bias correction counts.
    pub updates: u64,
    /// Scores computed: the address of the next score's uniforms.
    pub scores: u64,
    /// The step that is under way.
    pub pending: Option<Pending>,
}

impl<'m, 's, E: Estimator, O: Optimiser> Learner<'m, 's, E, O> {
    /// A learner with fresh parameters drawn from `seed`. Errors: shape, settings, sizes; a scratch too small to train is
    /// refused, with what it needs.
    pub fn new(
        shape: Shape<'s>,
        estimator: E,
        optimiser: O,
        seed: u64,
        memory: Slices<'m>,
    ) -> Result<Self, Error> {
        Self::fresh(Simd, shape, estimator, optimiser, seed, memory)
    }

    /// A learner over memory that another one with the same arguments left: RAM that survived a reset, or that C keeps
    /// between two calls. Errors: shape, settings, sizes.
    pub fn attach(
        shape: Shape<'s>,
        estimator: E,
        optimiser: O,
        seed: u64,
        memory: Slices<'m>,
        state: State,
    ) -> Result<Self, Error> {
        Self::over(Simd, shape, estimator, optimiser, seed, memory, state)
    }
}

impl<'m, 's, E: Estimator, O: Optimiser, K: Estimates> Learner<'m, 's, E, O, K> {
    /// [`new`](Learner::new) with any kernels.
    #[inline(always)]
    fn fresh(
        kernels: K,
        shape: Shape<'s>,
        estimator: E,
        optimiser: O,
        seed: u64,
        memory: Slices<'m, K::Numbers>,
    ) -> Result<Self, Error> {
        shape.check()?;
        let layout = Layout::new(&shape, 1, estimator.samples());
        let words = if layout.fits() { layout.learner_words::<K::Numbers>() } else { usize::MAX };
        let (needed, given) = (words, memory.scratch.len());
        if given < needed {
            return Err(Error::Size { needed, given });
        }
        init::draw::<K::Numbers>(&shape, seed, memory.params)?;
        if O::MOMENTS > 0 {
            memory.moments.fill(K::Numbers::ZERO);
        }
        Self::over(kernels, shape, estimator, optimiser, seed, memory, State::default())
    }

    /// [`attach`](Learner::attach) with any kernels.
    #[inline(always)]
    fn over(
        kernels: K,
        shape: Shape<'s>,
        estimator: E,
        optimiser: O,
        seed: u64,
        memory: Slices<'m, K::Numbers>,
        state: State,
    ) -> Result<Self, Error> {
        optimiser.rule().check()?;
        // Not by way of a result, which would be copied.
        let table = Table::of(&shape);
        let engine = Engine { shape, table, kernels, estimator, seed, share_uniforms: true };
        engine.check()?;
        let Slices { params, moments, scratch: mut input } = memory;
        exact_size(shape.params(), params.len())?;
        exact_size(optimiser.rule().moments() * shape.params(), moments.len())?;
        let (scratch_words, layout) = (input.len(), engine.layout(1));
        let trains = layout.fits() && scratch_words >= layout.training_words::<K::Numbers>();
        if state.pending.is_some() && !(trains && scratch_words >= layout.learner_words::<K::Numbers>()) {
            let needed = if layout.fits() { layout.learner_words::<K::Numbers>() } else { usize::MAX };
            return Err(Error::Size { needed, given: scratch_words });
        }
        let layout = if trains { layout } else { engine.layout_of(1, 1) };
        let mut scratch = Scratch::default();
        layout.scratch(trains, &mut input, &mut scratch);
        // What is behind the input would be taken for more of it.
        let kept = words(shape.inputs()).min(input.len());
        let input = window_mut(input, ..kept);
        let mut layer = LayerLayout::INPUT;
        if let Some(Pending { layer: next, .. }) = state.pending {
            engine.layout(1).seek(next, &mut layer);
        }
        let held = Held { params, moments, scratch, input, state, layer };
        Ok(Learner { core: Core { engine, held }, optimiser, scratch_words })
    }
}

impl<'m, 's, E: Estimator, O: Optimiser, K: Estimates> Learner<'m, 's, E, O, K> {
    /// The network.
    pub fn shape(&self) -> Shape<'s> {
        self.core.engine.shape()
    }

    /// Steps begun, those that were refused for their f or their gradients included.
    pub fn steps(&self) -> u64 {
        self.core.held.state.steps
    }

    /// What to [`attach`](Self::attach) with.
    pub fn state(&self) -> State {
        self.core.held.state
    }

    /// What the estimator has learned so far; empty where there is nothing to keep.
    pub fn learned_state(&self) -> &[f32] {
        self.core.engine.learned_state()
    }

    /// Lets the estimator go on from a [`learned_state`](Self::learned_state). Errors: [`Error::Size`] for one of another
    /// length; nothing is changed then.
    pub fn set_learned_state(&mut self, state: &[f32]) -> Result<(), Error> {
        self.core.engine.set_learned_state(state)
    }

    /// The parameters; the layout is that of [`Shape::dense`]. While a step is under way some rows are updated already.
    pub fn params(&self) -> &[WeightOf<K>] {
        self.core.held.params
    }

    /// Replaces the parameters, forgets the moments and a step that is under way. Errors: length, or a parameter beyond
    /// [`LIMIT`](crate::numeric::LIMIT); nothing is changed then.
    pub fn set_params(&mut self, params: &[WeightOf<K>]) -> Result<(), Error> {
        exact_size(self.core.held.params.len(), params.len())?;
        if !params.iter().all(|p| K::valid(*p)) {
            return Err(Error::Parameter);
        }
        self.core.held.params.iter_mut().zip(params).for_each(|(p, q)| *p = K::settle(*q));
        self.forget();
        Ok(())
    }

    /// Of moments and of a step that is under way.
    fn forget(&mut self) {
        self.core.held.moments.fill(K::Numbers::ZERO);
        self.core.held.state.updates = 0;
        self.core.held.state.pending = None;
    }

    /// The optimiser, for a schedule of its rate. It is checked at the next step (and by each call of
    /// one under way, in which it holds from the next layer on).
    pub fn optimiser_mut(&mut self) -> &mut O {
        &mut self.optimiser
    }

    /// One step of a variational auto-encoder on the packed binary vector `x`: returns the -ELBO before it, in nats.
    ///
    /// Errors leave the model as it was; after [`Error::Objective`] and [`Error::Diverged`] the next step draws fresh
    /// samples. Cost: three passes through the decoder, two through the encoder, one update.
    pub fn step(&mut self, x: &[u32]) -> Result<f32, Error>
    where
        Vae: Objective<K>,
    {
        self.begin_with(&mut Vae, x, &[])?;
        self.finish()
    }

    /// One step that lowers E\[f\] for any objective f, on the packed input `x` and target `y` (empty where there is none).
    /// Returns f before it. Errors leave the model as it was.
    pub fn step_with<M: Objective<K>>(
        &mut self,
        objective: &mut M,
        x: &[u32],
        y: &[u32],
    ) -> Result<f32, Error> {
        self.begin_with(objective, x, y)?;
        self.finish()
    }

    /// One step that lowers E\[f(b_T)\] for a black box f, which is called once for each sample; `x` is the packed input
    /// (empty for free logits). Returns f of the sample. Errors leave the model as it was.
    pub fn step_black_box(&mut self, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<f32, Error> {
        self.begin_with(&mut BlackBox(f), x, &[])?;
        self.finish()
    }

    /// One step of a conditional network on the packed binary vectors `x` and `y`: returns the bound of -log p(y | x) with one
    /// sample before it, in nats. Errors leave the model as it was.
    pub fn step_conditional(&mut self, x: &[u32], y: &[u32]) -> Result<f32, Error>
    where
        Conditional: Objective<K>,
    {
        self.begin_with(&mut Conditional, x, y)?;
        self.finish()
    }

    /// One example: its input, and its target, which only a conditional network has. Inlined: by way of a result it would
    /// be on the stack twice.
    #[inline(always)]
    fn batch<'a>(&self, x: &'a [u32], y: &'a [u32], step: u64) -> Result<Batch<'a>, Error> {
        let shape = &self.core.engine.shape;
        // Of no target no code is left; that there should be one is noticed later.
        let y = if y.is_empty() { BitMatrix::NONE } else { bits(y, shape.targets())? };
        Ok(Batch { y, ..Batch::new(bits(x, shape.inputs())?, 1, 0, step) })
    }

    /// Whether the batch has the target of the network, or neither has one; all else of it was checked when it was made.
    #[inline(always)]
    fn check_target(&self, batch: &Batch<'_>) -> Result<(), Error> {
        let (needed, given) = (self.core.engine.shape.targets(), batch.y.cols());
        if needed == given { Ok(()) } else { Err(Error::Width { needed, given }) }
    }

    /// An upper bound of -log p(x) in nats: the importance-weighted bound with `samples` samples (Burda, Grosse &
    /// Salakhutdinov, ICLR 2016); with one sample the -ELBO. Fresh samples at each call. Cost: a forward pass each. [`Error::Busy`] while
    /// a step is under way, [`Error::Diverged`] when the result is not finite.
    pub fn score(&mut self, x: &[u32], samples: u32) -> Result<f32, Error>
    where
        Vae: Objective<K>,
    {
        self.score_for(&mut Vae, x, &[], samples)
    }

    /// [`score`](Self::score) of a conditional network: an upper bound of -log p(y | x).
    pub fn score_conditional(&mut self, x: &[u32], y: &[u32], samples: u32) -> Result<f32, Error>
    where
        Conditional: Objective<K>,
    {
        self.score_for(&mut Conditional, x, y, samples)
    }

    fn score_for<M: Objective<K>>(
        &mut self,
        objective: &mut M,
        x: &[u32],
        y: &[u32],
        samples: u32,
    ) -> Result<f32, Error> {
        self.idle()?;
        if samples == 0 {
            return Err(Error::Setting);
        }
        objective.check(&self.core.engine.shape)?;
        let mut batch = self.batch(x, y, self.core.held.state.scores)?;
        self.check_target(&batch)?;
        if self.core.held.scratch.logits.is_empty() {
            return Err(Error::Size {
                needed: self.core.engine.layout_of(1, 1).inference_words::<K::Numbers>(),
                given: self.scratch_words,
            });
        }
        let mut sum = K::Total::default();
        for i in 0..samples {
            batch.first = u64::from(i);
            let pass = self.core.engine.pass(self.core.held.params, &batch, 1);
            self.core.engine.evaluate_in(&pass, objective, &mut self.core.held.scratch);
            sum.push(-element(self.core.held.scratch.path_f, 0));
        }
        self.core.held.state.scores = self.core.held.state.scores.wrapping_add(1);
        let bound = -sum.value();
        if bound.is_finite() { Ok(bound) } else { Err(Error::Diverged) }
    }

    /// A sample from the model: p(x = 1 | b_1) for each input unit, in `out`. `index` says which sample.
    /// [`Error::Busy`] while a step is under way.
    pub fn sample(&mut self, index: u64, out: &mut [f32]) -> Result<(), Error> {
        self.idle()?;
        let x = BitMatrix::new(&[], 0);
        let batch = Batch::new(x, 1, index, self.core.held.state.steps);
        if self.core.held.scratch.logits.is_empty() {
            let needed = self.core.engine.layout_of(1, 1).inference_words::<K::Numbers>();
            return Err(Error::Size { needed, given: self.scratch_words });
        }
        self.core.engine.generate_in(self.core.held.params, batch, &mut self.core.held.scratch, out)
    }
}

/// One row of `units` bits, and nothing beyond.
fn bits(x: &[u32], units: usize) -> Result<BitMatrix<'_>, Error> {
    let tail = units % 32;
    if x.len() != words(units) || (tail > 0 && x.last().is_some_and(|w| w >> tail != 0)) {
        return Err(Error::Width { needed: units, given: 32 * x.len() });
    }
    Ok(BitMatrix::new(x, units))
}
