//! -ELBO and the importance-weighted bound over a table, on all threads.

use crate::cut::Cut;
use crate::data::BitTable;
use crate::memory::Aligned;
use crate::peers::{Peers, share_of};
use arm_core::estimator::Estimator;
use arm_core::kernels::Kernels;
use arm_core::learner::LogMeanExp;
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{Batch, Engine, Error};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Rows of samples evaluated together: enough for the kernels, few enough for the cache.
const ROWS: usize = 128;

/// The mean over examples of the importance-weighted bound of -log p(x) with `samples` samples, in nats (Burda, Grosse
/// & Salakhutdinov, ICLR 2016). With one sample it is the -ELBO. For a conditional network it is the bound of -log p(y | x).
///
/// The uniforms follow from the engine's seed, `address`, `samples` and the index of the example, so the value does not
/// depend on `threads`, nor on `peers`, among which the examples are divided. Cost: one pass through the network for each sample.
pub fn bound<K: Kernels + Sync, E: Estimator + Sync>(
    engine: &Engine<'_, K, E>,
    params: &[f32],
    table: &BitTable,
    samples: usize,
    address: u64,
    threads: usize,
    peers: Option<&dyn Peers>,
) -> Result<f64, Error> {
    if samples == 0 || table.rows() == 0 {
        return Err(Error::Setting);
    }
    let cut = Cut::new(&engine.shape(), table.words(), table.cols());
    let mut values = vec![0f32; table.rows()];
    let own = share_of(peers, values.len());
    let work = Mutex::new(values[own.clone()].chunks_mut(SHARE).enumerate());
    let run = || loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((i, out)) = next else { return Ok(()) };
        let first = own.start + i * SHARE;
        match engine.shape().is_conditional() {
            true => part(engine, Conditional, params, &cut, samples, address, first, out)?,
            false => part(engine, Vae, params, &cut, samples, address, first, out)?,
        }
    };
    thread::scope(|scope| {
        // A thread that cannot be had is done without: this one takes its shares.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let result = run();
        others.into_iter().fold(result, |r, w| r.and(w.join().unwrap_or(Err(Error::Unsupported))))
    })?;
    if let Some(peers) = peers {
        peers.sum(&mut values);
    }
    Ok(values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len() as f64)
}

/// Examples that a thread takes at a time.
const SHARE: usize = 256;

/// The examples `first..first + out.len()`.
#[allow(clippy::too_many_arguments)]
fn part<K: Kernels, E: Estimator, M: Objective<K>>(
    engine: &Engine<'_, K, E>,
    mut objective: M,
    params: &[f32],
    cut: &Cut<'_>,
    samples: usize,
    address: u64,
    first: usize,
    out: &mut [f32],
) -> Result<(), Error> {
    let block = samples.min(ROWS);
    let together = (ROWS / block).max(1);
    let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(together, block));
    let mut f = vec![0.0; together * block];
    for (k, out) in out.chunks_mut(together).enumerate() {
        let example = first + k * together;
        let rows = example..example + out.len();
        let (x, y) = (cut.x(rows.clone()), cut.y(rows));
        let mut sums = vec![LogMeanExp::new(); out.len()];
        for start in (0..samples).step_by(block) {
            let count = block.min(samples - start);
            let step = address << 32 | (start / block) as u64;
            let batch = Batch { y, ..Batch::new(x, out.len(), example as u64, step) };
            let f = &mut f[..out.len() * count];
            engine.evaluate(&mut objective, params, batch, count, scratch.words_mut(), f)?;
            for (sum, f) in sums.iter_mut().zip(f.chunks(count)) {
                f.iter().for_each(|f| sum.push(-f));
            }
        }
        for (out, sum) in out.iter_mut().zip(&sums) {
            *out = -sum.value();
        }
    }
    Ok(())
}
