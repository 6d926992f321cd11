//! The first phase of a training step: samples, f-values and every gradient with respect to activations, for any share
//! of a batch. Parameters are only read; [`Engine::update`] is the second phase.

use crate::bits::words;
use crate::chain::Address;
use crate::error::{Error, exact_size};
use crate::estimator::{Estimator, Evaluated, Flips};
use crate::kernels::{Drawn, Kernels};
use crate::matrix::{BitMatrix, Matrix};
use crate::model::Objective;
use crate::network::Network;
use crate::parts::{parts, parts_mut};
use crate::plan::{Place, Plan};
use crate::rng::Purpose;
use crate::scratch::Work;
use crate::shape::Shape;

/// Largest magnitude of an activation or of a gradient with respect to one, 2^24. A step beyond it is refused.
///
/// Within it no update can make a parameter infinite: a gradient is below 2^48, so with rates up to 2^20 and Adam's
/// epsilon of at least 2^-32 an update is below 2^101, which vanishes in a parameter of 2^126.
pub const LIMIT: f32 = 16_777_216.0;

/// A share of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The inputs, a row each.
    pub x: BitMatrix<'a>,
    /// The targets of a conditional network, a row each; [`BitMatrix::NONE`] for any other.
    pub y: BitMatrix<'a>,
    /// Number of examples (with no input units `x` cannot tell).
    pub examples: usize,
    /// Index of the first of them in the whole batch: the address of its uniforms.
    pub first: u64,
    /// Index of the step.
    pub step: u64,
}

impl<'a> Batch<'a> {
    /// A batch without targets.
    pub const fn new(x: BitMatrix<'a>, examples: usize, first: u64, step: u64) -> Self {
        Batch { x, y: BitMatrix::NONE, examples, first, step }
    }
}

/// The training and evaluation of a network: a shape, kernels and an estimator.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'s, K, E> {
    /// The network, which was checked.
    pub(crate) shape: Shape<'s>,
    /// Its numeric kernels.
    pub kernels: K,
    /// Its gradient estimator.
    pub estimator: E,
    /// Seed of all its uniforms.
    pub seed: u64,
    /// Whether the partner's upper layers share the sample's uniforms; unbiased either way, less variance when shared.
    pub shared: bool,
}

impl<'s, K: Kernels, E: Estimator> Engine<'s, K, E> {
    /// An engine with shared uniforms. Errors: the shape or the estimator's settings.
    pub fn new(shape: Shape<'s>, kernels: K, estimator: E, seed: u64) -> Result<Self, Error> {
        shape.check()?;
        estimator.check(&shape)?;
        Ok(Engine { shape, kernels, estimator, seed, shared: true })
    }

