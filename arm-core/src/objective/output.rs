//! What the objectives share: the links from b_T on that end in the logits of something given.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `tests/tests/estimators/conditional.rs`.

use crate::feature::BATCH;
use crate::kernels::{Arithmetic, Kernels, NatsOf, ValueOf};
use crate::network::{Pass, Scratch};
use crate::numeric::chunks::chunks_mut;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::number::Nats;
use crate::numeric::window::{element_mut, window_mut};
use crate::shape::Shape;
use core::ops::Range;

/// The link that generates layer `t` (0 is the input) of a network with `layers` stochastic layers.
pub(super) const fn generator(layers: usize, t: usize) -> usize {
    2 * layers - 1 - t
}

/// -log p(b_T) in nats under fixed logits, which are zero.
pub(super) fn fixed_prior_cost<F: Nats>(shape: &Shape<'_>) -> F {
    F::bits(shape.top_width())
}

/// -log p of every row of `x`, or of every example (`shared`), under its logits, and the gradients in place of the logits.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub(super) fn costs<K: Arithmetic>(
    pass: &Pass<'_, K>,
    logits: &mut [ValueOf<K>],
    x: BitMatrix<'_>,
    shared: bool,
    cost: &mut [NatsOf<K>],
) {
    let Pass { layout, .. } = pass;
    let mut logits = MatrixMut::new(logits, pass.layout.shape.stride(x.cols()), x.cols());
    if BATCH {
        let x = |row| x.row(if shared { layout.example(row) } else { row });
        let cost = window_mut(cost, ..layout.rows());
        cost.fill(NatsOf::<K>::default());
        if pass.kernels.log_prob_delta_rows(&mut logits, x, cost) {
            return;
        }
    }
    for (row, cost) in cost.iter_mut().enumerate().take(layout.rows()) {
        let x = x.row(if shared { layout.example(row) } else { row });
        *cost = -pass.kernels.log_prob_delta(logits.row_mut(row), x);
    }
}

/// Adds to `path_f` -log p of what layer `t` (0 is the input) holds in the first `count` paths under the logits in the
/// scratch.
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
pub(super) fn add_costs<K: Arithmetic>(
    pass: &Pass<'_, K>,
    scratch: &mut Scratch<'_, K::Numbers>,
    from: usize,
    count: usize,
    t: usize,
) {
    let Pass { layout, .. } = pass;
    let width = t
        .checked_sub(1)
        .map_or(pass.layout.shape.inputs(), |below| pass.layout.shape.stochastic_width(below));
    if BATCH {
        let logits = Matrix::new(scratch.logits, layout.shape.stride(width), width);
        // Taken out while the rest of the scratch is read.
        let path_f = core::mem::take(&mut scratch.path_f);
        let target = |row| scratch.target(pass, from, t, row);
        let total = window_mut(path_f, ..count.min(layout.rows()));
        let done = pass.kernels.log_prob_rows(logits, target, total);
        scratch.path_f = path_f;
        if done {
            return;
        }
    }
    for row in (0..count).take(layout.rows()) {
        let logits = Matrix::new(scratch.logits, pass.layout.shape.stride(width), width).row(row);
        let cost = pass.kernels.log_prob(logits, scratch.target(pass, from, t, row));
        if let Some(total) = element_mut(scratch.path_f, row) {
            *total -= cost;
        }
    }
}

/// Where the first link above b_T is linear and `t` is the top layer, leaves its logits in `scratch.logits`.
pub(super) fn keep_linear<K: Kernels>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, t: usize) -> bool {
    let Pass { layout, .. } = pass;
    let layers = pass.layout.shape.stochastic_layers();
    let (first, last) = pass.layout.shape.link(layers);
    if t + 1 != layers || first != last {
        return false;
    }
    pass.logits(layers, layout.samples_of(t, scratch.samples), layout.rows(), &mut [], scratch.logits);
    true
}

/// log p(target) under these logits when one unit of a row of b_T is flipped.
pub(super) fn flipped_log_prob<K: Kernels>(
    pass: &Pass<'_, K>,
    row: usize,
    unit: usize,
    b: bool,
    logits: &[f32],
    room: &mut [f32],
    target: &[u32],
) -> f32 {
    let layer = pass.layout.shape.link(pass.layout.shape.stochastic_layers()).0;
    let dense = pass.layout.shape.dense(layer);
    let logits = Matrix::new(logits, dense.stride, dense.outputs).row(row);
    let room = window_mut(room, ..dense.outputs);
    room.iter_mut().zip(logits).for_each(|(r, l)| *r = *l);
    let step = pass.layout.shape.coding(layer).scale();
    Kernels::axpy(pass.kernels, if b { -step } else { step }, pass.weights(layer).row(unit), room);
    Kernels::log_prob(pass.kernels, room, target)
}

/// The objective's part of the way back: the gradients of the logits of `links` (and of a learned prior) times the
/// weights of their rows, then those of the hidden layers.
pub(super) fn back<K: Arithmetic>(
    pass: &Pass<'_, K>,
    scratch: &mut Scratch<'_, K::Numbers>,
    links: Range<usize>,
) {
    let Pass { layout, .. } = pass;
    let first = pass.layout.shape.link(links.start).0;
    for i in first..pass.layout.shape.dense_layers() {
        let own = i >= pass.layout.shape.network_layers()
            || pass.layout.shape.layer(i).is_some_and(|l| l.stochastic());
        if own && layout.samples() > 1 {
            let layer = layout.layer(i);
            for (delta, w) in chunks_mut(layer.deltas_mut(scratch.deltas), layer.dense.stride)
                .zip(&*layout.per_row(scratch.per_row).weight)
            {
                pass.kernels.weigh(*w, delta);
            }
        }
    }
    for link in links {
        pass.back(link, scratch.activations, scratch.deltas);
    }
}
