//! -ELBO and the importance-weighted bound of rows of a table, on all threads, and what they come to.

use crate::driver::{Peers, share_of};
use crate::kernels::Desktop;
use crate::measure::rows::Rows;
use crate::memory::{Aligned, LINE};
use crate::network::{Model, NumbersName, SplitRows};
use arm_core::estimator::{Arm, Estimator};
use arm_core::kernels::{Integer, NatsOf, WeightOf};
use arm_core::objective::{Conditional, Objective, Vae};
use arm_core::{Batch, Engine, Error, Estimates, Total};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Rows of samples evaluated together: enough for the kernels, few enough for the cache.
const ROWS: usize = 128;

/// Domains of evaluation addresses; validation uses the epoch.
pub(crate) const TEST: u64 = 1 << 30;

/// The figures of a trained model on rows of a split, in nats, with their standard errors: over the rows, as
/// [`Mean::error`]. Runs of older versions have none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// -ELBO, one sample an image.
    pub neg_elbo: f64,
    /// Standard error of `neg_elbo`.
    #[serde(default)]
    pub neg_elbo_standard_error: Option<f64>,
    /// Importance-weighted bound of -log p(x).
    pub nll: f64,
    /// Standard error of `nll`.
    #[serde(default)]
    pub nll_standard_error: Option<f64>,
    /// Samples K of that bound.
    pub nll_samples: usize,
    /// Images that both were computed for.
    pub images: usize,
}

/// A mean over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean; NaN of no examples.
    pub value: f64,
    /// Its standard error: the standard deviation over examples, divided by the square root of their number. One example
    /// has none.
    pub error: Option<f64>,
}

impl Mean {
    /// The mean of these values.
    pub fn of(values: &[f32]) -> Mean {
        let n = values.len() as f64;
        let value = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let squares: f64 = values.iter().map(|&v| (f64::from(v) - value).powi(2)).sum();
        Mean { value, error: (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()) }
    }
}

/// What a model makes of every one of some rows, in nats.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// -ELBO with one sample.
    pub neg_elbo: Vec<f32>,
    /// Importance-weighted bound of -log p(x), or of -log p(y | x) for a conditional network.
    pub nll: Vec<f32>,
    /// Samples K of that bound.
    pub nll_samples: usize,
}

impl Scores {
    /// Both bounds of `rows`, with the samples of the final figures: [`bound`] says on what they depend and what they cost.
    pub fn of<K, E>(
        engine: &Engine<'_, K, E>,
        params: &[WeightOf<K>],
        rows: Rows<'_>,
        nll_samples: usize,
        threads: usize,
        peers: Option<&dyn Peers>,
    ) -> Result<Scores, Error>
    where
        K: Estimates + Clone + Send,
        E: Estimator + Clone + Send,
        Vae: Objective<K>,
        Conditional: Objective<K>,
    {
        let with = |samples| bound(engine, params, rows, samples, TEST, threads, peers);
        Ok(Scores { neg_elbo: with(1)?, nll: with(nll_samples)?, nll_samples })
    }

    /// [`of`](Self::of) a model in its own numbers, with uniforms from `seed`.
    pub fn of_model(
        model: &Model,
        seed: u64,
        rows: Rows<'_>,
        nll_samples: usize,
        threads: usize,
        peers: Option<&dyn Peers>,
    ) -> Result<Scores, Error> {
        let work = Work { threads, peers, leave: &mut || false };
        let scores = Scores::of_model_by(model, seed, rows, nll_samples, work)?;
        Ok(scores.unwrap_or(Scores { neg_elbo: vec![], nll: vec![], nll_samples }))
    }

    /// [`of_model`](Self::of_model), unless it is left: then `None`.
    pub fn of_model_by(
        model: &Model,
        seed: u64,
        rows: Rows<'_>,
        nll_samples: usize,
        work: Work<'_>,
    ) -> Result<Option<Scores>, Error> {
        let Work { threads, peers, leave } = work;
        let mut with = |samples| {
            let work = Work { threads, peers, leave: &mut *leave };
            bound_of(model, seed, rows, samples, TEST, work)
        };
        let Some(neg_elbo) = with(1)? else { return Ok(None) };
        Ok(with(nll_samples)?.map(|nll| Scores { neg_elbo, nll, nll_samples }))
    }

