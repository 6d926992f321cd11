//! The first phase of a training step: samples, f-values and every gradient with respect to activations, for any share
//! of a batch. Parameters are only read; [`Engine::update`] is the second phase.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `tests/tests/engine/gradients.rs`, `scratch.rs`.

use crate::engine::{Engine, Estimates, Samples};
use crate::error::{Error, exact_size};
use crate::estimator::{Estimator, SecondPaths};
use crate::feature::BATCH;
use crate::kernels::{Drawn, DrawnRows, NatsOf, ValueOf, WeightOf};
use crate::network::{Batch, Keep, Pass, Scratch};
use crate::numeric::bits::words;
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::matrix::{Matrix, MatrixMut};
use crate::numeric::number::{Nats, Numbers};
use crate::numeric::rng::Purpose;
use crate::numeric::window::{block_mut, element_mut, window, window_mut};
use crate::objective::Objective;
use crate::shape::layout::{Layout, ScoreRows};

impl<K: Estimates, E: Estimator> Engine<'_, K, E> {
    /// Draws samples, evaluates f and computes every gradient with respect to activations; parameters are only read.
    /// `f` receives the (weighted) mean of f over the samples of each example.
    ///
    /// `scratch` may hold anything, but with a padded shape it must start as zeros and then serve batches of one size
    /// only. Errors: sizes; [`Error::Objective`] and [`Error::Diverged`], after which the step must not be applied.
    #[inline]
    pub fn examples<O: Objective<K>>(
        &self,
        objective: &mut O,
        params: &[WeightOf<K>],
        batch: Batch<'_>,
        scratch: &mut [u32],
        f: &mut [NatsOf<K>],
    ) -> Result<(), Error> {
        self.check_params(params)?;
        let pass = self.pass(params, &batch, self.estimator.samples());
        objective.check(&self.shape)?;
        self.estimator.check(&self.shape)?;
        self.check_batch(&batch)?;
        exact_size(batch.examples, f.len())?;
        let layout = &pass.layout;
        let (scratch, relaxed) = match self.estimator.relaxation() {
            Some(relaxation) => self.split_relaxed(relaxation, layout, scratch)?,
            None => (scratch, &mut [][..]),
        };
        let (given, mut rest) = (scratch.len(), scratch);
        // Where it lies it stays: a large value that is moved is there twice.
        let mut scratch = Scratch::default();
        if !layout.scratch(true, &mut rest, &mut scratch) {
            return Err(layout.too_small::<K::Numbers>(given));
        }
        self.examples_in(&pass, objective, &mut scratch, relaxed, f)
    }

    /// [`examples`](Self::examples) in scratch that is taken apart, with arguments that were checked.
    #[inline(always)]
    pub(crate) fn examples_in<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_, K::Numbers>,
        relaxed: &mut [f32],
        f: &mut [NatsOf<K>],
    ) -> Result<(), Error> {
        let Pass { layout, .. } = pass;
        self.draw(pass, scratch);
        objective.train(pass, scratch);
        if !self.signals(layout, O::HAS_LOG_Q, scratch, f) {
            return Err(Error::Objective);
        }
        if let Some(relaxation) = self.estimator.relaxation() {
            K::relaxed(self, relaxation, pass, objective, scratch, relaxed)?;
            return if limited::<K>(&self.kernels, scratch) { Ok(()) } else { Err(Error::Diverged) };
        }
        for t in 0..self.shape.stochastic_layers() {
            if self.estimator.second_paths() != SecondPaths::None {
                self.second_paths(pass, objective, scratch, t)?;
            } else {
                let signal = layout.per_row(scratch.per_row).signal;
                self.apply_signals(layout, t, signal, scratch.deltas);
            }
            if t == 0 && layout.samples() > 1 {
                self.merge_samples(layout, scratch.deltas);
            }
            pass.back(t, scratch.activations, scratch.deltas);
        }
        objective.back(pass, scratch);
        if limited::<K>(&self.kernels, scratch) { Ok(()) } else { Err(Error::Diverged) }
    }

    /// f of every row, and what the estimator makes of it; the mean f of each example. False for an f that is not finite.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn signals(
        &self,
        layout: &Layout<'_>,
        f_has_log_q: bool,
        scratch: &mut Scratch<'_, K::Numbers>,
        f: &mut [NatsOf<K>],
    ) -> bool {
        let rows = layout.rows();
        let per_row = layout.per_row(scratch.per_row);
        let log_q = &mut *scratch.path_f;
        // Row by row: most often there is one, for which a block were a call.
        for (row, (f, log_q)) in per_row.f.iter_mut().zip(&mut *log_q).enumerate() {
            let sum = |from: NatsOf<K>, blocks: &[NatsOf<K>]| {
                let blocks = window(blocks, row..).iter();
                if BATCH { blocks.step_by(rows.max(1)).fold(from, added) } else { blocks.fold(from, added) }
            };
            *log_q = sum(NatsOf::<K>::default(), per_row.log_q);
            let from = NatsOf::<K>::default();
            *f = sum(if f_has_log_q { added(from, log_q) } else { from }, per_row.cost);
        }
        if !per_row.f.iter().all(|f| f.finite()) {
            return false;
        }
        let samples = layout.samples();
        let of_examples = chunks(per_row.f, samples).zip(chunks(log_q, samples));
        let outputs = chunks_mut(per_row.signal, samples).zip(chunks_mut(per_row.weight, samples));
        for (((f, log_q), (signal, weight)), mean) in of_examples.zip(outputs).zip(f) {
            let samples = Samples { f, log_q, f_has_log_q };
            *mean = K::signals(&self.estimator, samples, signal, weight);
        }
        true
    }

    /// Samples the whole chain for every row, with partners, scores and log q.
    #[inline(always)]
    fn draw(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>) {
        let Pass { layout, batch, .. } = pass;
        let mut units_before = 0;
        for t in 0..self.shape.stochastic_layers() {
            let x = if t == 0 { batch.x } else { layout.samples_of(t - 1, scratch.samples) };
            pass.forward(t, x, Keep::Hidden, scratch.activations, scratch.logits);
            self.draw_layer(pass, t, units_before, scratch);
            units_before += self.shape.stochastic_width(t);
        }
    }

    /// Samples layer `t`, whose logits are in the scratch.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn draw_layer(
        &self,
        pass: &Pass<'_, K>,
        t: usize,
        units_before: usize,
        scratch: &mut Scratch<'_, K::Numbers>,
    ) {
        let layout = &pass.layout;
        let (rows, samples) = (layout.rows(), layout.samples());
        let (ScoreRows { width, stride, start: scores }, start) = (layout.scores(t), layout.sample(t));
        let transform = self.estimator.uniform_transform();
        let coupling = transform.filter(|transform| t == 0 && transform.couples());
        if let Some(coupling) = coupling {
            let scores = window_mut(K::Numbers::floats_mut(scratch.deltas), scores..);
            let address = self.address(pass.batch, Purpose::Sample, 0);
            let of_examples = chunks_mut(scores, samples * stride).take(layout.examples()).enumerate();
            for (e, rows) in of_examples {
                for (s, row) in chunks_mut(rows, stride).enumerate() {
                    let row = window_mut(row, ..width);
                    address.stream(samples, e * samples + s, t).fill(row);
                }
                coupling.couple(rows, stride, width);
            }
        } else {
            let u = if BATCH {
                window_mut(scratch.hidden_or_uniforms, ..rows * stride)
            } else {
                &mut *scratch.hidden_or_uniforms
            };
            let address = self.address(pass.batch, Purpose::Sample, 0);
            address.fill(&self.kernels, samples, None, t, MatrixMut::new(u, stride, width));
        }
        if BATCH
            && transform.is_none()
            && (t > 0 || samples == 1)
            && !self.estimator.second_paths().has_flips()
            && self.estimator.relaxation().is_none()
        {
            let here = start..start + rows * words(width);
            let per_row = layout.per_row(scratch.per_row);
            let out = DrawnRows {
                sample: window_mut(scratch.samples, here.clone()),
                partner: window_mut(scratch.partners, here),
                score: MatrixMut::new(window_mut(scratch.deltas, scores..), stride, width),
                log_q: block_mut(per_row.log_q, rows, t),
                log_q_partner: block_mut(per_row.log_q_partner, rows, t),
            };
            let u = Matrix::new(scratch.hidden_or_uniforms, stride, width);
            let phi = Matrix::new(scratch.logits, stride, width);
            if self.kernels.sample_rows(&self.estimator, phi, u, out) {
                return;
            }
        }
        for row in 0..rows {
            let at = scores + row * stride;
            let u = window_mut(scratch.hidden_or_uniforms, row * stride..row * stride + width);
            if coupling.is_some() {
                u.iter_mut().zip(&*window_mut(scratch.deltas, at..at + width)).for_each(|(u, s)| *u = *s);
            } else if let Some(transform) = transform {
                let s = row.checked_rem(samples).unwrap_or(0);
                transform.transform(s, units_before, K::Numbers::floats_mut(u));
            }
            // All else is looked up now: what is known across a call takes stack.
            let here = start + row * words(width);
            let (sample, partner) = (
                window_mut(scratch.samples, here..here + words(width)),
                window_mut(scratch.partners, here..here + words(width)),
            );
            let score = window_mut(scratch.deltas, at..at + width);
            let phi = Matrix::new(scratch.logits, stride, width).row(if t == 0 {
                layout.example(row)
            } else {
                row
            });
            let drawn = Drawn { sample, partner, score: &mut *score };
            let logs = self.kernels.sample(&self.estimator, phi, u, drawn);
            let per_row = layout.per_row(scratch.per_row);
            let log_q = block_mut(per_row.log_q, rows, t);
            let log_q_partner = block_mut(per_row.log_q_partner, rows, t);
            if let (Some(own), Some(partner)) = (element_mut(log_q, row), element_mut(log_q_partner, row)) {
                (*own, *partner) = logs;
            }
            if self.estimator.second_paths().has_flips() || self.estimator.relaxation().is_some() {
                let from = self.estimator.flips_from(width);
                let (score, phi) = (K::Numbers::floats_mut(score), K::Numbers::floats(phi));
                for (score, phi) in score.iter_mut().zip(phi) {
                    if phi.abs() >= from {
                        *score = *phi;
                    }
                }
            }
        }
    }
}

fn added<F: Nats>(mut sum: F, term: &F) -> F {
    sum += *term;
    sum
}

/// Whether no activation and no gradient is beyond [`LIMIT`](crate::LIMIT).
#[cfg_attr(target_os = "none", inline(never))]
#[cfg_attr(not(target_os = "none"), inline)]
fn limited<K: Estimates>(kernels: &K, scratch: &Scratch<'_, K::Numbers>) -> bool {
    let parts: [&[ValueOf<K>]; 2] = [scratch.activations, scratch.deltas];
    parts.iter().all(|values| kernels.sound(values))
}
