//! What the objectives share: the links from b_T on that end in the logits of something given.

use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::numeric::math::significant;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::parts::parts_mut;
use crate::shape::plan::Plan;
use core::ops::Range;

/// -log p of every row of `x`, or of every example (`shared`), under its logits, and the gradients in place of the logits.
#[inline(never)]
pub(super) fn costs<K: Kernels>(
    net: &Network<'_, '_, K>,
    plan: &Plan<'_>,
    logits: &mut [f32],
    x: BitMatrix<'_>,
    shared: bool,
    cost: &mut [f32],
) {
    let mut logits = MatrixMut::new(logits, net.shape.stride(x.cols()), x.cols());
    for (row, cost) in cost.iter_mut().enumerate().take(plan.rows()) {
        let x = x.row(if shared { plan.example(row) } else { row });
        *cost = -net.kernels.log_prob_delta(logits.row_mut(row), x);
    }
}

/// Adds to `total` -log p of what layer `t` (0 is the input) holds in the first `count` rows of a branch under the logits
/// in `b`.
#[inline(never)]
pub(super) fn add_costs<K: Kernels>(
    net: &Network<'_, '_, K>,
    plan: &Plan<'_>,
    batch: &Batch<'_>,
    work: &mut Work<'_>,
    (from, count): (usize, usize),
    t: usize,
) {
    let width = t.checked_sub(1).map_or(net.shape.inputs(), |below| net.shape.stochastic_width(below));
    for row in (0..count).take(plan.rows()) {
        let logits = Matrix::new(work.b, net.shape.stride(width), width).row(row);
        let cost = net.kernels.log_prob(logits, work.target(plan, batch, from, t, row));
        if let Some(total) = work.total.get_mut(row) {
            *total -= cost;
        }
    }
}

/// Where the first link above b_T is linear and `t` is the top layer, leaves its logits in `work.b`.
pub(super) fn keep_linear<K: Kernels>(
    net: &Network<'_, '_, K>,
    plan: &Plan<'_>,
    work: &mut Work<'_>,
    t: usize,
) -> bool {
    let layers = net.shape.stochastic_layers();
    let (first, last) = net.shape.link(layers);
    if t + 1 != layers || first != last {
        return false;
    }
    net.logits(layers, plan.samples_of(t, work.samples), plan.rows(), &mut [], work.b);
    true
}

/// log p(target) under these logits when one unit of a row of b_T is flipped.
pub(super) fn flipped_log_prob<K: Kernels>(
    net: &Network<'_, '_, K>,
    (row, unit, b): (usize, usize, bool),
    (logits, room): (&[f32], &mut [f32]),
    target: &[u32],
) -> f32 {
    let layer = net.shape.link(net.shape.stochastic_layers()).0;
    let dense = net.shape.dense(layer);
    let logits = Matrix::new(logits, dense.stride, dense.outputs).row(row);
    let room = room.get_mut(..dense.outputs).unwrap_or_default();
    room.iter_mut().zip(logits).for_each(|(r, l)| *r = *l);
    let step = net.shape.coding(layer).scale();
    net.kernels.axpy(if b { -step } else { step }, net.weights(layer).row(unit), room);
    net.kernels.log_prob(room, target)
}

/// The objective's part of the way back: the gradients of the logits of `links` (and of a learned prior) times the
/// weights of their rows, then those of the hidden layers.
pub(super) fn back<K: Kernels>(
    net: &Network<'_, '_, K>,
    plan: &Plan<'_>,
    work: &mut Work<'_>,
    links: Range<usize>,
) {
    let first = net.shape.link(links.start).0;
    for i in first..net.shape.dense_layers() {
        let own = i >= net.shape.network_layers() || net.shape.layer(i).is_some_and(|l| l.stochastic());
        if own && plan.samples() > 1 {
            let place = plan.place(i);
            for (delta, w) in parts_mut(place.deltas_mut(work.deltas), place.dense.stride)
                .zip(&*plan.numbers(work.numbers).weight)
            {
                delta.iter_mut().for_each(|d| *d = significant(*d * w));
            }
        }
    }
    for link in links {
        net.back(plan, link, work.activations, work.deltas);
    }
}
