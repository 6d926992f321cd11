//! A step that is shared with other processes.
//!
//! A process computes the gradient of its examples; the sums over all processes then go to the optimiser of each, which
//! keeps their parameters equal bit for bit. Only the order in which a gradient is added up differs from that of one
//! process.

use super::share::{blocks, get, shards, with_moments};
use super::{Driver, Peers};
use arm_core::estimator::Estimator;
use arm_core::{Batch, Error};
use std::sync::{Mutex, PoisonError};

/// What a process can be refused for that the others do not see.
const REFUSALS: [Error; 2] = [Error::Objective, Error::Diverged];

impl<E: Estimator + Sync, M: Send> Driver<'_, E, M> {
    /// Sums f of `total` examples, of which those from `first` on are in `batches`; an error anywhere is an error
    /// everywhere.
    pub(super) fn agree(
        &mut self,
        peers: &dyn Peers,
        own: Result<(), Error>,
        batches: &[Batch<'_>],
        first: usize,
        total: usize,
    ) -> Result<f32, Error> {
        let mut values = vec![0.0; total + REFUSALS.len()];
        let (f, refused) = values.split_at_mut(total);
        match own {
            Ok(()) => {
                let shares = self.splits[self.choice.at()].shares.iter_mut().take(batches.len());
                let own = shares.flat_map(|share| get(share).f.iter());
                f.iter_mut().skip(first).zip(own).for_each(|(f, own)| *f = *own);
            }
            Err(error) => refused[REFUSALS.iter().position(|&e| e == error).unwrap_or(0)] = 1.0,
        }
        peers.sum(&mut values);
        let (f, refused) = values.split_at(total);
        match refused.iter().position(|&count| count > 0.0) {
            Some(kind) => Err(own.err().unwrap_or(REFUSALS[kind])),
            None => Ok(f.iter().sum()),
        }
    }

    /// The second phase: the mean gradient over the `total` examples of all processes, then the optimiser.
    pub(super) fn update_distributed(
        &mut self,
        peers: &dyn Peers,
        threads: usize,
        batches: &[Batch<'_>],
        total: usize,
    ) {
        let shards = shards(&mut self.splits[self.choice.at()].shares, batches);
        let (engine, optimisers, step) = (&self.engine, &self.optimisers, self.steps);
        let gradient = blocks(&engine.shape(), [self.gradient.floats_mut(), &mut [], &mut []], threads);
        let work: Vec<_> = gradient.into_iter().map(Mutex::new).collect();
        self.pool.run(threads, &|t| {
            for block in &mut *work[t].lock().unwrap_or_else(PoisonError::into_inner) {
                block.weights.fill(0.0);
                engine.gradient(1.0 / total as f32, &shards, block.layer, block.first, block.weights);
            }
        });
        drop(work);
        peers.sum(self.gradient.floats_mut());
        let parameters = with_moments(&mut self.params, &mut self.moments);
        let parameters = blocks(&engine.shape(), parameters, threads);
        let gradient = blocks(&engine.shape(), [self.gradient.floats_mut(), &mut [], &mut []], threads);
        let work: Vec<_> = parameters.into_iter().zip(gradient).map(Mutex::new).collect();
        self.pool.run(threads, &|t| {
            let (parameters, gradient) = &mut *work[t].lock().unwrap_or_else(PoisonError::into_inner);
            for (p, g) in parameters.iter_mut().zip(gradient) {
                let (m, v) = (&mut *p.first_moment, &mut *p.second_moment);
                optimisers[p.layer].apply(&engine.kernels, step, g.weights, m, v, p.weights);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimators::{AnyEstimator, BaselineName, Choice, EstimatorName};
    use arm_core::objective::Vae;
    use arm_core::optim::{Adam, Optimiser, Sgd};
    use arm_core::rng::{Purpose, Stream};
    use arm_core::{BitMatrix, Layer, Prior, Shape};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    const ENCODER: [Layer; 2] = [Layer::hidden(37, 0.1), Layer::bernoulli(18)];
    const DECODER: [Layer; 2] = [Layer::hidden(21, 0.1), Layer::bernoulli(70)];
    const SHAPE: Shape<'static> = Shape::vae(70, &ENCODER, &DECODER, Prior::Fixed);

    /// Threads in place of processes. One that panics leaves its channels, and the others panic too.
    #[derive(Debug)]
    struct Threads {
        rank: usize,
        /// To each, from each.
        to: Vec<Sender<Vec<f32>>>,
        from: Vec<Mutex<Receiver<Vec<f32>>>>,
    }

    impl Threads {
        fn connected(count: usize) -> Vec<Self> {
            let new = |rank| Threads { rank, to: vec![], from: vec![] };
            let mut all: Vec<_> = (0..count).map(new).collect();
            for (from, to) in (0..count).flat_map(|from| (0..count).map(move |to| (from, to))) {
                let (sender, receiver) = channel();
                all[from].to.push(sender);
                all[to].from.push(Mutex::new(receiver));
            }
            all
        }
    }

    impl Peers for Threads {
        fn rank(&self) -> usize {
            self.rank
        }

        fn count(&self) -> usize {
            self.to.len()
        }

        fn sum(&self, values: &mut [f32]) {
            self.to.iter().for_each(|to| to.send(values.to_vec()).unwrap());
            values.fill(0.0);
            for from in &self.from {
                let given = from.lock().unwrap().recv().unwrap();
                values.iter_mut().zip(given).for_each(|(sum, v)| *sum += v);
            }
        }

        fn share(&self, _: &mut Vec<u8>) {
            unreachable!("a step does not share bytes");
        }

        fn abort(&self, _: u8) -> ! {
            unreachable!("a step does not end the others");
        }
    }

    fn arm() -> AnyEstimator {
        let choice = Choice { name: EstimatorName::Arm, samples: 2, baseline: BaselineName::None };
        choice.estimator(&SHAPE).unwrap()
    }

    fn batch(rows: usize, step: u64) -> Vec<u32> {
        let mut rng = Stream::new(5, Purpose::Initial, step, 0, 0);
        let mut words = vec![0; rows * 3];
        for row in words.chunks_mut(3) {
            (0..70).for_each(|i| row[i / 32] |= u32::from(rng.uniform() < 0.3) << (i % 32));
        }
        words
    }

    /// f of each step and the parameters of each process after `steps` steps of `rows` examples.
    fn trained<O: Optimiser + Copy + Sync + Send>(
        optimiser: O,
        count: usize,
        threads: usize,
        rows: usize,
        steps: u64,
    ) -> Vec<(Vec<f32>, Vec<f32>)> {
        let run = |peers: Threads| {
            let mut driver = Driver::new(SHAPE, arm(), Vae, optimiser, 1, rows, threads).unwrap();
            if count > 1 {
                driver.set_peers(&peers);
            }
            let step = |step| driver.step(BitMatrix::new(&batch(rows, step), 70), rows).unwrap();
            ((0..steps).map(step).collect(), driver.params().to_vec())
        };
        thread::scope(|scope| {
            let all = Threads::connected(count).into_iter();
            let runs: Vec<_> = all.map(|peers| scope.spawn(move || run(peers))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        })
    }

    #[test]
    fn processes_stay_equal_and_close_to_one() {
        for rows in [2, 24] {
            let one = &trained(Sgd { rate: 0.01 }, 1, 1, rows, 6)[0];
            for count in [2, 3] {
                let all = trained(Sgd { rate: 0.01 }, count, 1, rows, 6);
                assert!(all.iter().all(|run| *run == all[0]), "{count} processes");
                assert_eq!(trained(Sgd { rate: 0.01 }, count, 2, rows, 6), all, "threads");
                let worst =
                    |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                // A mean gradient is a sum of at most 24 terms below 100 / 24: in another order it is off by less than
                // 24 * 100 * 2^-24 = 1.5e-4, which 6 steps of rate 0.01 turn into 1e-5. f follows the parameters.
                assert!(worst(&all[0].1, &one.1) < 1e-5, "{}", worst(&all[0].1, &one.1));
                assert!(worst(&all[0].0, &one.0) < 1e-3, "{}", worst(&all[0].0, &one.0));
                assert_eq!(all[0].0[0], one.0[0], "the first f comes before any sum of gradients");
            }
        }
    }

    #[test]
    fn a_step_refused_in_one_process_is_refused_in_all() {
        let run = |peers: Threads| {
            let mut driver = Driver::new(SHAPE, arm(), Vae, Adam::new(0.01), 1, 4, 1).unwrap();
            driver.set_peers(&peers);
            let words = batch(4, 0);
            let mut given = driver.params().to_vec();
            // The bias of a hidden unit.
            let at = 70 * driver.engine().shape().dense(0).stride;
            if peers.rank == 1 {
                given[at] = f32::INFINITY;
            }
            driver.params_mut().copy_from_slice(&given);
            let refused = driver.step(BitMatrix::new(&words, 70), 4);
            let untouched = driver.params() == given && driver.steps() == 0;
            driver.params_mut()[at] = 0.0;
            driver.step(BitMatrix::new(&words, 70), 4).unwrap();
            (refused, untouched)
        };
        thread::scope(|scope| {
            let all = Threads::connected(2).into_iter();
            let runs: Vec<_> = all.map(|peers| scope.spawn(move || run(peers))).collect();
            let runs: Vec<_> = runs.into_iter().map(|run| run.join().unwrap()).collect();
            assert!(runs.iter().all(|(refused, untouched)| refused.is_err() && *untouched), "{runs:?}");
            assert_eq!(runs[0].0, runs[1].0);
        });
    }
}
