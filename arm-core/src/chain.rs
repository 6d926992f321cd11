//! Sampling upwards through the chain, without gradients.

use crate::batch::Batch;
use crate::bits::words;
use crate::feature::BATCH;
use crate::kernels::Kernels;
use crate::matrix::{Matrix, MatrixMut};
use crate::network::Network;
use crate::parts::slice;
use crate::plan::Plan;
use crate::rng::{Purpose, Stream};
use crate::scratch::Work;

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
        Stream::from_state(self.state(samples, row, t))
    }

    /// The state with which [`stream`](Self::stream) begins.
    #[inline(always)]
    fn state(&self, samples: usize, row: usize, t: usize) -> [u64; 2] {
        let row = self.batch.first.wrapping_mul(samples as u64).wrapping_add(row as u64);
        Stream::state(self.seed, self.purpose, self.batch.step, row, t | self.salt << 8)
    }

    /// Fills rows of `u` from the [streams](Self::stream) of layer `t` in the rows that are `active`, or in the first
    /// ones where that is none.
    #[inline(never)]
    pub(crate) fn fill<K: Kernels>(
        &self,
        kernels: &K,
        samples: usize,
        active: Option<&[u32]>,
        t: usize,
        u: MatrixMut<'_>,
    ) {
        let state = |i| {
            let row = active.and_then(|active| active.get(i)).map_or(i, |&row| row as usize);
            self.state(samples, row, t)
        };
        kernels.uniforms(state, u);
    }
}

/// A pass over rows of a batch.
pub(crate) struct Climb<'a, 's, 'p, K> {
    pub net: &'a Network<'s, 'p, K>,
    pub plan: &'a Plan<'s>,
    pub address: Address<'a>,
    /// Whether log q is added to `total`.
    pub log_q: bool,
}

/// Draws a row from its logits and uniforms, and returns its log q: [`Kernels::draw`] for some rule.
pub(crate) type Draw<'a> = &'a mut dyn FnMut(&[f32], &[f32], &mut [u32]) -> f32;

impl<K: Kernels> Climb<'_, '_, '_, K> {
    /// Samples layers `from..` of `branch`, given the layer below there (x below layer 0, a row an example), for the first
    /// `count` rows in `active`. Compiled once for every rule, hence the pointer.
    #[inline(never)]
    pub(crate) fn sample(&self, draw: Draw<'_>, from: usize, count: usize, work: &mut Work<'_>) {
        let plan = self.plan;
        for t in from..plan.shape.stochastic_layers() {
            let (x, height) = match t.checked_sub(1) {
                None => (self.address.batch.x, plan.examples()),
                Some(under) => (plan.samples_of(under, work.branch).top(count), count),
            };
            self.net.logits(t, x, height, work.a, work.b);
            self.draw(draw, t, count, work);
        }
    }

    /// Apart from [`sample`](Self::sample), so that its stack and that of the logits do not add up.
    #[inline(never)]
    fn draw(&self, draw: Draw<'_>, t: usize, count: usize, work: &mut Work<'_>) {
        let plan = self.plan;
        let (width, start) = (plan.shape.stochastic_width(t), plan.sample(t));
        let stride = plan.shape.stride(width);
        let count = count.min(plan.rows());
        let u = if BATCH { slice(work.a, 0, count * stride) } else { &mut *work.a };
        let u = MatrixMut::new(u, stride, width);
        self.address.fill(self.net.kernels, plan.samples(), Some(work.active), t, u);
        for i in 0..count {
            let u = slice(work.a, i * stride, width);
            let sample = slice(work.branch, start + i * words(width), words(width));
            let logits = Matrix::new(work.b, plan.shape.stride(width), width);
            let log = draw(logits.row(if t == 0 { plan.example(i) } else { i }), u, sample);
            if let Some(total) = work.total.get_mut(i).filter(|_| self.log_q) {
                *total += log;
            }
        }
    }
}
