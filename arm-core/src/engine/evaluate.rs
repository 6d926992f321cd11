//! Evaluation and generation: no gradients, less memory.
//!
//! Tests: `tests/tests/estimators/bound.rs`, `tests/tests/engine/scratch.rs`.

use crate::engine::upward::UpwardSampler;
use crate::engine::{Engine, Estimates};
use crate::error::{Error, exact_size};
use crate::estimator::Estimator;
use crate::kernels::{NatsOf, ValueOf, WeightOf};
use crate::network::{Batch, Pass, Scratch, check_bits};
use crate::numeric::chunks::chunks_mut;
use crate::numeric::matrix::{BitMatrix, Matrix, MatrixMut};
use crate::numeric::rng::Purpose;
use crate::numeric::window::window_mut;
use crate::objective::Objective;
use crate::shape::layout::Layout;

impl<'s, K: Estimates, E: Estimator> Engine<'s, K, E> {
    /// f of `samples` independent samples for each example, example by example: with a VAE, f = -log w where the mean
    /// of w estimates p(x). The seed, `batch.step` and the index of the example say which uniforms are used.
    ///
    /// `scratch` needs [`Shape::inference_scratch`](crate::Shape::inference_scratch) words. Values are not checked:
    /// a diverged model gives NaN or infinity.
    pub fn evaluate<O: Objective<K>>(
        &self,
        objective: &mut O,
        params: &[WeightOf<K>],
        batch: Batch<'_>,
        samples: usize,
        scratch: &mut [u32],
        f: &mut [NatsOf<K>],
    ) -> Result<(), Error> {
        self.check_params(params)?;
        let pass = self.pass(params, &batch, samples);
        objective.check(&self.shape)?;
        self.check_batch(&batch)?;
        Layout::check_rows(batch.examples, samples)?;
        let mut scratch = pass.layout.inference(scratch)?;
        exact_size(pass.layout.rows(), f.len())?;
        self.evaluate_in(&pass, objective, &mut scratch);
        f.iter_mut().zip(&*scratch.path_f).for_each(|(f, path_f)| *f = *path_f);
        Ok(())
    }