    /// Their means.
    pub fn figures(&self) -> Figures {
        let (neg_elbo, nll) = (Mean::of(&self.neg_elbo), Mean::of(&self.nll));
        Figures {
            neg_elbo: neg_elbo.value,
            neg_elbo_standard_error: neg_elbo.error,
            nll: nll.value,
            nll_standard_error: nll.error,
            nll_samples: self.nll_samples,
            images: self.nll.len(),
        }
    }
}

/// Who evaluates, and whether they go on.
pub struct Work<'a> {
    /// Threads.
    pub threads: usize,
    /// Other processes.
    pub peers: Option<&'a dyn Peers>,
    /// Asked by the calling thread every few milliseconds, of a network of usual size: whether to leave what is under way. With
    /// peers, who wait for each other, nobody is asked.
    pub leave: &'a mut dyn FnMut() -> bool,
}

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
    threads: usize,
    peers: Option<&dyn Peers>,
) -> Result<Vec<f32>, Error>
where
    K: Estimates + Clone + Send,
    E: Estimator + Clone + Send,
    Vae: Objective<K>,
    Conditional: Objective<K>,
{
    let values =
        bound_by(engine, params, rows, samples, address, Work { threads, peers, leave: &mut || false })?;
    Ok(values.unwrap_or_default())
}

/// [`bound`], unless it is left: then `None`.
fn bound_by<K, E>(
    engine: &Engine<'_, K, E>,
    params: &[WeightOf<K>],
    rows: Rows<'_>,
    samples: usize,
    address: u64,
    work: Work<'_>,
) -> Result<Option<Vec<f32>>, Error>
where
    K: Estimates + Clone + Send,
    E: Estimator + Clone + Send,
    Vae: Objective<K>,
    Conditional: Objective<K>,
{
    if samples == 0 || rows.count() == 0 {
        return Err(Error::Setting);
    }
    let Work { threads, peers, leave } = work;
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
            let leaves = peers.is_none() && leave();
            left.fetch_or(leaves, Ordering::Relaxed) || leaves
        };
        let result = run(engine, &mut asked);
        others.into_iter().fold(result, |r, w| r.and(w.join().unwrap_or(Err(Error::Unsupported))))
    })?;
    if left.load(Ordering::Relaxed) {
        return Ok(None);
    }
    if let Some(peers) = peers {
        peers.sum(&mut values);
    }
    Ok(Some(values))
}

/// [`bound`] of a model in its own numbers, with uniforms from `seed`; `None` where it was left.
pub fn bound_of(
    model: &Model,
    seed: u64,
    rows: Rows<'_>,
    samples: usize,
    address: u64,
    work: Work<'_>,
) -> Result<Option<Vec<f32>>, Error> {
    let shape = model.network.shape();
    match model.numbers {
        NumbersName::F32 => {
            let engine = Engine::new(shape.padded(LINE), Desktop::new(), Arm, seed)?;
            bound_by(&engine, model.padded(LINE).floats(), rows, samples, address, work)
        }
        NumbersName::I16 => {
            let engine = Engine::new(shape, Integer::default(), Arm, seed)?;
            bound_by(&engine, &model.integers(), rows, samples, address, work)
        }
    }
}

