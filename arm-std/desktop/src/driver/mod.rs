//! Training steps on all threads: the two phases of [`Engine`], each split over a [`Pool`].
//!
//! First every thread takes a contiguous share of the examples, then, unless a share was refused, contiguous rows of
//! every layer. Uniforms are addressed by the example and sums over examples run in order, so the parameters have the
//! same bits for any number of threads.

use crate::kernels::Desktop;
use crate::memory::{Aligned, LINE};
use crate::network::copy_rows;
use crate::pool::Pool;
use arm_core::estimator::Estimator;
use arm_core::init::glorot;
use arm_core::matrix::BitMatrix;
use arm_core::objective::Objective;
use arm_core::optim::{Optimiser, Rule};
use arm_core::{Engine, Error, Shape};
use std::sync::Mutex;

mod distributed;
mod integer;
mod memory;
pub mod mpi;
mod peers;
mod phases;
mod share;
mod threads;

pub use integer::IntegerDriver;
pub(crate) use memory::{integer_memory, memory};
pub use peers::{Peers, same, share_of};
pub use threads::Threads;

use share::{Share, Split, deal, get, sizes};
use threads::Choice;

/// Rows of gradient that are computed at a time.
const GRADIENT_ROWS: usize = 26;

/// A model in training: parameters, moments, scratch and threads.
#[derive(Debug)]
pub struct Driver<'s, E, M> {
    engine: Engine<'s, Desktop, E>,
    /// That of each dense layer.
    optimisers: Vec<Rule>,
    params: Aligned,
    moments: Aligned,
    /// One for each number of threads that may be chosen.
    splits: Vec<Split<M>>,
    choice: Choice,
    gradient_buffers: Vec<Aligned>,
    pool: Pool,
    peers: Option<&'s dyn Peers>,
    /// The gradient of this process, when there are others.
    gradient: Aligned,
    steps: u64,
}

