//! The face users meet: a network that learns one example at a time in memory it is given.

use crate::bits::{Bits, words};
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::init::glorot;
use crate::kernels::{Kernels, Portable};
use crate::math::{exp, ln};
use crate::matrix::BitMatrix;
use crate::model::{BlackBox, Objective, Vae};
use crate::optim::Optimiser;
use crate::shape::Shape;
use crate::step::{Batch, Engine};
use crate::update::{Block, Shard};

/// All the memory of a [`Learner`]: P parameters, M moments, S words of scratch. It starts as zeros, so a static of it
/// lies in .bss.
#[derive(Debug)]
pub struct Memory<const P: usize, const M: usize, const S: usize> {
    params: [f32; P],
    moments: [f32; M],
    scratch: [u32; S],
}

impl<const P: usize, const M: usize, const S: usize> Memory<P, M, S> {
    /// Zeroed memory.
    pub const ZERO: Self = Memory { params: [0.0; P], moments: [0.0; M], scratch: [0; S] };

    /// The memory as slices.
    pub fn slices(&mut self) -> Slices<'_> {
        Slices { params: &mut self.params, moments: &mut self.moments, scratch: &mut self.scratch }
    }
}

/// The memory of a [`Learner`], borrowed.
#[derive(Debug)]
pub struct Slices<'m> {
    /// [`Shape::params`] floats.
    pub params: &'m mut [f32],
    /// [`Shape::moments`] floats.
    pub moments: &'m mut [f32],
    /// [`Shape::training_scratch`] words; [`Shape::inference_scratch`] is enough for a learner that never trains.
    pub scratch: &'m mut [u32],
}

impl Shape<'_> {
    /// Floats of moments that optimiser `O` keeps for this network.
    pub const fn moments<O: Optimiser>(&self) -> usize {
        O::MOMENTS * self.params()
    }

    /// Words of scratch for a [`Learner`] with an estimator that draws one sample: batch of one.
    pub const fn scratch(&self) -> usize {
        self.training_scratch(1, 1)
    }
}

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
pub struct Learner<'m, 's, E, O, K = Portable> {
    engine: Engine<'s, K, E>,
    optimiser: O,
    memory: Slices<'m>,
    steps: u64,
    scores: u64,
}

impl<'m, 's, E: Estimator, O: Optimiser> Learner<'m, 's, E, O> {
    /// A learner with fresh parameters drawn from `seed`. Errors: shape, settings, sizes.
    pub fn new(
        shape: Shape<'s>,
        estimator: E,
        optimiser: O,
        seed: u64,
        memory: Slices<'m>,
    ) -> Result<Self, Error> {
        optimiser.check()?;
        let engine = Engine::new(shape, Portable, estimator, seed)?;
        exact_size(O::MOMENTS * shape.params(), memory.moments.len())?;
        glorot(&shape, seed, memory.params)?;
        memory.moments.fill(0.0);
        Ok(Learner { engine, optimiser, memory, steps: 0, scores: 0 })
    }
}

impl<'m, 's, E: Estimator, O: Optimiser, K: Kernels> Learner<'m, 's, E, O, K> {
    /// The network.
    pub fn shape(&self) -> Shape<'s> {
        self.engine.shape
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The parameters; the layout is that of [`Shape::dense`].
    pub fn params(&self) -> &[f32] {
        self.memory.params
    }

    /// Replaces the parameters and forgets the moments. Errors: length, or a parameter beyond
    /// [`LIMIT`](crate::step::LIMIT); nothing is changed then.
    pub fn set_params(&mut self, params: &[f32]) -> Result<(), Error> {
        exact_size(self.memory.params.len(), params.len())?;
        if !params.iter().all(|p| p.abs() <= crate::step::LIMIT) {
            return Err(Error::Diverged);
        }
        self.memory.params.iter_mut().zip(params).for_each(|(p, q)| *p = *q);
        self.memory.moments.fill(0.0);
        Ok(())
    }

    /// The optimiser, for a schedule of its rate. It is checked at the next step.
    pub fn optimiser_mut(&mut self) -> &mut O {
        &mut self.optimiser
    }

    /// One step of a variational auto-encoder on the packed binary vector `x`: returns the -ELBO before it, in nats.
    ///
    /// Errors leave the model as it was. Cost: three passes through the decoder, two through the encoder, one update.
    pub fn step(&mut self, x: &[u32]) -> Result<f32, Error> {
        self.step_for(&mut Vae, x)
    }