    /// [`evaluate`](Self::evaluate) in scratch that is taken apart, with arguments that were checked; leaves f of each row
    /// in `path_f`.
    #[inline(always)]
    pub(crate) fn evaluate_in<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_, K::Numbers>,
    ) {
        self.sample_all(pass, scratch, O::HAS_LOG_Q);
        objective.evaluate(pass, scratch, 0, pass.layout.rows());
    }

    /// Samples the whole chain for every row, with log q in `path_f`.
    #[inline(always)]
    fn sample_all(&self, pass: &Pass<'_, K>, scratch: &mut Scratch<'_, K::Numbers>, log_q: bool) {
        scratch.path_rows.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
        scratch.path_f.fill(NatsOf::<K>::default());
        let sampler = UpwardSampler { pass, address: self.address(pass.batch, Purpose::Evaluate, 0), log_q };
        // Plain draws.
        let mut draw =
            |phi: &[ValueOf<K>], u: &[ValueOf<K>], b: &mut [u32]| self.kernels.draw_independent(phi, u, b);
        sampler.sample(&mut draw, 0, pass.layout.rows(), scratch);
    }

    /// For each example, p(x = 1 | b_1) of one sample b_1 ~ q(b_1 | x), a row of `inputs` probabilities each; of a
    /// conditional network p(y = 1 | b_T), a row of `targets` probabilities each (`batch.y` is not read).
    /// `scratch` as for one sample of [`evaluate`](Self::evaluate). Errors: sizes, or a shape without a decoder.
    pub fn reconstruct(
        &self,
        params: &[WeightOf<K>],
        batch: Batch<'_>,
        scratch: &mut [u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        Layout::check_rows(batch.examples, 1)?;
        let pass = self.decoding(params, &batch, out)?;
        check_bits(batch.x, self.shape.inputs(), batch.examples)?;
        let mut scratch = pass.layout.inference(scratch)?;
        self.sample_all(&pass, &mut scratch, false);
        let from = if self.shape.is_conditional() { self.shape.stochastic_layers() - 1 } else { 0 };
        self.decode(&pass, from, &mut scratch, out);
        Ok(())
    }

    /// Samples from the model, from the prior down to b_1: p(x = 1 | b_1), a row of `inputs` probabilities for each of
    /// `batch.examples` samples (`batch.x` is not read). Errors as [`reconstruct`](Self::reconstruct), or a conditional
    /// network.
    pub fn generate(
        &self,
        params: &[WeightOf<K>],
        batch: Batch<'_>,
        scratch: &mut [u32],
        out: &mut [f32],
    ) -> Result<(), Error> {
        Layout::check_rows(batch.examples, 1)?;
        let mut scratch = self.layout_of(batch.examples, 1).inference(scratch)?;
        self.generate_in(params, batch, &mut scratch, out)
    }

    /// [`generate`](Self::generate) in scratch that is taken apart.
    pub(crate) fn generate_in(
        &self,
        params: &[WeightOf<K>],
        batch: Batch<'_>,
        scratch: &mut Scratch<'_, K::Numbers>,
        out: &mut [f32],
    ) -> Result<(), Error> {
        if !self.shape.is_vae() {
            return Err(Error::OtherObjective);
        }
        let pass = self.decoding(params, &batch, out)?;
        let Pass { layout, .. } = &pass;
        let Scratch { path_samples: samples, hidden_or_uniforms: room, logits, .. } = &mut *scratch;
        let address = self.address(pass.batch, Purpose::Generate, 0);
        let layers = self.shape.stochastic_layers();
        for t in (0..layers).rev() {
            let width = self.shape.stochastic_width(t);
            if t + 1 == layers {
                // A fixed prior has no logits: they are zero.
                let prior = pass.weights(self.shape.network_layers());
                let mut logits = MatrixMut::new(logits, self.shape.stride(width), width);
                for logits in logits.rows_mut().take(layout.rows()) {
                    logits.fill(ValueOf::<K>::default());
                    pass.kernels.logits(prior.row(0), logits);
                }
            } else {
                let link = 2 * layers - 2 - t;
                let above = layout.samples_of(t + 1, samples);
                pass.logits(link, above, layout.rows(), room, logits);
            }
            let logits = Matrix::new(logits, self.shape.stride(width), width);
            let u = window_mut(room, ..width);
            let start = layout.sample(t);
            let here = window_mut(samples, start..layout.sample(t + 1));
            for (row, sample) in chunks_mut(here, width.div_ceil(32)).enumerate() {
                address.fill_row(&self.kernels, row, t, u);
                self.kernels.draw_independent(logits.row(row), u, sample);
            }
        }
        self.decode(&pass, 0, scratch, out);
        Ok(())
    }

    /// The logits of [link](crate::Shape::link) `k` for given samples of the layer below it: link 0 gives those of
    /// q(b_1 | x), the last one those of p(x | b_1). Each row of `x` gives a row of the link's width in `out`.
    ///
    /// `scratch` as for one sample of [`evaluate`](Self::evaluate). Errors: sizes, [`Error::Width`] for rows of another
    /// width, [`Error::Setting`] where there is no such link. Cost: one pass through the link.
    pub fn logits(
        &self,
        params: &[WeightOf<K>],
        k: usize,
        x: BitMatrix<'_>,
        scratch: &mut [u32],
        out: &mut [ValueOf<K>],
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
        self.check_params(params)?;
        Layout::check_rows(x.height(), 1)?;
        let batch = Batch::new(x, x.height(), 0, 0);
        let pass = self.pass(params, &batch, 1);
        let Scratch { hidden_or_uniforms: hidden, logits, .. } =
            pass.layout.inference::<K::Numbers>(scratch)?;
        let logits = pass.logits(k, x, x.height(), hidden, logits);
        for (out, logits) in chunks_mut(out, width).zip(logits.as_matrix().rows()) {
            out.iter_mut().zip(logits).for_each(|(o, l)| *o = *l);
        }
        Ok(())
    }

    /// A pass with one sample an example whose decoder gives `out`.
    #[inline(always)]
    fn decoding<'a>(
        &'a self,
        params: &'a [WeightOf<K>],
        batch: &'a Batch<'a>,
        out: &[f32],
    ) -> Result<Pass<'a, K>, Error> {
        if self.shape.decoder().is_empty() {
            return Err(Error::OtherObjective);
        }
        exact_size(batch.examples.saturating_mul(self.decoded()), out.len())?;
        self.check_params(params)?;
        Ok(self.pass(params, batch, 1))
    }

    /// Units of what the decoder ends in.
    fn decoded(&self) -> usize {
        self.shape.decoder().last().map_or(0, |layer| layer.width())
    }

    /// The probabilities that the decoder ends in, given the samples of layer `from`.
    fn decode(
        &self,
        pass: &Pass<'_, K>,
        from: usize,
        scratch: &mut Scratch<'_, K::Numbers>,
        out: &mut [f32],
    ) {
        let Scratch { path_samples, hidden_or_uniforms: hidden, logits, .. } = scratch;
        let below = pass.layout.samples_of(from, path_samples);
        let last = self.shape.stochastic_before(self.shape.network_layers()) - 1;
        let logits = pass.logits(last, below, below.height(), hidden, logits);
        let rows = chunks_mut(out, self.decoded());
        for (out, logits) in rows.zip(logits.as_matrix().rows()) {
            out.iter_mut().zip(logits).for_each(|(p, &l)| *p = self.kernels.probability(l));
        }
    }
}