/// Examples that a thread takes at a time.
const SHARE: usize = 256;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::BitTable;
    use crate::kernels::Desktop;
    use crate::memory::LINE;
    use crate::network::model::cases::model;
    use arm_core::estimator::Arm;

    #[test]
    fn a_mean_has_its_standard_error() {
        // Deviations -3, -1, 1, 3: variance 20 / 3, of the mean 5 / 3.
        assert_eq!(Mean::of(&[1.0, 3.0, 5.0, 7.0]), Mean { value: 4.0, error: Some((5f64 / 3.0).sqrt()) });
        assert_eq!(Mean::of(&[2.0, 2.0]), Mean { value: 2.0, error: Some(0.0) });
        assert_eq!(Mean::of(&[2.5]), Mean { value: 2.5, error: None });
        assert!(Mean::of(&[]).value.is_nan());
    }

    /// 700 rows of 40 bits: several shares.
    fn table() -> BitTable {
        let bytes: Vec<u8> = (0..700 * 40u32)
            .map(|i| (i.wrapping_mul(0x9e37_79b9) >> 31) as u8 & u8::from(i % 3 > 0))
            .collect();
        BitTable::from_bytes(40, &bytes).unwrap()
    }

    /// A learner's arithmetic, on several threads: the bound of a row is that of the rounded parameters within what is rounded
    /// on the way.
    #[test]
    fn a_model_in_integers_is_measured_in_integers() {
        let (table, (short, _)) = (table(), model().rounded().unwrap());
        let of = |model: &Model, k, threads| {
            Scores::of_model(model, 3, Rows::all(&table), k, threads, None).unwrap()
        };
        let float = Model { numbers: NumbersName::F32, ..short.clone() };
        for k in [1, 20] {
            let (integer, float) = (of(&short, k, 1), of(&float, k, 1));
            assert_eq!(of(&short, k, 3), integer, "K = {k}");
            assert_ne!(integer.nll, float.nll);
            let apart = |f: fn(&Scores) -> &[f32]| {
                let differences: Vec<f32> =
                    f(&integer).iter().zip(f(&float)).map(|(i, f)| (i - f).abs()).collect();
                Mean::of(&differences).value
            };
            // A logit is rounded to 2^-12, an activation below it to 2^-9: of six with weights up to 1 that is below 2^-6, with
            // one sign or the other in forty units. Uniforms have 16 bits instead of 23, so a few rows draw other samples.
            assert!(apart(|s| &s.nll) < 0.05 && apart(|s| &s.neg_elbo) < 0.05);
        }
    }

    #[test]
    fn what_is_left_has_no_scores_and_ends_soon() {
        let model = model();
        let table = BitTable::from_words(300, 40, table().words()[..600].to_vec());
        // Of each row with one sample, and with two blocks of them.
        let blocks = 300 + 300 * 2;
        for (threads, asked) in [(1, 3), (2, 3), (1, 400), (1, blocks), (1, blocks + 1)] {
            let mut left = asked;
            let mut leave = || {
                left = usize::max(left, 1) - 1;
                left == 0
            };
            let work = Work { threads, peers: None, leave: &mut leave };
            let scores = Scores::of_model_by(&model, 3, Rows::by_content(&table), 130, work).unwrap();
            assert_eq!(scores.is_some(), asked > blocks, "{threads} {asked}");
            assert_eq!(left, usize::from(asked > blocks));
        }
    }

    #[test]
    fn a_row_has_its_score_whichever_others_are_measured() {
        let (table, model) = (table(), model());
        let engine = Engine::new(model.network.shape().padded(LINE), Desktop::new(), Arm, 3).unwrap();
        let params = model.padded(LINE);
        let of = |rows, k, threads| Scores::of(&engine, params.floats(), rows, k, threads, None).unwrap();
        for k in [1, 5, 200] {
            let all = of(Rows::all(&table), k, 1);
            assert_eq!(of(Rows::all(&table), k, 3), all, "K = {k}");
            let rows = Rows::spread(&table, 300);
            let some = of(rows, k, 2);
            let picked = |all: &[f32]| (0..300).map(|i| all[rows.index(i)]).collect::<Vec<_>>();
            assert_eq!(some.neg_elbo, picked(&all.neg_elbo), "K = {k}");
            assert_eq!(some.nll, picked(&all.nll), "K = {k}");
            assert_eq!(Scores::of_model(&model, 3, Rows::all(&table), k, 2, None), Ok(all));
            let figures = some.figures();
            assert_eq!((figures.images, figures.nll_samples), (300, k));
            assert_eq!(Mean { value: figures.nll, error: figures.nll_standard_error }, Mean::of(&some.nll));
        }
    }
}
