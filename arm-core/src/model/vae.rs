use super::{Objective, Pass, Paths, output, smooth};
use crate::error::Error;
use crate::kernels::Kernels;
use crate::matrix::{Matrix, MatrixMut};
use crate::network::{Network, Plan};
use crate::parts::parts_mut;
use crate::relaxed::Lent;
use crate::shape::{Prior, Shape};

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

impl<K: Kernels> Objective<K> for Vae {
    const LOG_Q: bool = true;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() { Ok(()) } else { Err(Error::Shape) }
    }

    #[allow(private_interfaces)]
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, pass: &mut Pass<'_>) {
        let (layers, rows) = (net.shape.stochastic_layers(), plan.rows());
        for (t, cost) in parts_mut(pass.cost, rows).enumerate().take(layers) {
            let link = generator(layers, t);
            let last = net.shape.link(link).1;
            let out = pass.deltas.get_mut(plan.delta(last)..).unwrap_or_default();
            let b = plan.samples_of(t, pass.samples);
            let mut logits = net.logits_kept(plan, link, b, pass.activations, out);
            for (row, (logits, cost)) in logits.rows_mut().zip(cost).enumerate() {
                let target = match t.checked_sub(1) {
                    None => pass.x.row(row / plan.samples.max(1)),
                    Some(below) => plan.samples_of(below, pass.samples).row(row),
                };
                *cost = -net.kernels.log_prob_delta(logits, target);
            }
        }
        let top = plan.samples_of(layers - 1, pass.samples);
        let cost = pass.cost.get_mut(rows * layers..).unwrap_or_default();
        if net.shape.prior() == Prior::Fixed {
            cost.fill(fixed_prior_cost(&net.shape));
            return;
        }
        let i = net.shape.network_layers();
        let dense = net.shape.dense(i);
        let deltas = pass.deltas.get_mut(plan.delta(i)..).unwrap_or_default();
        let mut deltas = MatrixMut::new(deltas, dense.stride, dense.outputs);
        for ((delta, b), cost) in deltas.rows_mut().zip(top.rows()).zip(cost) {
            for (d, logit) in delta.iter_mut().zip(net.weights(i).row(0)) {
                *d = *logit;
            }
            *cost = -net.kernels.log_prob_delta(delta, b);
        }
    }

    #[allow(private_interfaces)]
    fn evaluate(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        paths: &Paths<'_>,
        (a, b): (&mut [f32], &mut [f32]),
        total: &mut [f32],
    ) {
        let layers = net.shape.stochastic_layers();
        let rows = paths.active.len();
        for t in paths.from..layers {
            let logits = net.logits(generator(layers, t), paths.layer(plan, t), rows, a, b);
            for (row, (logits, total)) in logits.as_matrix().rows().zip(total.iter_mut()).enumerate() {
                *total -= net.kernels.log_prob(logits, paths.target(plan, t, row));
            }
        }
        let fixed = fixed_prior_cost(&net.shape);
        let logits = net.weights(net.shape.network_layers()).row(0);
        let top = paths.layer(plan, layers - 1);
        for (b, total) in top.rows().zip(total) {
            *total += match net.shape.prior() {
                Prior::Fixed => fixed,
                Prior::Learned => -net.kernels.log_prob(logits, b),
            };
        }
    }

    #[allow(private_interfaces)]
    fn keep_linear(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        pass: &Pass<'_>,
        t: usize,
        logits: &mut [f32],
    ) -> bool {
        output::keep_linear(net, plan, pass, t, logits)
    }

    #[allow(private_interfaces)]
    fn flipped(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        pass: &Pass<'_>,
        (row, unit): (usize, usize),
        logits: &[f32],
        room: &mut [f32],
    ) -> f32 {
        let layers = net.shape.stochastic_layers();
        let b = plan.samples_of(layers - 1, pass.samples).bits(row).get(unit);
        let target = match layers.checked_sub(2) {
            None => pass.x.row(row / plan.samples.max(1)),
            Some(below) => plan.samples_of(below, pass.samples).row(row),
        };
        let prior = pass.cost.get(plan.rows() * layers + row).copied().unwrap_or_default();
        // log p(b_T) changes by the unit's logit; a fixed prior has none.
        let logit = net.weights(net.shape.network_layers()).row(0).get(unit).copied().unwrap_or_default();
        let log_prob = output::flipped_log_prob(net, (row, unit, b), logits, room, target);
        prior + if b { logit } else { -logit } - log_prob
    }

    #[allow(private_interfaces)]
    fn back(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, weight: &[f32], pass: &mut Pass<'_>) {
        let layers = net.shape.stochastic_layers();
        output::back(net, plan, weight, pass, layers..2 * layers);
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
