//! Sampling upwards through the chain, without gradients.

use crate::feature::BATCH;
use crate::kernels::Kernels;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::network::uniforms::Address;
use crate::numeric::bits::words;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::parts::slice;
use crate::shape::plan::Plan;

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
