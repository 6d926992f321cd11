//! Sampling upwards through the chain, without gradients.

use crate::bits::words;
use crate::estimator::Unit;
use crate::kernels::Kernels;
use crate::matrix::BitMatrix;
use crate::network::{Network, Plan};
use crate::parts::parts_mut;
use crate::rng::{Purpose, Stream};

/// Where the uniforms of a batch come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub seed: u64,
    pub purpose: Purpose,
    /// Tells apart draws for the same row, layer and purpose.
    pub salt: usize,
    /// Index of the first example.
    pub first: u64,
    pub step: u64,
}

impl Address {
    /// The stream of layer `t` in `row`, of `samples` rows an example.
    pub(crate) fn stream(&self, samples: usize, row: usize, t: usize) -> Stream {
        let row = self.first.wrapping_mul(samples as u64).wrapping_add(row as u64);
        Stream::new(self.seed, self.purpose, self.step, row, t | self.salt << 8)
    }
}

/// A pass over some rows of a batch.
pub(crate) struct Climb<'a, 's, 'p, K> {
    pub net: &'a Network<'s, 'p, K>,
    pub plan: &'a Plan<'s>,
    pub address: Address,
    /// The rows, by their index in the batch.
    pub rows: &'a [u32],
}

impl<K: Kernels> Climb<'_, '_, '_, K> {
    /// Samples layers `from..` by `rule`, given the layer below in `samples` (`x` below layer 0, a row an example), and
    /// adds their log q to `log_q`.
    pub(crate) fn sample<U: Unit>(
        &self,
        rule: &U,
        from: usize,
        x: BitMatrix<'_>,
        samples: &mut [u32],
        mut log_q: Option<&mut [f32]>,
        (a, b, uniforms): (&mut [f32], &mut [f32], &mut [f32]),
    ) {
        let (shape, plan) = (self.net.shape, self.plan);
        for t in from..shape.stochastic_layers() {
            let width = shape.stochastic_width(t);
            let (below, here) = samples.split_at_mut_checked(plan.sample(t)).unwrap_or_default();
            let (x, height, shared_by) = match t.checked_sub(1) {
                None => (x, plan.examples, plan.samples.max(1)),
                Some(under) => (plan.samples_of(under, below).top(self.rows.len()), self.rows.len(), 1),
            };
            let logits = self.net.logits(t, x, height, a, b);
            let logits = logits.as_matrix();
            let u = uniforms.get_mut(..width).unwrap_or_default();
            let out = parts_mut(here, words(width));
            for (i, (sample, &row)) in out.zip(self.rows).enumerate() {
                self.address.stream(plan.samples, row as usize, t).fill(u);
                let log = self.net.kernels.draw(rule, logits.row(i / shared_by), u, sample);
                if let Some(total) = log_q.as_deref_mut().and_then(|l| l.get_mut(i)) {
                    *total += log;
                }
            }
        }
    }
}
