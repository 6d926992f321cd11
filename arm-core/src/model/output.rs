//! What the objectives share: the links from b_T on that end in the logits of something given.

use super::Pass;
use crate::kernels::{Kernels, significant};
use crate::matrix::Matrix;
use crate::network::{Network, Plan};
use crate::parts::parts_mut;
use core::ops::Range;

/// Where the first link above b_T is linear and `t` is the top layer, leaves its logits in `logits`.
pub(super) fn keep_linear<K: Kernels>(
    net: &Network<'_, '_, K>,
    plan: &Plan<'_>,
    pass: &Pass<'_>,
    t: usize,
    logits: &mut [f32],
) -> bool {
    let layers = net.shape.stochastic_layers();
    let (first, last) = net.shape.link(layers);
    if t + 1 != layers || first != last {
        return false;
    }
    net.logits(layers, plan.samples_of(t, pass.samples), plan.rows(), logits, &mut []);
    true
}

/// log p(target) under these logits when one unit of a row of b_T is flipped.
pub(super) fn flipped_log_prob<K: Kernels>(
    net: &Network<'_, '_, K>,
    (row, unit, b): (usize, usize, bool),
    logits: &[f32],
    room: &mut [f32],
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
    weight: &[f32],
    pass: &mut Pass<'_>,
    links: Range<usize>,
) {
    let first = net.shape.link(links.start).0;
    for i in first..net.shape.dense_layers() {
        let own = i >= net.shape.network_layers() || net.shape.layer(i).is_some_and(|l| l.stochastic());
        if own && plan.samples > 1 {
            let dense = net.shape.dense(i);
            let deltas = pass.deltas.get_mut(plan.delta(i)..).unwrap_or_default();
            for (delta, w) in parts_mut(deltas, dense.stride).zip(weight) {
                delta.iter_mut().for_each(|d| *d = significant(*d * w));
            }
        }
    }
    for link in links {
        net.back(plan, link, pass.activations, pass.deltas);
    }
}
