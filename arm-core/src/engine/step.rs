//! The first phase of a training step: samples, f-values and every gradient with respect to activations, for any share
//! of a batch. Parameters are only read; [`Engine::update`] is the second phase.

use crate::engine::Engine;
use crate::error::{Error, exact_size};
use crate::estimator::{Estimator, Evaluated, Flips};
use crate::feature::BATCH;
use crate::kernels::{Drawn, Kernels};
use crate::network::Batch;
use crate::network::scratch::Work;
use crate::network::{Keep, Network};
use crate::numeric::LIMIT;
use crate::numeric::bits::words;
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::parts::{parts, parts_mut, slice};
use crate::numeric::rng::Purpose;
use crate::objective::Objective;
use crate::shape::plan::Plan;

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// Draws samples, evaluates f and computes every gradient with respect to activations; parameters are only read.
    /// `f` receives the (weighted) mean of f over the samples of each example.
    ///
    /// `scratch` may hold anything, but with a padded shape it must start as zeros and then serve batches of one size
    /// only. Errors: sizes; [`Error::Objective`] and [`Error::Diverged`], after which the step must not be applied.
    #[inline]
    pub fn examples<O: Objective<K>>(
        &self,
        objective: &mut O,
        params: &[f32],
        batch: Batch<'_>,
        scratch: &mut [u32],
        f: &mut [f32],
    ) -> Result<(), Error> {
        let net = self.network(params)?;
        objective.check(&self.shape)?;
        self.estimator.check(&self.shape)?;
        self.check_batch(&batch)?;
        exact_size(batch.examples, f.len())?;
        let plan = self.plan(batch.examples);
        let (scratch, relaxed) =
            if E::RELAXED { self.split_relaxed(&plan, scratch)? } else { (scratch, &mut [][..]) };
        let (given, mut rest) = (scratch.len(), scratch);
        // Where it lies it stays: a large value that is moved is there twice.
        let mut work = plan.work(true, &mut rest);
        let Some(work) = &mut work else { return Err(plan.too_small(given)) };
        self.examples_in(&net, &plan, objective, &batch, work, relaxed, f)
    }

    /// [`examples`](Self::examples) in scratch that is taken apart, with arguments that were checked.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(crate) fn examples_in<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        relaxed: &mut [f32],
        f: &mut [f32],
    ) -> Result<(), Error> {
        self.draw(net, plan, batch, work);
        objective.train(net, plan, batch, work);
        if !self.signals(plan, O::LOG_Q, work, f) {
            return Err(Error::Objective);
        }
        if E::RELAXED {
            self.relaxed(net, plan, objective, batch, work, relaxed)?;
            return if limited(&self.kernels, work) { Ok(()) } else { Err(Error::Diverged) };
        }
        for t in 0..self.shape.stochastic_layers() {
            if E::PAIRED || E::FLIPS != Flips::None {
                self.branches(net, plan, objective, batch, work, t)?;
            } else {
                let signal = plan.numbers(work.numbers).signal;
                self.apply_signals(plan, t, signal, work.deltas);
            }
            if t == 0 && plan.samples() > 1 {
                self.merge_samples(plan, work.deltas);
            }
            net.back(plan, t, work.activations, work.deltas);
        }
        objective.back(net, plan, work);
        if limited(&self.kernels, work) { Ok(()) } else { Err(Error::Diverged) }
    }

    /// f of every row, and what the estimator makes of it; the mean f of each example. False for an f that is not finite.
    #[inline(never)]
    fn signals(&self, plan: &Plan<'_>, direct: bool, work: &mut Work<'_>, f: &mut [f32]) -> bool {
        let rows = plan.rows();
        let numbers = plan.numbers(work.numbers);
        let total = &mut *work.total;
        total.fill(0.0);
        for log_q in parts(numbers.log_q, rows) {
            add(log_q, total);
        }
        numbers.f.fill(0.0);
        if direct {
            add(total, numbers.f);
        }
        for cost in parts(numbers.cost, rows) {
            add(cost, numbers.f);
        }
        if !numbers.f.iter().all(|f| f.is_finite()) {
            return false;
        }
        let samples = plan.samples();
        let of_examples = parts(numbers.f, samples).zip(parts(total, samples));
        let outputs = parts_mut(numbers.signal, samples).zip(parts_mut(numbers.weight, samples));
        for (((f, log_q), (signal, weight)), mean) in of_examples.zip(outputs).zip(f) {
            let evaluated = Evaluated { f, log_q, direct };
            self.estimator.signals(evaluated, signal, weight);
            *mean = self.estimator.objective(evaluated, weight);
        }
        true
    }

    /// Samples the whole chain for every row, with partners, scores and log q.
    #[inline(always)]
    fn draw(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, batch: &Batch<'_>, work: &mut Work<'_>) {
        let mut units_before = 0;
        for t in 0..self.shape.stochastic_layers() {
            let x = if t == 0 { batch.x } else { plan.samples_of(t - 1, work.samples) };
            net.pass(plan, t, x, Keep::Hidden, work.activations, work.b);
            self.draw_layer(plan, t, units_before, batch, work);
            units_before += self.shape.stochastic_width(t);
        }
    }

    /// Samples layer `t`, whose logits are in `b`.
    #[inline(never)]
    fn draw_layer(
        &self,
        plan: &Plan<'_>,
        t: usize,
        units_before: usize,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
    ) {
        let (rows, samples) = (plan.rows(), plan.samples());
        let ((width, stride, scores), start) = (plan.scores(t), plan.sample(t));
        let coupled = E::COUPLED && t == 0;
        if coupled {
            let scores = work.deltas.get_mut(scores..).unwrap_or_default();
            let address = self.address(Purpose::Sample, 0, batch);
            let of_examples = parts_mut(scores, samples * stride).take(plan.examples()).enumerate();
            for (e, rows) in of_examples {
                for (s, row) in parts_mut(rows, stride).enumerate() {
                    let row = row.get_mut(..width).unwrap_or_default();
                    address.stream(samples, e * samples + s, t).fill(row);
                }
                self.estimator.couple(rows, stride, width);
            }
        } else {
            let u = if BATCH { slice(work.a, 0, rows * stride) } else { &mut *work.a };
            let address = self.address(Purpose::Sample, 0, batch);
            address.fill(&self.kernels, samples, None, t, MatrixMut::new(u, stride, width));
        }
        for row in 0..rows {
            let at = scores + row * stride;
            let u = slice(work.a, row * stride, width);
            if coupled {
                u.iter_mut().zip(&*slice(work.deltas, at, width)).for_each(|(u, s)| *u = *s);
            } else {
                self.estimator.noise(row.checked_rem(samples).unwrap_or(0), units_before, u);
            }
            // All else is looked up now: what is known across a call takes stack.
            let here = start + row * words(width);
            let (sample, partner) =
                (slice(work.samples, here, words(width)), slice(work.partners, here, words(width)));
            let score = slice(work.deltas, at, width);
            let phi = Matrix::new(work.b, stride, width).row(if t == 0 { plan.example(row) } else { row });
            let drawn = Drawn { sample, partner, score: &mut *score };
            let logs = self.kernels.sample(&self.estimator, phi, u, drawn);
            let numbers = plan.numbers(work.numbers);
            let log_q = parts_mut(numbers.log_q, rows).nth(t).unwrap_or_default();
            let log_q_partner = parts_mut(numbers.log_q_partner, rows).nth(t).unwrap_or_default();
            if let (Some(own), Some(partner)) = (log_q.get_mut(row), log_q_partner.get_mut(row)) {
                (*own, *partner) = logs;
            }
            if E::FLIPS != Flips::None || E::RELAXED {
                let from = self.estimator.flips_from(width);
                for (score, phi) in score.iter_mut().zip(phi) {
                    if phi.abs() >= from {
                        *score = *phi;
                    }
                }
            }
        }
    }
}

pub(crate) fn add(x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

/// Whether no activation and no gradient is beyond [`LIMIT`].
#[inline(never)]
fn limited(kernels: &impl Kernels, work: &Work<'_>) -> bool {
    [&*work.activations, work.deltas].iter().all(|values| kernels.within(LIMIT, values))
}
