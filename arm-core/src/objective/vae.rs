//! Tests: `tests/tests/engine/gradients.rs`, `smooth.rs`.

use super::LayerContext;
use super::{Objective, output, smooth};
use crate::error::Error;
use crate::kernels::{Arithmetic, Integer, Kernels, NatsOf};
use crate::network::{Keep, Pass, Scratch};
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::window::{block_mut, element, window_mut};
use crate::shape::Shape;

/// The negative ELBO in nats, for one sample of the chain: f = log q(b_1..T | x) - log p(x | b_1) - .. - log p(b_T).
///
/// Yin & Zhou, ICLR 2019, section 2.7. The decoder's gradient is that of the samples themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vae;

/// -log p(b_T) of every row, and its gradient.
#[inline(always)]
fn train_prior<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
    let Pass { layout, .. } = pass;
    let layers = layout.shape.stochastic_layers();
    let cost = window_mut(layout.per_row(scratch.per_row).cost, layout.rows() * layers..);
    if layout.shape.has_prior() {
        train_learned(pass, scratch, layers);
    } else {
        cost.fill(output::fixed_prior_cost(layout.shape));
    }
}

/// [`train_prior`] with logits.
#[inline(never)]
fn train_learned<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>, layers: usize) {
    let Pass { layout, .. } = pass;
    let cost = block_mut(layout.per_row(scratch.per_row).cost, layout.rows(), layers);
    let layer = layout.layer(layout.shape.network_layers());
    let deltas = layer.deltas_mut(scratch.deltas);
    let mut logits = MatrixMut::new(&mut *deltas, layer.dense.stride, layer.dense.outputs);
    let prior = pass.weights_of(&layer.dense).row(0);
    logits.rows_mut().take(cost.len()).for_each(|row| pass.kernels.logits(prior, row));
    output::costs(pass, deltas, layout.samples_of(layers - 1, scratch.samples), false, cost);
}

/// Adds -log p(b_T) under a learned prior.
#[inline(never)]
fn evaluate_prior<K: Arithmetic>(pass: &Pass<'_, K>, top: BitMatrix<'_>, total: &mut [NatsOf<K>]) {
    let logits = pass.weights(pass.layout.shape.network_layers()).row(0);
    for (b, total) in top.rows().zip(total) {
        *total -= pass.kernels.log_prior(logits, b);
    }
}

/// See [`Objective::train`].
#[inline(always)]
fn train<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
    let Pass { layout, batch, .. } = pass;
    let layers = layout.shape.stochastic_layers();
    for t in 0..layers {
        let b = layout.samples_of(t, scratch.samples);
        let link = output::generator(layers, t);
        let start = pass.forward(link, b, Keep::All, scratch.activations, scratch.deltas);
        let cost = block_mut(layout.per_row(scratch.per_row).cost, layout.rows(), t);
        let x = if t == 0 { batch.x } else { layout.samples_of(t - 1, scratch.samples) };
        let logits = window_mut(scratch.deltas, start..);
        output::costs(pass, logits, x, t == 0, cost);
    }
    train_prior(pass, scratch);
}

/// See [`Objective::evaluate`].
#[inline(always)]
fn evaluate<K: Arithmetic>(
    pass: &Pass<'_, K>,
    scratch: &mut Scratch<'_, K::Numbers>,
    from: usize,
    count: usize,
) {
    let Pass { layout, .. } = pass;
    let layers = layout.shape.stochastic_layers();
    for t in from..layers {
        let b = layout.samples_of(t, scratch.path_samples).top(count);
        pass.logits(output::generator(layers, t), b, count, scratch.hidden_or_uniforms, scratch.logits);
        output::add_costs(pass, scratch, from, count, t);
    }
    if layout.shape.has_prior() {
        evaluate_prior(pass, layout.samples_of(layers - 1, scratch.path_samples).top(count), scratch.path_f);
    } else {
        let fixed: NatsOf<K> = output::fixed_prior_cost(layout.shape);
        scratch.path_f.iter_mut().take(count).for_each(|total| *total += fixed);
    }
}

/// See [`Objective::back`].
#[inline(always)]
fn back<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
    let layers = pass.layout.shape.stochastic_layers();
    output::back(pass, scratch, layers..2 * layers);
}

impl<K: Kernels> Objective<K> for Vae {
    const HAS_LOG_Q: bool = true;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() { Ok(()) } else { Err(Error::OtherObjective) }
    }

    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        train(pass, scratch);
    }

    fn evaluate(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, from: usize, count: usize) {
        evaluate(pass, scratch, from, count);
    }

    fn keep_linear(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, t: usize) -> bool {
        output::keep_linear(pass, scratch, t)
    }

    fn flipped(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, row: usize, unit: usize) -> f32 {
        let Pass { layout, batch, .. } = pass;
        let layers = layout.shape.stochastic_layers();
        let b = layout.samples_of(layers - 1, scratch.samples).bits(row).get(unit);
        let target = match layers.checked_sub(2) {
            None => batch.x.row(layout.example(row)),
            Some(below) => layout.samples_of(below, scratch.samples).row(row),
        };
        let prior = element(layout.per_row(scratch.per_row).cost, layout.rows() * layers + row);
        // log p(b_T) changes by the unit's logit; a fixed prior has none.
        let shape = pass.layout.shape;
        let logit = match shape.has_prior() {
            true => element(pass.weights(shape.network_layers()).row(0), unit),
            false => 0.0,
        };
        let log_prob =
            output::flipped_log_prob(pass, row, unit, b, scratch.logits, scratch.hidden_or_uniforms, target);
        prior + if b { logit } else { -logit } - log_prob
    }

    fn back(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        back(pass, scratch);
    }

    fn at_samples(
        &mut self,
        pass: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        through: bool,
        gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        smooth::at_samples(pass, context, through, gradient);
        Ok(())
    }

    fn at(
        &mut self,
        pass: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        z: Matrix<'_>,
        f: &mut [f32],
        gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        smooth::at(pass, context, z, f, gradient)
    }

    fn curvature(
        &mut self,
        pass: &Pass<'_, K>,
        context: &mut LayerContext<'_>,
        v: Matrix<'_>,
        w: Matrix<'_>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        smooth::curvature(pass, context, v, w, out)
    }
}

/// In integers f is not seen at real samples, nor flip by flip.
impl Objective<Integer> for Vae {
    const HAS_LOG_Q: bool = true;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() { Ok(()) } else { Err(Error::OtherObjective) }
    }

    fn train(&mut self, pass: &Pass<'_, Integer>, scratch: &mut Scratch<'_, Integer>) {
        train(pass, scratch);
    }

    fn evaluate(
        &mut self,
        pass: &Pass<'_, Integer>,
        scratch: &mut Scratch<'_, Integer>,
        from: usize,
        count: usize,
    ) {
        evaluate(pass, scratch, from, count);
    }

    fn back(&mut self, pass: &Pass<'_, Integer>, scratch: &mut Scratch<'_, Integer>) {
        back(pass, scratch);
    }
}
