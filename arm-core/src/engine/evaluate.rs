//! Evaluation and generation: no gradients, less memory.

use crate::engine::Engine;
use crate::engine::chain::Climb;
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::kernels::Kernels;
use crate::kernels::unit::Independent;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::network::{Batch, check_bits};
use crate::numeric::math::sigmoid;
use crate::numeric::matrix::{BitMatrix, MatrixMut};
use crate::numeric::parts::parts_mut;
use crate::numeric::rng::Purpose;
use crate::objective::Objective;
use crate::shape::plan::Plan;

impl<'s, K: Kernels, E: Estimator> Engine<'s, K, E> {
    /// f of `samples` independent samples for each example, example by example: with a VAE, f = -log w where the mean
    /// of w estimates p(x). The seed, `batch.step` and the index of the example say which uniforms are used.
    ///
    /// `scratch` needs [`Shape::inference_scratch`](crate::Shape::inference_scratch) words. Values are not checked:
    /// a diverged model gives NaN or infinity.
    pub fn evaluate<O: Objective<K>>(
        &self,
        objective: &mut O,
        params: &[f32],
        batch: Batch<'_>,
        samples: usize,
        scratch: &mut [u32],
        f: &mut [f32],
    ) -> Result<(), Error> {
        let net = self.network(params)?;
        objective.check(&self.shape)?;
        self.check_batch(&batch)?;
        let plan = self.plan_of(batch.examples, samples);
        let mut work = plan.eval_work(scratch)?;
        exact_size(plan.rows(), f.len())?;
        self.evaluate_in(&net, &plan, objective, &batch, &mut work);
        f.iter_mut().zip(&*work.total).for_each(|(f, total)| *f = *total);
        Ok(())
    }