    /// The network.
    pub fn shape(&self) -> Shape<'s> {
        self.shape
    }

    pub(crate) fn plan(&self, examples: usize) -> Plan<'_> {
        Plan::new(&self.shape, examples, self.estimator.samples())
    }

    /// Words of scratch for `examples` examples.
    pub fn training_scratch(&self, examples: usize) -> usize {
        let words = self.shape.training_scratch(examples, self.estimator.samples());
        if E::RELAXED { self.relaxed_scratch(examples, words) } else { words }
    }

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
        let net = Network::new(&self.shape, &self.kernels, params)?;
        objective.check(&self.shape)?;
        self.estimator.check(&self.shape)?;
        self.check_batch(&batch)?;
        exact_size(batch.examples, f.len())?;
        let plan = self.plan(batch.examples);
        let (scratch, relaxed) =
            if E::RELAXED { self.split_relaxed(&plan, scratch)? } else { (scratch, &mut [][..]) };
        let given = scratch.len();
        // Where it lies it stays: a large value that is moved is there twice.
        let mut work = plan.work(&batch, scratch);
        let Some(work) = &mut work else { return Err(plan.too_small(given)) };
        self.draw(&net, &plan, work);
        objective.train(&net, &plan, work);
        self.signals(&plan, O::LOG_Q, work, f)?;
        if E::RELAXED {
            self.relaxed(&net, &plan, objective, work, relaxed)?;
            return limited(work);
        }
        for t in 0..self.shape.stochastic_layers() {
            if E::PAIRED || E::FLIPS != Flips::None {
                self.branches(&net, &plan, objective, work, t)?;
            } else {
                self.apply_signals(&plan, t, work.signal, work.deltas);
            }
            if t == 0 && self.estimator.samples() > 1 {
                self.merge_samples(&plan, work.deltas);
            }
            net.back(&plan, t, work.activations, work.deltas);
        }
        objective.back(&net, &plan, work);
        limited(work)
    }

    /// f of every row, and what the estimator makes of it; the mean f of each example.
    #[inline(never)]
    fn signals(
        &self,
        plan: &Plan<'_>,
        direct: bool,
        work: &mut Work<'_>,
        f: &mut [f32],
    ) -> Result<(), Error> {
        let rows = plan.rows().max(1);
        work.total.fill(0.0);
        for log_q in parts(work.log_q, rows) {
            add(log_q, work.total);
        }
        work.f.fill(0.0);
        if direct {
            add(work.total, work.f);
        }
        for cost in parts(work.cost, rows) {
            add(cost, work.f);
        }
        if !work.f.iter().all(|f| f.is_finite()) {
            return Err(Error::Objective);
        }
        let samples = self.estimator.samples().max(1);
        let of_examples = parts(work.f, samples).zip(parts(work.total, samples));
        let outputs = parts_mut(work.signal, samples).zip(parts_mut(work.weight, samples));
        for (((f, log_q), (signal, weight)), mean) in of_examples.zip(outputs).zip(f) {
            let evaluated = Evaluated { f, log_q, direct };
            self.estimator.signals(evaluated, signal, weight);
            *mean = self.estimator.objective(evaluated, weight);
        }
        Ok(())
    }

    #[inline(never)]
    pub(crate) fn check_batch(&self, batch: &Batch<'_>) -> Result<(), Error> {
        check_bits(batch.x, self.shape.inputs(), batch.examples)?;
        match self.shape.targets() {
            0 if batch.y.cols() == 0 => Ok(()),
            targets => check_bits(batch.y, targets, batch.examples),
        }
    }

    /// Samples the whole chain for every row, with partners, scores and log q.
    #[inline(never)]
    fn draw(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, work: &mut Work<'_>) {
        let mut units_before = 0;
        for t in 0..self.shape.stochastic_layers() {
            let x = if t == 0 { work.batch.x } else { plan.samples_of(t - 1, work.samples) };
            let place = net.logits_kept(plan, t, x, work.activations, work.a, false);
            self.draw_layer(plan, &place, t, units_before, work);
            units_before += place.dense.outputs;
        }
    }

    /// Samples layer `t`, whose logits are in `a`.
    #[inline(never)]
    fn draw_layer(&self, plan: &Plan<'_>, place: &Place, t: usize, units_before: usize, work: &mut Work<'_>) {
        let (rows, samples) = (plan.rows().max(1), self.estimator.samples().max(1));
        let address = self.address(Purpose::Sample, 0, work.batch);
        let (width, stride, start) = (place.dense.outputs, place.dense.stride, plan.sample(t));
        let logits = Matrix::new(work.a, stride, width);
        let scores = place.deltas_mut(work.deltas);
        let log_q = parts_mut(work.log_q, rows).nth(t).unwrap_or_default();
        let log_q_partner = parts_mut(work.log_q_partner, rows).nth(t).unwrap_or_default();
        let u = work.uniforms.get_mut(..width).unwrap_or_default();
        let coupled = E::COUPLED && t == 0;
        if coupled {
            let of_examples = parts_mut(scores, samples * stride).take(plan.examples).enumerate();
            for (e, rows) in of_examples {
                for (s, row) in parts_mut(rows, stride).enumerate() {
                    let row = row.get_mut(..width).unwrap_or_default();
                    address.stream(samples, e * samples + s, t).fill(row);
                }
                self.estimator.couple(rows, stride, width);
            }
        }
        let from = self.estimator.flips_from(width);
        let outputs = parts_mut(work.samples.get_mut(start..).unwrap_or_default(), words(width))
            .zip(parts_mut(work.partners.get_mut(start..).unwrap_or_default(), words(width)))
            .zip(parts_mut(scores, stride))
            .zip(log_q.iter_mut().zip(log_q_partner));
        for (row, (((sample, partner), score), log_q)) in outputs.enumerate() {
            let stream = address.stream(samples, row, t);
            let phi = logits.row(if t == 0 { row / samples } else { row });
            let score = score.get_mut(..width).unwrap_or_default();
            if coupled {
                u.iter_mut().zip(&*score).for_each(|(u, s)| *u = *s);
            } else {
                self.estimator.noise(row % samples, units_before, stream, u);
            }
            let drawn = Drawn { sample, partner, score: &mut *score };
            (*log_q.0, *log_q.1) = self.kernels.sample(&self.estimator, phi, u, drawn);
            if E::FLIPS != Flips::None || E::RELAXED {
                for (score, phi) in score.iter_mut().zip(phi) {
                    if phi.abs() >= from {
                        *score = *phi;
                    }
                }
            }
        }
    }

    /// Where uniforms of `batch` come from.
    pub(crate) fn address<'a>(&self, purpose: Purpose, salt: usize, batch: &'a Batch<'a>) -> Address<'a> {
        Address { seed: self.seed, batch, purpose, salt }
    }
}

/// Whether `bits` has a row of `units` bits for each of `examples` examples, and nothing beyond.
pub(crate) fn check_bits(bits: BitMatrix<'_>, units: usize, examples: usize) -> Result<(), Error> {
    if bits.cols() != units {
        return Err(Error::Width { needed: units, given: bits.cols() });
    }
    let enough = bits.height() == examples || units == 0;
    let tail = bits.cols() % 32;
    let clean = tail == 0 || bits.rows().all(|row| row.last().is_none_or(|w| w >> tail == 0));
    if !clean {
        return Err(Error::Width { needed: units, given: 32 * bits.stride() });
    }
    if enough && examples > 0 {
        return Ok(());
    }
    Err(Error::Size { needed: examples.max(1), given: bits.height() })
}

pub(crate) fn add(x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

#[inline(never)]
fn limited(work: &Work<'_>) -> Result<(), Error> {
    let within = |values| arm_vfp::within(LIMIT, values);
    if within(work.activations) && within(work.deltas) { Ok(()) } else { Err(Error::Diverged) }
}
