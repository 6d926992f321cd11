//! Tests: `tests/tests/estimators/conditional.rs`.

use super::{Objective, output};
use crate::error::Error;
use crate::kernels::{Arithmetic, Integer, Kernels, NatsOf};
use crate::network::{Keep, Pass, Scratch};
use crate::numeric::window::{block_mut, window_mut};
use crate::shape::Shape;

/// Conditional maximum likelihood, in nats, for one sample of the chain: f = -log p(y | b_T), whose mean is an upper bound
/// of -log p(y | x) (the chain is the model itself: no log q).
///
/// Yin & Zhou, ICLR 2019, Proposition 3 and section 4.2. With K samples [`Engine::evaluate`](crate::Engine::evaluate)
/// gives what the estimate -log of the mean of e^-f is made of; the estimators for the bound train it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditional;

/// See [`Objective::train`].
#[inline(always)]
fn train<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
    let Pass { layout, batch, .. } = pass;
    let (layers, rows) = (pass.layout.shape.stochastic_layers(), layout.rows());
    let top = layers.wrapping_sub(1);
    let costs = layout.per_row(scratch.per_row).cost;
    costs.fill(NatsOf::<K>::default());
    let cost = block_mut(costs, rows, top);
    let b = layout.samples_of(top, scratch.samples);
    let start = pass.forward(layers, b, Keep::All, scratch.activations, scratch.deltas);
    output::costs(pass, window_mut(scratch.deltas, start..), batch.y, true, cost);
}

/// See [`Objective::evaluate`].
#[inline(always)]
fn evaluate<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>, count: usize) {
    let Pass { layout, batch, .. } = pass;
    let layers = pass.layout.shape.stochastic_layers();
    let top = layout.samples_of(layers.wrapping_sub(1), scratch.path_samples).top(count);
    let logits = pass.logits(layers, top, count, scratch.hidden_or_uniforms, scratch.logits);
    for ((logits, total), &row) in
        logits.as_matrix().rows().zip(&mut *scratch.path_f).zip(&*scratch.path_rows)
    {
        *total -= pass.kernels.log_prob(logits, batch.y.row(layout.example(row as usize)));
    }
}

/// See [`Objective::back`].
#[inline(always)]
fn back<K: Arithmetic>(pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
    let layers = pass.layout.shape.stochastic_layers();
    output::back(pass, scratch, layers..layers + 1);
}

impl<K: Kernels> Objective<K> for Conditional {
    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_conditional() { Ok(()) } else { Err(Error::OtherObjective) }
    }

    fn train(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        train(pass, scratch);
    }

    fn evaluate(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, _from: usize, count: usize) {
        evaluate(pass, scratch, count);
    }

    fn keep_linear(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, t: usize) -> bool {
        output::keep_linear(pass, scratch, t)
    }

    fn flipped(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>, row: usize, unit: usize) -> f32 {
        let Pass { layout, batch, .. } = pass;
        let top = pass.layout.shape.stochastic_layers().wrapping_sub(1);
        let b = layout.samples_of(top, scratch.samples).bits(row).get(unit);
        let target = batch.y.row(layout.example(row));
        -output::flipped_log_prob(pass, row, unit, b, scratch.logits, scratch.hidden_or_uniforms, target)
    }

    fn back(&mut self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_>) {
        back(pass, scratch);
    }
}

/// In integers f is not seen flip by flip.
impl Objective<Integer> for Conditional {
    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_conditional() { Ok(()) } else { Err(Error::OtherObjective) }
    }

    fn train(&mut self, pass: &Pass<'_, Integer>, scratch: &mut Scratch<'_, Integer>) {
        train(pass, scratch);
    }

    fn evaluate(
        &mut self,
        pass: &Pass<'_, Integer>,
        scratch: &mut Scratch<'_, Integer>,
        _from: usize,
        count: usize,
    ) {
        evaluate(pass, scratch, count);
    }

    fn back(&mut self, pass: &Pass<'_, Integer>, scratch: &mut Scratch<'_, Integer>) {
        back(pass, scratch);
    }
}
