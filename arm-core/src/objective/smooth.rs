//! The negative ELBO at real samples, and its derivatives with respect to them.
//!
//! Tests: `tests/tests/engine/smooth.rs`.

use super::LayerContext;
use super::output::{fixed_prior_cost, generator};
use crate::error::Error;
use crate::kernels::{Input, Kernels};
use crate::network::Pass;
use crate::numeric::chunks::chunks_mut;
use crate::numeric::math::sigmoid;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::window::{element, split_mut, window, window_mut};
use crate::shape::{Activation, Prior};

/// See [`Smooth::at_samples`](crate::relaxed::Smooth::at_samples).
pub(super) fn at_samples<K: Kernels>(
    pass: &Pass<'_, K>,
    context: &mut LayerContext<'_>,
    through: bool,
    mut gradient: MatrixMut<'_>,
) {
    let Pass { layout, .. } = pass;
    let (t, layers, phi) = (context.rows.layer, pass.layout.shape.stochastic_layers(), context.rows.phi);
    // -log p(b_t-1 | b_t), whose gradients are weighted already, and log q(b_t | b_t-1).
    let first = pass.layout.shape.link(generator(layers, t)).0;
    pass.kernels.back(
        pass.weights(first),
        context.delta(pass, first),
        phi,
        Activation::LINEAR,
        again(&mut gradient),
    );
    let scale = pass.layout.shape.coding(first).scale();
    for ((g, w), phi) in gradient.rows_mut().zip(context.weight).zip(phi.rows()) {
        g.iter_mut().zip(phi).for_each(|(g, phi)| *g = *g * scale / w + phi);
    }
    // -log p(b_t | b_t+1)
    if t + 1 == layers {
        gradient.rows_mut().for_each(|g| add(-1.0, prior(pass), g));
        return;
    }
    let above = layout.samples_of(t + 1, context.samples);
    let logits = pass.logits(generator(layers, t + 1), above, layout.rows(), context.hidden, context.logits);
    for (g, logits) in gradient.rows_mut().zip(logits.as_matrix().rows()) {
        add(-1.0, logits, g);
    }
    from_above(pass, context, true, through, gradient);
}

/// Adds what layer `t` contributes through the logits of the layer above: log q(b_t+1 | b_t) if f has it (`log_q`), and,
/// `through` its samples, all that lies above.
pub(super) fn from_above<K: Kernels>(
    pass: &Pass<'_, K>,
    context: &mut LayerContext<'_>,
    log_q: bool,
    through: bool,
    mut gradient: MatrixMut<'_>,
) {
    let Pass { layout, .. } = pass;
    let (t, rows) = (context.rows.layer, layout.rows());
    let (first, last) = pass.layout.shape.link(t + 1);
    let (dense, b, delta) =
        (pass.layout.shape.dense(last), layout.samples_of(t + 1, context.samples), context.delta(pass, last));
    let phi = window(context.phi, layout.logits(t + 1)..layout.logits(t + 2));
    let phi = Matrix::new(phi, dense.stride, dense.outputs);
    let (mut from, mut to) = (&mut *context.hidden, &mut *context.logits);
    for (row, out) in chunks_mut(from, dense.stride).enumerate().take(rows) {
        let delta = if through { delta.row(row) } else { &[] };
        for (((out, phi), b), i) in out.iter_mut().zip(phi.row(row)).zip(b.bits(row).iter()).zip(0..) {
            let residual = if log_q { f32::from(u8::from(b)) - sigmoid(*phi) } else { 0.0 };
            *out = residual + delta.get(i).copied().unwrap_or(0.0);
        }
    }
    for i in (first..last).rev() {
        let (layer, above) = (layout.layer(i), pass.layout.shape.dense(i + 1));
        let (a, here) = (layer.activations(context.activations), layer.dense);
        let d = Matrix::new(of(from, rows * above.stride), above.stride, above.outputs);
        let dx = MatrixMut::new(of_mut(to, rows * here.stride), here.stride, here.outputs);
        pass.kernels.back(pass.weights(i + 1), d, a, here.activation, dx);
        core::mem::swap(&mut from, &mut to);
    }
    let (dense, stride, cols) = (pass.layout.shape.dense(first), gradient.stride(), gradient.cols());
    let d = Matrix::new(of(from, rows * dense.stride), dense.stride, dense.outputs);
    let out = of_mut(to, rows * stride);
    pass.kernels.back(
        pass.weights(first),
        d,
        context.rows.phi,
        Activation::LINEAR,
        MatrixMut::new(out, stride, cols),
    );
    for (g, d) in gradient.rows_mut().zip(Matrix::new(out, stride, cols).rows()) {
        add(pass.layout.shape.coding(first).scale(), d, g);
    }
}

