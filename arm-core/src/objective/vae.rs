use super::{Objective, output, smooth};
use crate::engine::relaxed::Lent;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::scratch::Work;
use crate::network::{Keep, Network};
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::parts::parts_mut;
use crate::shape::Shape;
use crate::shape::plan::Plan;

/// The negative ELBO in nats, for one sample of the chain: f = log q(b_1..T | x) - log p(x | b_1) - .. - log p(b_T).
///
/// Yin & Zhou, ICLR 2019, section 2.7. The decoder's gradient is that of the samples themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vae;

/// The link that generates layer `t` (0 is the input) of a network with `layers` stochastic layers.
pub(super) const fn generator(layers: usize, t: usize) -> usize {
    2 * layers - 1 - t
}

/// -log p(b_T) in nats under `logits`, a row each, or under fixed logits of zero.
pub(super) fn fixed_prior_cost(shape: &Shape<'_>) -> f32 {
    shape.top_width() as f32 * core::f32::consts::LN_2
}

/// -log p(b_T) of every row, and its gradient.
#[inline(always)]
fn train_prior<K: Kernels>(net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>) {
    let layers = net.shape.stochastic_layers();
    let cost = plan.numbers(work.numbers).cost.get_mut(plan.rows() * layers..).unwrap_or_default();
    if net.shape.has_prior() {
        train_learned(net, plan, work, layers);
    } else {
        cost.fill(fixed_prior_cost(net.shape));
    }
}

/// [`train_prior`] with logits.
#[inline(never)]
fn train_learned<K: Kernels>(net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>, layers: usize) {
    let cost = parts_mut(plan.numbers(work.numbers).cost, plan.rows()).nth(layers).unwrap_or_default();
    let place = plan.place(net.shape.network_layers());
    let deltas = place.deltas_mut(work.deltas);
    let mut logits = MatrixMut::new(&mut *deltas, place.dense.stride, place.dense.outputs);
    let prior = net.weights_of(&place.dense).row(0);
    logits.rows_mut().take(cost.len()).for_each(|row| row.iter_mut().zip(prior).for_each(|(d, p)| *d = *p));
    output::costs(net, plan, deltas, plan.samples_of(layers - 1, work.samples), false, cost);
}

/// Adds -log p(b_T) under a learned prior.
#[inline(never)]
fn evaluate_prior<K: Kernels>(net: &Network<'_, '_, K>, top: BitMatrix<'_>, total: &mut [f32]) {
    let logits = net.weights(net.shape.network_layers()).row(0);
    for (b, total) in top.rows().zip(total) {
        *total -= net.kernels.log_prob(logits, b);
    }
}

impl<K: Kernels> Objective<K> for Vae {
    const LOG_Q: bool = true;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() { Ok(()) } else { Err(Error::Shape) }
    }

    #[allow(private_interfaces)]
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, batch: &Batch<'_>, work: &mut Work<'_>) {
        let layers = net.shape.stochastic_layers();
        for t in 0..layers {
            let b = plan.samples_of(t, work.samples);
            let link = generator(layers, t);
            let start = net.pass(plan, link, b, Keep::All, work.activations, work.deltas);
            let cost = parts_mut(plan.numbers(work.numbers).cost, plan.rows()).nth(t).unwrap_or_default();
            let x = if t == 0 { batch.x } else { plan.samples_of(t - 1, work.samples) };
            let logits = work.deltas.get_mut(start..).unwrap_or_default();
            output::costs(net, plan, logits, x, t == 0, cost);
        }
        train_prior(net, plan, work);
    }

    #[allow(private_interfaces)]
    fn evaluate(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        from: usize,
        count: usize,
    ) {
        let layers = net.shape.stochastic_layers();
        for t in from..layers {
            let b = plan.samples_of(t, work.branch).top(count);
            net.logits(generator(layers, t), b, count, work.a, work.b);
            output::add_costs(net, plan, batch, work, (from, count), t);
        }
        if net.shape.has_prior() {
            evaluate_prior(net, plan.samples_of(layers - 1, work.branch).top(count), work.total);
        } else {
            let fixed = fixed_prior_cost(net.shape);
            work.total.iter_mut().take(count).for_each(|total| *total += fixed);
        }
    }

    #[allow(private_interfaces)]
    fn keep_linear(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>, t: usize) -> bool {
        output::keep_linear(net, plan, work, t)
    }

    #[allow(private_interfaces)]
    fn flipped(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        row: usize,
        unit: usize,
    ) -> f32 {
        let layers = net.shape.stochastic_layers();
        let b = plan.samples_of(layers - 1, work.samples).bits(row).get(unit);
        let target = match layers.checked_sub(2) {
            None => batch.x.row(plan.example(row)),
            Some(below) => plan.samples_of(below, work.samples).row(row),
        };
        let prior =
            plan.numbers(work.numbers).cost.get(plan.rows() * layers + row).copied().unwrap_or_default();
        // log p(b_T) changes by the unit's logit; a fixed prior has none.
        let logit = net.weights(net.shape.network_layers()).row(0).get(unit).copied().unwrap_or_default();
        let log_prob = output::flipped_log_prob(net, (row, unit, b), (work.b, work.a), target);
        prior + if b { logit } else { -logit } - log_prob
    }

    #[allow(private_interfaces)]
    fn back(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>) {
        let layers = net.shape.stochastic_layers();
        output::back(net, plan, work, layers..2 * layers);
    }

    #[allow(private_interfaces)]
    fn at_samples(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        lent: &mut Lent<'_>,
        through: bool,
        gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        smooth::at_samples(net, plan, lent, through, gradient);
        Ok(())
    }

    #[allow(private_interfaces)]
    fn at(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        lent: &mut Lent<'_>,
        z: Matrix<'_>,
        f: &mut [f32],
        gradient: MatrixMut<'_>,
    ) -> Result<(), Error> {
        smooth::at(net, plan, lent, z, f, gradient)
    }

    #[allow(private_interfaces)]
    fn curvature(
        &mut self,
        net: &Network<'_, '_, K>,
        lent: &mut Lent<'_>,
        v: Matrix<'_>,
        w: Matrix<'_>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        smooth::curvature(net, lent, v, w, out)
    }
}
