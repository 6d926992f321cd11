//! The bound of every row, on all threads.

use crate::driver::share_of;
use crate::kernels::Desktop;
use crate::measure::{Rows, Unfinished, Work, padded};
use crate::memory::{Aligned, LINE};
use crate::network::{Model, NumbersName, SplitRows};
use arm_core::estimator::{Arm, Estimator};
use arm_core::kernels::{Integer, NatsOf, WeightOf};
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{Batch, Engine, Error, Estimates, Total};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Rows of samples evaluated together: enough for the kernels, few enough for the cache.
const ROWS: usize = 128;

/// Examples that a thread takes at a time.
const SHARE: usize = 256;

/// The importance-weighted bound of -log p(x) with `samples` samples for every one of `rows`, in nats (Burda, Grosse
/// & Salakhutdinov, ICLR 2016). With one sample it is the -ELBO. For a conditional network it is the bound of -log p(y | x).
///
/// The uniforms of a row follow from the engine's seed, `address`, `samples` and the number of the row in its table (or its
/// [content](Rows::by_content)), so its value does not depend on `threads`, nor on `peers`, among which the rows are divided,
/// nor on which other rows are measured. Cost: one pass through the network for each sample.
pub fn bound<K, E>(
    engine: &Engine<'_, K, E>,
    params: &[WeightOf<K>],
    rows: Rows<'_>,
    samples: usize,
    address: u64,
    work: &mut Work<'_>,
) -> Result<Vec<f32>, Unfinished>
where
    K: Estimates + Clone + Send,
    E: Estimator + Clone + Send,
    Vae: Objective<K>,
    Conditional: Objective<K>,
{
    if samples == 0 || rows.count() == 0 {
        return Err(Error::Setting.into());
    }
    let (threads, peers) = (work.threads, work.peers);
    let words = rows.words(0..rows.count());
    let split = SplitRows::new(&engine.shape(), &words, rows.table().cols());
    let pass = Pass::<K> { params, rows, split, samples, address };
    let mut values = vec![0f32; rows.count()];
    let own = share_of(peers, values.len());
    let shares = Mutex::new(values[own.clone()].chunks_mut(SHARE).enumerate());
    let left = AtomicBool::new(false);
    let run = |engine: &Engine<'_, K, E>, leave: &mut dyn FnMut() -> bool| loop {
        let next = shares.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((i, out)) = next.filter(|_| !left.load(Ordering::Relaxed)) else { return Ok(()) };
        let first = own.start + i * SHARE;
        match engine.shape().is_conditional() {
            true => pass.part(engine, Conditional, first, out, leave)?,
            false => pass.part(engine, Vae, first, out, leave)?,
        }
    };
    let (run, left) = (&run, &left);
    thread::scope(|scope| {
        // A thread that cannot be had is done without: this one takes its shares.
        let spawn = |_| {
            // Its own engine: kernels may count what they meet.
            let engine = engine.clone();
            let leave = || left.load(Ordering::Relaxed);
            thread::Builder::new().spawn_scoped(scope, move || run(&engine, &mut { leave })).ok()
        };
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut asked = || {
            let leaves = work.leaves();
            left.fetch_or(leaves, Ordering::Relaxed) || leaves
        };
        let result = run(engine, &mut asked);
        others.into_iter().fold(result, |r, w| r.and(w.join().unwrap_or(Err(Error::Unsupported))))
    })?;
    if left.load(Ordering::Relaxed) {
        return Err(Unfinished::Left);
    }
    if let Some(peers) = peers {
        peers.sum(&mut values);
    }
    Ok(values)
}

/// [`bound`] of a model in its own numbers, with uniforms from `seed`.
pub fn bound_of(
    model: &Model,
    seed: u64,
    rows: Rows<'_>,
    samples: usize,
    address: u64,
    work: &mut Work<'_>,
) -> Result<Vec<f32>, Unfinished> {
    let shape = model.network.shape();
    match model.numbers {
        NumbersName::F32 => {
            let engine = Engine::new(shape.padded(LINE), Desktop::new(), Arm, seed)?;
            bound(&engine, padded(model).floats(), rows, samples, address, work)
        }
        NumbersName::I16 => {
            let engine = Engine::new(shape, Integer::default(), Arm, seed)?;
            bound(&engine, &model.integers(), rows, samples, address, work)
        }
    }
}

/// What all threads read.
struct Pass<'a, K: Estimates> {
    params: &'a [WeightOf<K>],
    rows: Rows<'a>,
    split: SplitRows<'a>,
    samples: usize,
    address: u64,
}

impl<K: Estimates> Pass<'_, K> {
    /// The rows `first..first + out.len()` of those that are measured, as far as nobody wants to leave.
    fn part<E: Estimator, M: Objective<K>>(
        &self,
        engine: &Engine<'_, K, E>,
        mut objective: M,
        first: usize,
        out: &mut [f32],
        leave: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        let Pass { params, rows, ref split, samples, address } = *self;
        let block = samples.min(ROWS);
        // The engine takes the numbers of rows that are evaluated together to follow each other.
        let together = if rows.in_order() { (ROWS / block).max(1) } else { 1 };
        let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(together, block));
        // Enough for floats is enough for shorter numbers.
        let mut f = vec![NatsOf::<K>::default(); together * block];
        for (k, out) in out.chunks_mut(together).enumerate() {
            let at = first + k * together;
            let (x, y) = (split.x(at..at + out.len()), split.y(at..at + out.len()));
            let mut sums: Vec<K::Total> = out.iter().map(|_| K::Total::default()).collect();
            for start in (0..samples).step_by(block) {
                if leave() {
                    return Ok(());
                }
                let count = block.min(samples - start);
                let step = address << 32 | (start / block) as u64;
                let batch = Batch { y, ..Batch::new(x, out.len(), rows.address(at), step) };
                let f = &mut f[..out.len() * count];
                engine.evaluate(&mut objective, params, batch, count, scratch.words_mut(), f)?;
                for (sum, f) in sums.iter_mut().zip(f.chunks(count)) {
                    f.iter().for_each(|f| sum.push(-*f));
                }
            }
            for (out, sum) in out.iter_mut().zip(&sums) {
                *out = -sum.value();
            }
        }
        Ok(())
    }
}