/// See [`Smooth::at`](crate::relaxed::Smooth::at). For one stochastic layer.
pub(super) fn at<K: Kernels>(
    pass: &Pass<'_, K>,
    context: &mut LayerContext<'_>,
    z: Matrix<'_>,
    f: &mut [f32],
    mut gradient: MatrixMut<'_>,
) -> Result<(), Error> {
    let Pass { layout, .. } = pass;
    let (n, rows, phi) = (z.height(), layout.rows().max(1), context.rows.phi);
    let Some((kept, [a, b, _])) = room(pass, n, context.points) else { return Err(Error::Unsupported) };
    let (first, last) = pass.layout.shape.link(1);
    for i in first..=last {
        let (before, here) = split_mut(kept, start(pass, n, i));
        let x = if i == first { z } else { layer(pass, n, i - 1, before) };
        pass.dense(i, false, &pass.layout.shape.dense(i), Input::Real(x), n, here);
    }
    // -log p(x | z)
    let logits = window_mut(kept, start(pass, n, last)..);
    let dense = pass.layout.shape.dense(last);
    for (i, (logits, f)) in chunks_mut(logits, dense.stride.max(1)).zip(f.iter_mut()).enumerate() {
        let logits = window_mut(logits, ..dense.outputs);
        *f = -pass.kernels.log_prob_delta(logits, context.rows.x(i % rows).words());
    }
    let (mut from, mut to) = (a, b);
    for i in (first..last).rev() {
        let (here, d) = (pass.layout.shape.dense(i), above(pass, n, i + 1, kept, from));
        let dx = MatrixMut::new(of_mut(to, n * here.stride), here.stride, here.outputs);
        pass.kernels.back(pass.weights(i + 1), d, layer(pass, n, i, kept), here.activation, dx);
        core::mem::swap(&mut from, &mut to);
    }
    let d = above(pass, n, first, kept, from);
    pass.kernels.back(pass.weights(first), d, z, Activation::LINEAR, again(&mut gradient));
    // log q(z | x) - log p(z), both linear in z: by how much they differ from those of the sample.
    let (prior, scale) = (prior(pass), pass.layout.shape.coding(first).scale());
    for (i, ((g, z), f)) in gradient.rows_mut().zip(z.rows()).zip(f).enumerate() {
        let (row, phi) = (i % rows, phi.row(i % rows));
        let words = context.rows.b.row(row);
        *f += element(context.log_q, row);
        *f += match pass.layout.shape.prior() {
            Prior::Fixed => fixed_prior_cost(pass.layout.shape),
            Prior::Learned => -pass.kernels.log_prob(prior, words),
        };
        let mut prior = prior.iter();
        for (((g, z), phi), b) in g.iter_mut().zip(z).zip(phi).zip(context.rows.b.bits(row).iter()) {
            let slope = phi - prior.next().copied().unwrap_or(0.0);
            *g = *g * scale + slope;
            *f += slope * (z - f32::from(u8::from(b)));
        }
    }
    Ok(())
}

/// See [`Smooth::curvature`](crate::relaxed::Smooth::curvature). Only the output units are curved.
pub(super) fn curvature<K: Kernels>(
    pass: &Pass<'_, K>,
    context: &mut LayerContext<'_>,
    v: Matrix<'_>,
    w: Matrix<'_>,
    out: &mut [f32],
) -> Result<(), Error> {
    let n = v.height();
    let Some((kept, [a, b, c])) = room(pass, n, context.points) else { return Err(Error::Unsupported) };
    let (v, spare) = tangent(pass, kept, v, a, b);
    let (w, _) = tangent(pass, kept, w, spare, c);
    let last = pass.layout.shape.link(1).1;
    let dense = pass.layout.shape.dense(last);
    let of = |data| Matrix::new(data, dense.stride, dense.outputs).rows();
    for (((d, v), w), out) in layer(pass, n, last, kept).rows().zip(of(v)).zip(of(w)).zip(out) {
        // The residual is p or p - 1.
        let curves = |d: &f32| d.abs() * (1.0 - d.abs());
        *out = d.iter().zip(v).zip(w).map(|((d, v), w)| curves(d) * v * w).sum();
    }
    Ok(())
}

