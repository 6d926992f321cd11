//! Training steps on all threads: the two phases of [`Engine`], each split over a [`Pool`].
//!
//! First every thread takes a contiguous share of the examples, then, unless a share was refused, contiguous rows of
//! every layer. Uniforms are addressed by the example and sums over examples run in order, so the parameters have the
//! same bits for any number of threads.

use crate::kernels::{Desktop, Soon};
use crate::memory::{Aligned, LINE};
use crate::network::copy_rows;
use crate::pool::Pool;
use arm_core::estimator::Estimator;
use arm_core::init::glorot;
use arm_core::kernels::Kernels;
use arm_core::matrix::BitMatrix;
use arm_core::objective::Objective;
use arm_core::optim::{Optimiser, Rule};
use arm_core::{Batch, Block, Engine, Error, Shape, Shard};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

mod distributed;
pub mod mpi;
mod peers;
mod threads;

pub use peers::{Peers, same, share_of};
use threads::Choice;
pub use threads::Threads;

/// Rows of gradient that are computed at a time.
const ROOM: usize = 26;

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
    rooms: Vec<Aligned>,
    pool: Pool,
    peers: Option<&'s dyn Peers>,
    /// The gradient of this process, when there are others.
    gradient: Aligned,
    steps: u64,
}

/// A batch split over some threads.
#[derive(Debug)]
struct Split<M> {
    shares: Vec<Mutex<Share<M>>>,
    /// What the second phase reads of the whole batch, put together from the shares of several threads.
    record: Aligned,
}

