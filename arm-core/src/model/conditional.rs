use super::{Objective, Pass, Paths, output};
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::{Network, Plan};
use crate::parts::parts_mut;
use crate::shape::Shape;

/// Conditional maximum likelihood, in nats, for one sample of the chain: f = -log p(y | b_T), whose mean is an upper bound
/// of -log p(y | x) (the chain is the model itself: no log q).
///
/// Yin & Zhou, ICLR 2019, Proposition 3 and section 4.2. With K samples [`Engine::evaluate`](crate::Engine::evaluate)
/// gives what the estimate -log of the mean of e^-f is made of; the estimators for the bound train it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditional;

impl<K: Kernels> Objective<K> for Conditional {
    const LOG_Q: bool = false;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_conditional() { Ok(()) } else { Err(Error::Shape) }
    }

    #[allow(private_interfaces)]
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, pass: &mut Pass<'_>) {
        let (layers, rows) = (net.shape.stochastic_layers(), plan.rows());
        let top = layers.wrapping_sub(1);
        pass.cost.fill(0.0);
        let cost = parts_mut(pass.cost, rows).nth(top).unwrap_or_default();
        let out = pass.deltas.get_mut(plan.delta(net.shape.link(layers).1)..).unwrap_or_default();
        let b = plan.samples_of(top, pass.samples);
        let mut logits = net.logits_kept(plan, layers, b, pass.activations, out);
        for (row, (logits, cost)) in logits.rows_mut().zip(cost).enumerate() {
            *cost = -net.kernels.log_prob_delta(logits, pass.y.row(row / plan.samples.max(1)));
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
        let top = paths.layer(plan, layers.wrapping_sub(1));
        let logits = net.logits(layers, top, paths.active.len(), a, b);
        for ((logits, total), &row) in logits.as_matrix().rows().zip(total).zip(paths.active) {
            *total -= net.kernels.log_prob(logits, paths.y.row(row as usize / plan.samples.max(1)));
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
        let top = net.shape.stochastic_layers().wrapping_sub(1);
        let b = plan.samples_of(top, pass.samples).bits(row).get(unit);
        let target = pass.y.row(row / plan.samples.max(1));
        -output::flipped_log_prob(net, (row, unit, b), logits, room, target)
    }

    #[allow(private_interfaces)]
    fn back(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, weight: &[f32], pass: &mut Pass<'_>) {
        let layers = net.shape.stochastic_layers();
        output::back(net, plan, weight, pass, layers..layers + 1);
    }
}
