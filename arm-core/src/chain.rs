//! Sampling upwards through the chain, without gradients.

use crate::batch::Batch;
use crate::bits::words;
use crate::kernels::Kernels;
use crate::matrix::Matrix;
use crate::network::Network;
use crate::parts::slice;
use crate::plan::Plan;
use crate::rng::{Purpose, Stream};

/// Where the uniforms of a batch come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    pub seed: u64,
    pub batch: &'a Batch<'a>,
    pub purpose: Purpose,
    /// Tells apart draws for the same row, layer and purpose.
    pub salt: usize,
}

impl Address<'_> {
    /// The stream of layer `t` in `row`, of `samples` rows an example.
    #[inline(always)]
    pub(crate) fn stream(&self, samples: usize, row: usize, t: usize) -> Stream {
        let row = self.batch.first.wrapping_mul(samples as u64).wrapping_add(row as u64);
        Stream::new(self.seed, self.purpose, self.batch.step, row, t | self.salt << 8)
    }
}

/// A pass over some rows of a batch.
pub(crate) struct Climb<'a, 's, 'p, K> {
    pub net: &'a Network<'s, 'p, K>,
    pub plan: &'a Plan<'s>,
    pub address: Address<'a>,
    /// The rows, by their index in the batch.
    pub rows: &'a [u32],
}

/// Draws a row from its logits and uniforms, and returns its log q: [`Kernels::draw`] for some rule.
pub(crate) type Draw<'a> = &'a mut dyn FnMut(&[f32], &[f32], &mut [u32]) -> f32;

impl<K: Kernels> Climb<'_, '_, '_, K> {
    /// Samples layers `from..`, given the layer below in `samples` (x below layer 0, a row an example), and adds their
    /// log q to `log_q`. Compiled once for every rule, hence the pointer.
    #[inline(never)]
    pub(crate) fn sample(
        &self,
        draw: Draw<'_>,
        from: usize,
        samples: &mut [u32],
        mut log_q: Option<&mut [f32]>,
        (a, b): (&mut [f32], &mut [f32]),
    ) {
        let plan = self.plan;
        for t in from..plan.shape.stochastic_layers() {
            let (below, here) = samples.split_at_mut_checked(plan.sample(t)).unwrap_or_default();
            let (x, height, shared_by) = match t.checked_sub(1) {
                None => (self.address.batch.x, plan.examples(), plan.samples()),
                Some(under) => (plan.samples_of(under, below).top(self.rows.len()), self.rows.len(), 1),
            };
            let logits = self.net.logits(t, x, height, a, b);
            self.draw(draw, t, logits.as_matrix(), shared_by, here, log_q.as_deref_mut(), a);
        }
    }

    /// Apart from [`sample`](Self::sample), so that its stack and that of the logits do not add up.
    #[allow(clippy::too_many_arguments)]
    #[inline(never)]
    fn draw(
        &self,
        draw: Draw<'_>,
        t: usize,
        logits: Matrix<'_>,
        shared_by: usize,
        out: &mut [u32],
        mut log_q: Option<&mut [f32]>,
        uniforms: &mut [f32],
    ) {
        let u = uniforms.get_mut(..logits.cols()).unwrap_or_default();
        let words = words(logits.cols());
        for (i, &row) in self.rows.iter().enumerate().take(self.plan.rows()) {
            let sample = slice(out, i * words, words);
            self.address.stream(self.plan.samples(), row as usize, t).fill(u);
            let log = draw(logits.row(i.checked_div(shared_by).unwrap_or(0)), u, sample);
            if let Some(total) = log_q.as_deref_mut().and_then(|l| l.get_mut(i)) {
                *total += log;
            }
        }
    }
}