    /// One step that lowers E\[f(b_T)\] for a black box f, which is called once for each sample; `x` is the packed input
    /// (empty for free logits). Returns f of the sample. Errors leave the model as it was.
    pub fn step_black_box(&mut self, x: &[u32], f: impl FnMut(Bits<'_>) -> f32) -> Result<f32, Error> {
        self.step_for(&mut BlackBox(f), x)
    }

    fn input<'a>(&self, x: &'a [u32]) -> Result<BitMatrix<'a>, Error> {
        let inputs = self.engine.shape.inputs();
        let tail = if inputs.is_multiple_of(32) { 0 } else { u32::MAX << (inputs % 32) };
        if x.len() != words(inputs) || x.last().is_some_and(|w| w & tail != 0) {
            return Err(Error::Width { needed: inputs, given: 32 * x.len() });
        }
        Ok(BitMatrix::new(x, inputs))
    }

    fn step_for<M: Objective<K>>(&mut self, objective: &mut M, x: &[u32]) -> Result<f32, Error> {
        self.optimiser.check()?;
        let batch = Batch { x: self.input(x)?, examples: 1, first: 0, step: self.steps };
        let Slices { params, moments, scratch } = &mut self.memory;
        let mut f = 0.0;
        self.engine.examples(objective, params, batch, scratch, core::slice::from_mut(&mut f))?;
        let (record, room) = self.engine.split_scratch(1, scratch);
        let shards = [Shard { batch, scratch: record }];
        let (first_moments, second_moments) =
            moments.split_at_mut_checked(params.len()).unwrap_or((&mut [], &mut []));
        for layer in 0..self.engine.shape.dense_layers() {
            let dense = self.engine.shape.dense(layer);
            let range = dense.offset..dense.offset + dense.len();
            let block = Block {
                layer,
                first: 0,
                weights: params.get_mut(range.clone()).unwrap_or_default(),
                first_moment: first_moments.get_mut(range.clone()).unwrap_or_default(),
                second_moment: second_moments.get_mut(range).unwrap_or_default(),
            };
            self.engine.update(&self.optimiser, self.steps, &shards, 1, block, room)?;
        }
        self.engine.estimator.observe(f);
        self.steps = self.steps.wrapping_add(1);
        Ok(f)
    }

    /// An upper bound of -log p(x) in nats: the importance-weighted bound with `samples` samples (Burda, Grosse &
    /// Salakhutdinov, ICLR 2016); with one sample the -ELBO. Fresh samples at each call. Cost: a forward pass each.
    pub fn score(&mut self, x: &[u32], samples: u32) -> Result<f32, Error> {
        if samples == 0 {
            return Err(Error::Setting);
        }
        let batch = Batch { x: self.input(x)?, examples: 1, first: 0, step: self.scores };
        let mut sum = LogMeanExp::new();
        for i in 0..samples {
            let mut f = [0.0];
            let batch = Batch { first: u64::from(i), ..batch };
            self.engine.evaluate(&mut Vae, self.memory.params, batch, 1, self.memory.scratch, &mut f)?;
            sum.push(-f[0]);
        }
        self.scores = self.scores.wrapping_add(1);
        Ok(-sum.value())
    }

    /// A sample from the model: p(x = 1 | b_1) for each input unit, in `out`. `index` says which sample.
    pub fn sample(&mut self, index: u64, out: &mut [f32]) -> Result<(), Error> {
        let x = BitMatrix::new(&[], 0);
        let batch = Batch { x, examples: 1, first: index, step: self.steps };
        self.engine.generate(self.memory.params, batch, self.memory.scratch, out)
    }
}

/// log of the mean of e^v, one v at a time, without overflow.
#[derive(Clone, Copy, Debug)]
pub struct LogMeanExp {
    largest: f32,
    sum: f32,
    count: u32,
}

impl LogMeanExp {
    /// Of no values yet.
    pub const fn new() -> Self {
        LogMeanExp { largest: f32::NEG_INFINITY, sum: 0.0, count: 0 }
    }

    /// Takes in one value.
    pub fn push(&mut self, v: f32) {
        if v > self.largest {
            self.sum = self.sum * exp(self.largest - v) + 1.0;
            self.largest = v;
        } else {
            self.sum += exp(v - self.largest);
        }
        self.count += 1;
    }

    /// The result; minus infinity for no values.
    pub fn value(&self) -> f32 {
        self.largest + ln(self.sum / self.count.max(1) as f32)
    }
}

impl Default for LogMeanExp {
    fn default() -> Self {
        Self::new()
    }
}