/// The derivative of the decoder's logits in the direction `x`, and what is left of the two buffers.
fn tangent<'a, K: Kernels>(
    pass: &Pass<'_, K>,
    kept: &[f32],
    x: Matrix<'_>,
    mut to: &'a mut [f32],
    mut from: &'a mut [f32],
) -> (&'a mut [f32], &'a mut [f32]) {
    let (n, (first, last)) = (x.height(), pass.layout.shape.link(1));
    for i in first..=last {
        let (dense, w, scale) =
            (pass.layout.shape.dense(i), pass.weights(i), pass.layout.shape.coding(i).scale());
        let x = match i.checked_sub(1) {
            Some(below) if i > first => {
                let below = pass.layout.shape.dense(below);
                Matrix::new(of(from, n * below.stride), below.stride, below.outputs)
            }
            _ => x,
        };
        let mut y = MatrixMut::new(of_mut(to, n * dense.stride), dense.stride, dense.outputs);
        pass.kernels.affine(w, x, Activation::LINEAR, again(&mut y));
        let bias = w.row(dense.inputs);
        let hidden = layer(pass, n, i, kept);
        for (row, y) in y.rows_mut().enumerate() {
            add(-1.0, bias, y);
            y.iter_mut().for_each(|y| *y *= scale);
            if i < last {
                let units = y.iter_mut().zip(hidden.row(row));
                units.for_each(|(y, a)| *y *= dense.activation.derivative(*a));
            }
        }
        core::mem::swap(&mut to, &mut from);
    }
    (from, to)
}

/// The room for `n` real vectors: what each dense layer of the decoder computes, of the last the residual, and three
/// matrices. `None` for a stack of stochastic layers, whose upper samples are no function of a real vector.
fn room<'a, K: Kernels>(
    pass: &Pass<'_, K>,
    n: usize,
    points: &'a mut [f32],
) -> Option<(&'a mut [f32], [&'a mut [f32]; 3])> {
    let wide = n.checked_mul(pass.layout.shape.max_stride())?;
    let (a, rest) = points.split_at_mut_checked(wide)?;
    let (b, rest) = rest.split_at_mut_checked(wide)?;
    let (c, rest) = rest.split_at_mut_checked(wide)?;
    let kept = rest.get_mut(..start(pass, n, pass.layout.shape.network_layers()))?;
    (pass.layout.shape.stochastic_layers() == 1).then_some((kept, [a, b, c]))
}

/// Where in the room dense layer `i` of the decoder begins.
fn start<K: Kernels>(pass: &Pass<'_, K>, n: usize, i: usize) -> usize {
    (pass.layout.shape.link(1).0..i).map(|k| n * pass.layout.shape.dense(k).stride).sum()
}

/// What dense layer `i` of the decoder has computed.
fn layer<'a, K: Kernels>(pass: &Pass<'_, K>, n: usize, i: usize, kept: &'a [f32]) -> Matrix<'a> {
    let dense = pass.layout.shape.dense(i);
    let first = start(pass, n, i);
    let data = window(kept, first..first + n * dense.stride);
    Matrix::new(data, dense.stride, dense.outputs)
}

/// The gradients of dense layer `i`: of the last they are kept, of the others they are in `from`.
fn above<'a, K: Kernels>(
    pass: &Pass<'_, K>,
    n: usize,
    i: usize,
    kept: &'a [f32],
    from: &'a [f32],
) -> Matrix<'a> {
    let dense = pass.layout.shape.dense(i);
    if i == pass.layout.shape.link(1).1 {
        return layer(pass, n, i, kept);
    }
    Matrix::new(of(from, n * dense.stride), dense.stride, dense.outputs)
}

/// Logits of a learned prior; empty for those of a fixed one, which are zero.
fn prior<'p, K: Kernels>(pass: &Pass<'p, K>) -> &'p [f32] {
    match pass.layout.shape.prior() {
        Prior::Fixed => &[],
        Prior::Learned => pass.weights(pass.layout.shape.network_layers()).row(0),
    }
}

fn of(data: &[f32], n: usize) -> &[f32] {
    window(data, ..n)
}

fn of_mut(data: &mut [f32], n: usize) -> &mut [f32] {
    window_mut(data, ..n)
}

/// The same rows, to be given away.
fn again<'a>(m: &'a mut MatrixMut<'_>) -> MatrixMut<'a> {
    let (stride, cols) = (m.stride(), m.cols());
    MatrixMut::new(m.data_mut(), stride, cols)
}

fn add(a: f32, x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
}
