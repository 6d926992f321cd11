use super::{Objective, output};
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::scratch::Work;
use crate::network::{Keep, Network};
use crate::numeric::parts::parts_mut;
use crate::shape::Shape;
use crate::shape::plan::Plan;

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
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, batch: &Batch<'_>, work: &mut Work<'_>) {
        let (layers, rows) = (net.shape.stochastic_layers(), plan.rows());
        let top = layers.wrapping_sub(1);
        let costs = plan.numbers(work.numbers).cost;
        costs.fill(0.0);
        let cost = parts_mut(costs, rows).nth(top).unwrap_or_default();
        let b = plan.samples_of(top, work.samples);
        let start = net.pass(plan, layers, b, Keep::All, work.activations, work.deltas);
        output::costs(net, plan, work.deltas.get_mut(start..).unwrap_or_default(), batch.y, true, cost);
    }

    #[allow(private_interfaces)]
    fn evaluate(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        _from: usize,
        count: usize,
    ) {
        let layers = net.shape.stochastic_layers();
        let top = plan.samples_of(layers.wrapping_sub(1), work.branch).top(count);
        let logits = net.logits(layers, top, count, work.a, work.b);
        for ((logits, total), &row) in logits.as_matrix().rows().zip(&mut *work.total).zip(&*work.active) {
            *total -= net.kernels.log_prob(logits, batch.y.row(plan.example(row as usize)));
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
        let top = net.shape.stochastic_layers().wrapping_sub(1);
        let b = plan.samples_of(top, work.samples).bits(row).get(unit);
        let target = batch.y.row(plan.example(row));
        -output::flipped_log_prob(net, (row, unit, b), (work.b, work.a), target)
    }

    #[allow(private_interfaces)]
    fn back(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>) {
        let layers = net.shape.stochastic_layers();
        output::back(net, plan, work, layers..layers + 1);
    }
}