    /// [`evaluate`](Self::evaluate) in scratch that is taken apart, with arguments that were checked; leaves f of each row
    /// in `total`.
    #[inline(always)]
    pub(crate) fn evaluate_in<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
    ) {
        self.sample_all(net, plan, batch, work, O::LOG_Q);
        objective.evaluate(net, plan, batch, work, 0, plan.rows());
    }

    /// Samples the whole chain for every row, with log q in `total`.
    #[inline(always)]
    fn sample_all(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        log_q: bool,
    ) {
        work.active.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
        work.total.fill(0.0);
        let climb = Climb { net, plan, address: self.address(Purpose::Evaluate, 0, batch), log_q };
        climb.sample(&mut self.independent(), 0, plan.rows(), work);
    }

    /// For each example, p(x = 1 | b_1) of one sample b_1 ~ q(b_1 | x), a row of `inputs` probabilities each; of a
    /// conditional network p(y = 1 | b_T), a row of `targets` probabilities each (`batch.y` is not read).
    /// `scratch` as for one sample of [`evaluate`](Self::evaluate). Errors: sizes, or a shape without a decoder.
    pub fn reconstruct(
        &self,
        params: &[f32],
        batch: Batch<'_>,
        scratch: &mut [u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        let net = self.decoding(params, batch.examples, out)?;
        check_bits(batch.x, self.shape.inputs(), batch.examples)?;
        let plan = self.plan_of(batch.examples, 1);
        let mut work = plan.eval_work(scratch)?;
        self.sample_all(&net, &plan, &batch, &mut work, false);
        let from = if self.shape.is_conditional() { self.shape.stochastic_layers() - 1 } else { 0 };
        self.decode(&net, plan.samples_of(from, work.branch), work.a, work.b, out);
        Ok(())
    }

    /// Samples from the model, from the prior down to b_1: p(x = 1 | b_1), a row of `inputs` probabilities for each of
    /// `batch.examples` samples (`batch.x` is not read). Errors as [`reconstruct`](Self::reconstruct), or a conditional
    /// network.
    pub fn generate(
        &self,
        params: &[f32],
        batch: Batch<'_>,
        scratch: &mut [u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        let mut work = self.plan_of(batch.examples, 1).eval_work(scratch)?;
        self.generate_in(params, batch, &mut work, out)
    }

    /// [`generate`](Self::generate) in scratch that is taken apart.
    pub(crate) fn generate_in(
        &self,
        params: &[f32],
        batch: Batch<'_>,
        work: &mut Work<'_>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        if !self.shape.is_vae() {
            return Err(Error::Shape);
        }
        let net = self.decoding(params, batch.examples, out)?;
        let plan = self.plan_of(batch.examples, 1);
        let Work { branch: samples, a, b, .. } = work;
        let address = self.address(Purpose::Generate, 0, &batch);
        let layers = self.shape.stochastic_layers();
        for t in (0..layers).rev() {
            let width = self.shape.stochastic_width(t);
            if t + 1 == layers {
                // A fixed prior has no logits: they are zero.
                let prior = net.weights(self.shape.network_layers());
                let mut logits = MatrixMut::new(b, self.shape.stride(width), width);
                for logits in logits.rows_mut().take(plan.rows()) {
                    logits.fill(0.0);
                    logits.iter_mut().zip(prior.row(0)).for_each(|(l, p)| *l = *p);
                }
            } else {
                let link = 2 * layers - 2 - t;
                let above = plan.samples_of(t + 1, samples);
                net.logits(link, above, plan.rows(), a, b);
            }
            let logits = MatrixMut::new(b, self.shape.stride(width), width);
            let logits = logits.as_matrix();
            let u = a.get_mut(..width).unwrap_or_default();
            let start = plan.sample(t);
            let here = samples.get_mut(start..plan.sample(t + 1)).unwrap_or_default();
            for (row, sample) in parts_mut(here, width.div_ceil(32)).enumerate() {
                address.stream(1, row, t).fill(u);
                self.kernels.draw(&Independent, logits.row(row), u, sample);
            }
        }
        self.decode(&net, plan.samples_of(0, samples), a, b, out);
        Ok(())
    }

    /// The logits of [link](crate::Shape::link) `k` for given samples of the layer below it: link 0 gives those of
    /// q(b_1 | x), the last one those of p(x | b_1). Each row of `x` gives a row of the link's width in `out`.
    ///
    /// `scratch` as for one sample of [`evaluate`](Self::evaluate). Errors: sizes, [`Error::Width`] for rows of another
    /// width, [`Error::Setting`] where there is no such link. Cost: one pass through the link.
    pub fn logits(
        &self,
        params: &[f32],
        k: usize,
        x: BitMatrix<'_>,
        scratch: &mut [u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        let links = self.shape.stochastic_layers() * if self.shape.is_vae() { 2 } else { 1 };
        if k >= links {
            return Err(Error::Setting);
        }
        let (first, last) = self.shape.link(k);
        let (inputs, width) = (self.shape.dense(first).inputs, self.shape.dense(last).outputs);
        let tail = inputs % 32;
        if x.cols() != inputs || x.rows().any(|row| tail > 0 && row.last().is_some_and(|w| w >> tail != 0)) {
            return Err(Error::Width { needed: inputs, given: x.cols() });
        }
        exact_size(x.height().saturating_mul(width), out.len())?;
        let net = self.network(params)?;
        let Work { a, b, .. } = self.plan_of(x.height(), 1).eval_work(scratch)?;
        let logits = net.logits(k, x, x.height(), a, b);
        for (out, logits) in parts_mut(out, width).zip(logits.as_matrix().rows()) {
            out.iter_mut().zip(logits).for_each(|(o, l)| *o = *l);
        }
        Ok(())
    }

    fn decoding<'k, 'p>(
        &'k self,
        params: &'p [f32],
        examples: usize,
        out: &[f32],
    ) -> Result<Network<'k, 'p, K>, Error>
    where
        'k: 'p,
    {
        if self.shape.decoder().is_empty() {
            return Err(Error::Shape);
        }
        exact_size(examples.saturating_mul(self.decoded()), out.len())?;
        self.network(params)
    }

    /// Plain draws.
    fn independent(&self) -> impl FnMut(&[f32], &[f32], &mut [u32]) -> f32 {
        |phi, u, b| self.kernels.draw(&Independent, phi, u, b)
    }

    /// Units of what the decoder ends in.
    fn decoded(&self) -> usize {
        self.shape.decoder().last().map_or(0, |layer| layer.width())
    }

    fn decode(
        &self,
        net: &Network<'_, '_, K>,
        b1: BitMatrix<'_>,
        a: &mut [f32],
        b: &mut [f32],
        out: &mut [f32],
    ) {
        let last = self.shape.stochastic_before(self.shape.network_layers()) - 1;
        let logits = net.logits(last, b1, b1.height(), a, b);
        let rows = parts_mut(out, self.decoded());
        for (out, logits) in rows.zip(logits.as_matrix().rows()) {
            out.iter_mut().zip(logits).for_each(|(p, &l)| *p = sigmoid(l));
        }
    }
}
