//! The two phases of a step, each on all threads, and what an estimator learns from it.

use super::Driver;
use super::share::{Share, Split, blocks, get, part_of_buffer, pieces, shards, with_moments};
use crate::kernels::{Desktop, PrefetchHint};
use crate::memory::Aligned;
use arm_core::estimator::Estimator;
use arm_core::matrix::BitMatrix;
use arm_core::objective::Objective;
use arm_core::{Batch, Error, Shard};
use std::sync::{Mutex, PoisonError};

impl<E, M> Driver<'_, E, M>
where
    E: Estimator + Sync,
    M: Objective<Desktop> + Clone + Send,
{
    /// While the last layer is updated, the weights that the next step begins with: other threads then have just written some
    /// of them.
    pub(super) fn prefetch_hint(&self, threads: usize) -> PrefetchHint {
        let shape = self.engine.shape();
        let weights = |layer: usize| {
            let dense = shape.dense(layer);
            &self.params.floats()[dense.offset..][..dense.len()]
        };
        match shape.dense_layers().checked_sub(1) {
            Some(last) if threads > 1 => PrefetchHint::new(weights(last), weights(0)),
            _ => PrefetchHint::NONE,
        }
    }

    /// What the estimator learns from the `total` examples of all processes, of which those from `first` on are in
    /// `batches`.
    pub(super) fn learn(&mut self, batches: &[Batch<'_>], first: usize, total: usize) {
        let per_example = self.engine.statistics_per_example();
        let mut statistics = vec![0.0; total * per_example];
        let mut rest = &mut statistics[first * per_example..];
        for (share, batch) in self.splits[self.choice.at()].shares.iter_mut().zip(batches) {
            let own = self.engine.statistics(batch.examples, get(share).scratch.words());
            let out = rest.split_off_mut(..own.len()).unwrap_or_default();
            out.copy_from_slice(own);
        }
        if let Some(peers) = self.peers {
            peers.sum(&mut statistics);
        }
        self.engine.learn(self.steps, &statistics);
    }

    /// The first phase.
    pub(super) fn examples(&mut self, batches: &[Batch<'_>]) -> Result<(), Error> {
        let (engine, params) = (&self.engine, self.params.floats());
        let Split { shares, trace } = &mut self.splits[self.choice.at()];
        let pieces = if batches.len() > 1 && self.peers.is_none() {
            let words = engine.trace_words(batches.iter().map(|b| b.examples).sum());
            if trace.len() != words {
                *trace = Aligned::zeroed(words);
            }
            pieces(engine, batches, trace.words_mut())
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
                let scratch: &[f32] = scratch.floats();
                let ranges = engine.trace_ranges(batch.examples).map(|range| &scratch[range]);
                engine.kernels.publish(ranges.zip(pieces.iter_mut().map(|piece| &mut **piece)));
            }
        });
        shares.iter_mut().take(batches.len()).try_for_each(|share| get(share).result)
    }

    /// The second phase.
    pub(super) fn update(
        &mut self,
        x: BitMatrix<'_>,
        threads: usize,
        batches: &[Batch<'_>],
        total: usize,
    ) -> Result<(), Error> {
        let Split { shares, trace } = &mut self.splits[self.choice.at()];
        let shards = match batches {
            [_] => shards(shares, batches),
            _ => vec![Shard { batch: Batch::new(x, total, 0, self.steps), scratch: trace.words() }],
        };
        let parameters = with_moments(&mut self.params, &mut self.moments);
        let blocks = blocks(&self.engine.shape(), parameters, threads);
        let gradient_buffers = self.gradient_buffers.iter_mut();
        let work: Vec<_> =
            blocks.into_iter().zip(gradient_buffers).map(|w| Mutex::new((w, Ok(())))).collect();
        let (engine, optimisers, step) = (&self.engine, &self.optimisers, self.steps);
        self.pool.run(threads, &|t| {
            let mut work = work[t].lock().unwrap_or_else(PoisonError::into_inner);
            let ((blocks, gradient_buffer), result) = &mut *work;
            *result = blocks.drain(..).try_for_each(|block| {
                let gradient_buffer = part_of_buffer(
                    &block,
                    engine.shape().dense(block.layer).stride,
                    gradient_buffer.floats_mut(),
                );
                engine.update(&optimisers[block.layer], step, &shards, total, block, gradient_buffer)
            });
        });
        work.into_iter().try_for_each(|work| work.into_inner().unwrap_or_else(PoisonError::into_inner).1)
    }
}
