use super::Objective;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::numeric::bits::Bits;
use crate::shape::Shape;
use crate::shape::plan::Plan;

/// Any f(b_T), called once for each sample, in the order of rows and samples before their partners. It is minimised: to
/// maximise a reward return its negative.
#[derive(Clone, Copy, Debug)]
pub struct BlackBox<F>(
    /// The objective.
    pub F,
);

impl<K: Kernels, F: FnMut(Bits<'_>) -> f32> Objective<K> for BlackBox<F> {
    const LOG_Q: bool = false;

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if shape.is_vae() || shape.is_conditional() { Err(Error::Shape) } else { Ok(()) }
    }

    #[allow(private_interfaces)]
    fn train(&mut self, net: &Network<'_, '_, K>, plan: &Plan<'_>, _: &Batch<'_>, work: &mut Work<'_>) {
        let top = net.shape.stochastic_layers().wrapping_sub(1);
        let b = plan.samples_of(top, work.samples);
        let cost = plan.numbers(work.numbers).cost;
        cost.fill(0.0);
        let top_cost = cost.get_mut(plan.rows().wrapping_mul(top.wrapping_add(1))..);
        for (row, cost) in top_cost.unwrap_or_default().iter_mut().enumerate() {
            *cost = (self.0)(b.bits(row));
        }
    }

    #[allow(private_interfaces)]
    fn evaluate(
        &mut self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        _: &Batch<'_>,
        work: &mut Work<'_>,
        _from: usize,
        count: usize,
    ) {
        let b = plan.samples_of(net.shape.stochastic_layers().wrapping_sub(1), work.branch);
        for (row, total) in work.total.iter_mut().enumerate().take(count) {
            *total += (self.0)(b.bits(row));
        }
    }

    #[allow(private_interfaces)]
    fn back(&self, _: &Network<'_, '_, K>, _: &Plan<'_>, _: &mut Work<'_>) {}
}