impl<'s, E, M> Driver<'s, E, M>
where
    E: Estimator + Sync,
    M: Objective<Desktop> + Clone + Send,
{
    /// A driver with fresh parameters drawn from `seed`, for steps of `batch` examples (others work too) on
    /// `threads`; every layer has the same optimiser. Errors: the shape, or a setting.
    pub fn new(
        shape: Shape<'s>,
        estimator: E,
        objective: M,
        optimiser: impl Optimiser,
        seed: u64,
        batch: usize,
        threads: impl Into<Threads>,
    ) -> Result<Self, Error> {
        let rule = optimiser.rule();
        rule.check()?;
        let shape = shape.padded(LINE);
        let engine = Engine::new(shape, Desktop::new(), estimator, seed)?;
        let mut params = Aligned::zeroed(shape.params());
        glorot(&shape, seed, params.floats_mut())?;
        let threads = threads.into();
        let pool = Pool::new(threads.most());
        let choice = Choice::new(threads, pool.threads());
        let share = |examples: usize| {
            let scratch = Aligned::zeroed(engine.training_scratch(examples));
            Mutex::new(Share {
                objective: objective.clone(),
                scratch,
                f: vec![0.0; examples],
                result: Ok(()),
            })
        };
        let split = |&threads: &usize| Split {
            shares: sizes(batch, threads).map(share).collect(),
            trace: Aligned::default(),
        };
        let splits = choice.counts().iter().map(split).collect();
        Ok(Driver {
            engine,
            optimisers: vec![rule; shape.dense_layers()],
            params,
            moments: Aligned::zeroed(Rule::MOMENTS * shape.params()),
            splits,
            choice,
            gradient_buffers: vec![Aligned::zeroed(GRADIENT_ROWS * shape.max_stride()); pool.threads()],
            pool,
            peers: None,
            gradient: Aligned::default(),
            steps: 0,
        })
    }

    /// Shares every step with other processes, which must have the same parameters and then take the same steps, each
    /// with the whole batch: it works on the examples of its share only.
    pub fn set_peers(&mut self, peers: &'s dyn Peers) {
        self.peers = Some(peers);
        self.gradient = Aligned::zeroed(self.params.len());
    }

    /// The engine; rows of its shape are padded to [`LINE`] floats.
    pub fn engine(&self) -> &Engine<'s, Desktop, E> {
        &self.engine
    }

    /// Other kernels than the widest of this CPU.
    pub fn set_kernels(&mut self, kernels: Desktop) {
        self.engine.kernels = kernels;
    }

    /// Whether the partner's upper layers share the sample's uniforms: see [`Engine`].
    pub fn set_share_uniforms(&mut self, share: bool) {
        self.engine.share_uniforms = share;
    }

    /// The engine, for the state of its estimator and for settings; its shape must not change.
    pub fn engine_mut(&mut self) -> &mut Engine<'s, Desktop, E> {
        &mut self.engine
    }

    /// The optimiser of each dense layer, for other settings or a schedule. They are checked at the next step.
    pub fn optimisers_mut(&mut self) -> &mut [Rule] {
        &mut self.optimisers
    }

    /// The parameters, in the layout of the padded shape.
    pub fn params(&self) -> &[f32] {
        self.params.floats()
    }

    /// The parameters without padding.
    pub fn unpadded(&self) -> Vec<f32> {
        let shape = self.engine.shape().padded(1);
        let mut params = vec![0.0; shape.params()];
        copy_rows(self.engine.shape(), self.params(), shape, &mut params);
        params
    }

    /// The parameters, writable; the padding must stay zero.
    pub fn params_mut(&mut self) -> &mut [f32] {
        self.params.floats_mut()
    }

    /// The moments: the first of every parameter, then the second, zero where a layer's optimiser has none.
    pub fn moments(&self) -> &[f32] {
        self.moments.floats()
    }

    /// The moments, writable; the padding must stay zero.
    pub fn moments_mut(&mut self) -> &mut [f32] {
        self.moments.floats_mut()
    }

    /// Steps taken, which is also the address of the next step's uniforms.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Goes on as after `steps` steps.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// One step on the rows of `x`, or, without input units, on `examples` examples. Returns the mean of f before it.
    /// Errors leave the model as it was.
    pub fn step(&mut self, x: BitMatrix<'_>, examples: usize) -> Result<f32, Error> {
        self.step_to(x, BitMatrix::NONE, examples)
    }

    /// [`step`](Self::step) of a conditional network, whose targets are the rows of `y`.
    pub fn step_to(&mut self, x: BitMatrix<'_>, y: BitMatrix<'_>, examples: usize) -> Result<f32, Error> {
        self.optimisers.iter().try_for_each(Rule::check)?;
        for bits in [x, y] {
            if examples == 0 || (bits.cols() > 0 && bits.height() != examples) {
                return Err(Error::Size { needed: examples.max(1), given: bits.height() });
            }
        }
        let started = self.choice.start();
        let threads = self.choice.counts()[self.choice.at()];
        self.engine.kernels =
            self.engine.kernels.streaming_stores(threads > 1).prefetching(self.prefetch_hint(threads));
        let share = share_of(self.peers, examples);
        let batches = deal(x, y, share.clone(), self.steps, threads);
        let result = self.examples(&batches);
        let sum = match self.peers {
            Some(peers) => {
                let sum = self.agree(peers, result, &batches, share.start, examples)?;
                self.update_distributed(peers, threads, &batches, examples);
                sum
            }
            None => {
                result?;
                self.update(x, threads, &batches, examples)?;
                let shares = self.splits[self.choice.at()].shares.iter_mut().take(batches.len());
                shares.flat_map(|share| &get(share).f).sum::<f32>()
            }
        };
        if self.engine.estimator.relaxation().is_some() {
            self.learn(&batches, share.start, examples);
        }
        let mean = sum / examples as f32;
        self.engine.observe(mean);
        self.steps += 1;
        if let Some(started) = started {
            self.choice.took(started.elapsed());
        }
        Ok(mean)
    }
}

#[cfg(test)]
mod tests;