/// A thread's share of the examples.
#[derive(Debug)]
struct Share<M> {
    objective: M,
    scratch: Aligned,
    f: Vec<f32>,
    result: Result<(), Error>,
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
            record: Aligned::default(),
        };
        let splits = choice.counts().iter().map(split).collect();
        Ok(Driver {
            engine,
            optimisers: vec![rule; shape.dense_layers()],
            params,
            moments: Aligned::zeroed(Rule::MOMENTS * shape.params()),
            splits,
            choice,
            rooms: vec![Aligned::zeroed(ROOM * shape.max_stride()); pool.threads()],
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
    pub fn set_shared(&mut self, shared: bool) {
        self.engine.shared = shared;
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

    /// What an evaluation on the same threads needs.
    pub fn parts(&mut self) -> (&Engine<'s, Desktop, E>, &[f32], &mut Pool) {
        (&self.engine, self.params.floats(), &mut self.pool)
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
        self.engine.kernels = self.engine.kernels.shared(threads > 1);
        let share = share_of(self.peers, examples);
        let batches = deal(x, y, share.clone(), self.steps, threads);
        let result = self.examples(&batches);
        let sum = match self.peers {
            Some(peers) => {
                let sum = self.agree(peers, result, &batches, share.start, examples)?;
                self.update_together(peers, threads, &batches, examples);
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

    /// What the estimator learns from the `total` examples of all processes, of which those from `first` on are in
    /// `batches`.
    fn learn(&mut self, batches: &[Batch<'_>], first: usize, total: usize) {
        let record = self.engine.statistics_per_example();
        let mut records = vec![0.0; total * record];
        let mut rest = &mut records[first * record..];
        for (share, batch) in self.splits[self.choice.at()].shares.iter_mut().zip(batches) {
            let own = self.engine.statistics(batch.examples, get(share).scratch.words());
            let out = rest.split_off_mut(..own.len()).unwrap_or_default();
            out.copy_from_slice(own);
        }
        if let Some(peers) = self.peers {
            peers.sum(&mut records);
        }
        self.engine.learn(self.steps, &records);
    }

    /// The first phase.
    fn examples(&mut self, batches: &[Batch<'_>]) -> Result<(), Error> {
        let (engine, params) = (&self.engine, self.params.floats());
        let Split { shares, record } = &mut self.splits[self.choice.at()];
        let pieces = if batches.len() > 1 && self.peers.is_none() {
            let words = engine.trace_words(batches.iter().map(|b| b.examples).sum());
            if record.len() != words {
                *record = Aligned::zeroed(words);
            }
            pieces(engine, batches, record.words_mut())
        } else {
            vec![]
        };
        self.pool.run(batches.len(), &|t| {
            let batch = batches[t];
            let mut share = shares[t].lock().unwrap_or_else(PoisonError::into_inner);
            let Share { objective, scratch, f, result } = &mut *share;
            if f.len() != batch.examples {
                // Padding lies elsewhere now, and must be zero.
                *scratch = Aligned::zeroed(engine.training_scratch(batch.examples));
                *f = vec![0.0; batch.examples];
            }
            *result = engine.examples(objective, params, batch, scratch.words_mut(), f);
            if let Some(pieces) = pieces.get(t) {
                let mut pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner);
                let record: &[f32] = scratch.floats();
                let ranges = engine.trace_ranges(batch.examples).map(|range| &record[range]);
                engine.kernels.publish(ranges.zip(pieces.iter_mut().map(|piece| &mut **piece)));
            }
        });
        shares.iter_mut().take(batches.len()).try_for_each(|share| get(share).result)
    }

    /// The second phase.
    fn update(
        &mut self,
        x: BitMatrix<'_>,
        threads: usize,
        batches: &[Batch<'_>],
        total: usize,
    ) -> Result<(), Error> {
        let Split { shares, record } = &mut self.splits[self.choice.at()];
        let shards = match batches {
            [_] => shards(shares, batches),
            _ => vec![Shard { batch: Batch::new(x, total, 0, self.steps), scratch: record.words() }],
        };
        // The next step begins with them, and other threads then have just written some of them.
        let soon = Soon::new(&self.params.floats()[..self.engine.shape().dense(0).len()]);
        let parameters = with_moments(&mut self.params, &mut self.moments);
        let blocks = blocks(&self.engine.shape(), parameters, threads);
        let rooms = self.rooms.iter_mut();
        let work: Vec<_> = blocks.into_iter().zip(rooms).map(|w| Mutex::new((w, Ok(())))).collect();
        let (engine, optimisers, step) = (&self.engine, &self.optimisers, self.steps);
        self.pool.run(threads, &|t| {
            let mut work = work[t].lock().unwrap_or_else(PoisonError::into_inner);
            let ((blocks, room), result) = &mut *work;
            let last = blocks.len().wrapping_sub(1);
            *result = blocks.drain(..).enumerate().try_for_each(|(i, block)| {
                if i == last && threads > 1 {
                    soon.leave();
                }
                let room = room_for(&block, engine.shape().dense(block.layer).stride, room.floats_mut());
                engine.update(&optimisers[block.layer], step, &shards, total, block, room)
            });
            Soon::take_back();
        });
        work.into_iter().try_for_each(|work| work.into_inner().unwrap_or_else(PoisonError::into_inner).1)
    }
}

/// Bytes of all that a [`Driver`] with this engine keeps, whose shape has rows padded to [`LINE`] floats, shared with
/// other processes or not; `usize::MAX` where that is more than can be counted.
pub(crate) fn memory<E: Estimator>(
    engine: &Engine<'_, Desktop, E>,
    batch: usize,
    threads: Threads,
    shared: bool,
) -> usize {
    if engine.training_scratch(batch) == usize::MAX {
        return usize::MAX;
    }
    let split = |&threads: &usize| {
        let scratch = sizes(batch, threads).map(|examples| engine.training_scratch(examples));
        let record = if threads.min(batch) > 1 && !shared { engine.trace_words(batch) } else { 0 };
        scratch.fold(record, usize::saturating_add)
    };
    let shape = engine.shape();
    let copies = 1 + Rule::MOMENTS + usize::from(shared);
    let fixed = copies * shape.params() + threads.most() * ROOM * shape.max_stride();
    let choice = Choice::new(threads, threads.most());
    choice.counts().iter().map(split).fold(fixed, usize::saturating_add).saturating_mul(size_of::<f32>())
}

/// Examples of each thread's share of a batch.
fn sizes(batch: usize, threads: usize) -> impl Iterator<Item = usize> {
    let batches = deal(BitMatrix::NONE, BitMatrix::NONE, 0..batch, 0, threads);
    (0..threads).map(move |t| batches.get(t).map_or(0, |b| b.examples))
}

/// Exclusive access to what the threads have left.
fn get<T>(shared: &mut Mutex<T>) -> &mut T {
    shared.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// What the second phase reads of the shares.
fn shards<'a, M>(threads: &'a mut [Mutex<Share<M>>], batches: &[Batch<'a>]) -> Vec<Shard<'a>> {
    let shard =
        |(share, &batch): (&'a mut Mutex<Share<M>>, _)| Shard { batch, scratch: get(share).scratch.words() };
    threads.iter_mut().zip(batches).map(shard).collect()
}

/// Where each share of the batch writes its record in that of the whole.
fn pieces<'a, K: Kernels, E: Estimator>(
    engine: &Engine<'_, K, E>,
    batches: &[Batch<'_>],
    record: &'a mut [u32],
) -> Vec<Mutex<Vec<&'a mut [f32]>>> {
    let total = batches.iter().map(|b| b.examples).sum();
    let mut shares: Vec<_> = batches.iter().map(|b| (engine.trace_ranges(b.examples), vec![])).collect();
    let (mut rest, mut at) = (bytemuck::cast_slice_mut(record), 0);
    for whole in engine.trace_ranges(total) {
        let _ = rest.split_off_mut(..whole.start - at);
        at = whole.end;
        for (ranges, pieces) in &mut shares {
            let size = ranges.next().map_or(0, |range| range.len());
            pieces.push(rest.split_off_mut(..size).unwrap_or_default());
        }
    }
    shares.into_iter().map(|(_, pieces)| Mutex::new(pieces)).collect()
}

/// The parameters and their two moments.
fn with_moments<'a>(params: &'a mut Aligned, moments: &'a mut Aligned) -> [&'a mut [f32]; 3] {
    let (first, second) = moments.floats_mut().split_at_mut(params.len());
    [params.floats_mut(), first, second]
}

/// These examples of the batch in at most `shares` contiguous shares.
fn deal<'a>(
    x: BitMatrix<'a>,
    y: BitMatrix<'a>,
    of: Range<usize>,
    step: u64,
    shares: usize,
) -> Vec<Batch<'a>> {
    let (start, examples) = (of.start, of.len());
    let shares = shares.min(examples);
    let share = |k: usize| {
        let (first, end) = (start + examples * k / shares, start + examples * (k + 1) / shares);
        let rows = |bits: BitMatrix<'a>| {
            let data = bits.data().get(first * bits.stride()..end * bits.stride()).unwrap_or_default();
            BitMatrix::new(data, bits.cols())
        };
        Batch { y: rows(y), ..Batch::new(rows(x), end - first, first as u64, step) }
    };
    (0..shares).map(share).collect()
}

/// Contiguous rows of every layer for each thread, out of the parameters and their two moments (or empty slices).
fn blocks<'a>(shape: &Shape<'_>, mut rest: [&'a mut [f32]; 3], threads: usize) -> Vec<Vec<Block<'a>>> {
    let mut all: Vec<_> = (0..threads).map(|_| Vec::with_capacity(shape.dense_layers())).collect();
    for layer in 0..shape.dense_layers() {
        let dense = shape.dense(layer);
        for (t, blocks) in all.iter_mut().enumerate() {
            let (first, end) = (dense.rows() * t / threads, dense.rows() * (t + 1) / threads);
            let [weights, first_moment, second_moment] = rest.each_mut().map(|rest| {
                let n = rest.len().min((end - first) * dense.stride);
                rest.split_off_mut(..n).unwrap_or_default()
            });
            if first < end {
                blocks.push(Block { layer, first, weights, first_moment, second_moment });
            }
        }
    }
    all
}

/// As much of `room` as cuts the rows of a block into even parts.
fn room_for<'a>(block: &Block<'_>, stride: usize, room: &'a mut [f32]) -> &'a mut [f32] {
    let (rows, most) = (block.weights.len() / stride, room.len() / stride);
    let rows = rows.div_ceil(rows.div_ceil(most.min(ROOM)));
    &mut room[..rows * stride]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Level;
    use arm_core::estimator::{Arm, Rloo};
    use arm_core::objective::Vae;
    use arm_core::optim::{Adam, Momentum, Sgd};
    use arm_core::rng::{Purpose, Stream};
    use arm_core::{Layer, Prior};

    const ENCODER: [Layer; 3] = [Layer::hidden(37, 0.1), Layer::bernoulli(33), Layer::bernoulli(18)];
    const DECODER: [Layer; 3] = [Layer::bernoulli(33), Layer::hidden(21, 0.1), Layer::bernoulli(70)];
    const SHAPE: Shape<'static> = Shape::vae(70, &ENCODER, &DECODER, Prior::Learned);

    fn batch(rows: usize, step: u64) -> Vec<u32> {
        let mut rng = Stream::new(5, Purpose::Initial, step, 0, 0);
        let mut words = vec![0; rows * 3];
        for row in words.chunks_mut(3) {
            for i in 0..70 {
                row[i / 32] |= u32::from(rng.uniform() < 0.3) << (i % 32);
            }
        }
        words
    }

    /// Bits of the parameters and of f after a few steps of `rows`, 3 and again `rows` examples.
    fn trained<E, O>(estimator: E, optimiser: O, kernels: Desktop, rows: usize, threads: usize) -> Vec<u32>
    where
        E: Estimator + Sync,
        O: Optimiser,
    {
        let mut driver = Driver::new(SHAPE, estimator, Vae, optimiser, 1, rows, threads).unwrap();
        driver.set_kernels(kernels);
        let mut bits = vec![];
        for step in 0..8 {
            let rows = if step == 4 { 3 } else { rows };
            let words = batch(rows, step);
            bits.push(driver.step(BitMatrix::new(&words, 70), rows).unwrap().to_bits());
        }
        bits.extend(driver.params().iter().map(|p| p.to_bits()));
        bits
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
            for rows in [1, 7, 50] {
                let arm = trained(Arm, Adam::new(1e-2), kernels, rows, 1);
                let momentum = Momentum { rate: 0.01, momentum: 0.9 };
                let rloo = trained(Rloo { samples: 3 }, momentum, kernels, rows, 1);
                let sgd = trained(Arm, Sgd { rate: 0.01 }, kernels, rows, 1);
                assert!(arm != rloo && arm != sgd);
                for threads in [2, 3, 5] {
                    assert_eq!(trained(Arm, Adam::new(1e-2), kernels, rows, threads), arm);
                    assert_eq!(trained(Rloo { samples: 3 }, momentum, kernels, rows, threads), rloo);
                    assert_eq!(trained(Arm, Sgd { rate: 0.01 }, kernels, rows, threads), sgd);
                }
            }
        }
    }

    #[test]
    fn memory_is_what_a_driver_keeps() {
        for (batch, threads) in [(7, Threads::Fixed(1)), (1, Threads::Fixed(2)), (50, Threads::Measured(3))] {
            let mut driver =
                Driver::new(SHAPE, Rloo { samples: 3 }, Vae, Adam::new(1e-2), 1, batch, threads).unwrap();
            // Each number of threads makes its record when it is first used.
            let words = self::batch(batch, 0);
            for _ in 0..5000 {
                driver.step(BitMatrix::new(&words, 70), batch).unwrap();
                let made = |s: &Split<Vae>| s.shares.len().min(batch) == 1 || !s.record.is_empty();
                if driver.splits.iter().all(made) {
                    break;
                }
            }
            let splits = driver.splits.iter_mut();
            let scratch = splits.map(|split| {
                split.record.len() + split.shares.iter_mut().map(|s| get(s).scratch.len()).sum::<usize>()
            });
            let scratch: usize = scratch.sum();
            let rooms: usize = driver.rooms.iter().map(Aligned::len).sum();
            let floats = driver.params.len() + driver.moments.len() + scratch + rooms;
            assert_eq!(memory(&driver.engine, batch, threads, false), 4 * floats, "{batch} {threads}");
            let gradient = driver.params.len();
            if threads == Threads::Fixed(1) {
                assert_eq!(memory(&driver.engine, batch, threads, true), 4 * (floats + gradient));
            }
        }
    }

    #[test]
    fn a_refused_step_changes_nothing() {
        let mut driver = Driver::new(SHAPE, Arm, Vae, Adam::new(1e-2), 1, 4, 2).unwrap();
        let words = batch(4, 0);
        let x = BitMatrix::new(&words, 70);
        driver.step(x, 4).unwrap();
        driver.params_mut()[0] = f32::INFINITY;
        let before = (driver.params().to_vec(), driver.moments().to_vec());
        assert!(driver.step(x, 4).is_err());
        assert!(driver.step(x, 5).is_err());
        assert!(driver.step(BitMatrix::new(&words, 69), 4).is_err());
        assert_eq!((driver.params(), driver.moments(), driver.steps()), (&before.0[..], &before.1[..], 1));
        driver.params_mut()[0] = 0.0;
        driver.step(x, 4).unwrap();
    }

    #[test]
    fn the_bound_improves() {
        let mut driver = Driver::new(SHAPE, Arm, Vae, Adam::new(1e-2), 1, 20, 2).unwrap();
        let words = batch(20, 0);
        let x = BitMatrix::new(&words, 70);
        let first = driver.step(x, 20).unwrap();
        let last = (0..600).map(|_| driver.step(x, 20).unwrap()).last().unwrap();
        assert!(last < 0.8 * first, "{first} {last}");
    }
}
