//! The first phase of a training step: samples, f-values and every gradient with respect to activations, for any share
//! of a batch. Parameters are only read; [`Engine::update`] is the second phase.

use crate::bits::words;
use crate::branch::Branch;
use crate::chain::Address;
use crate::error::{Error, exact_size};
use crate::estimator::{Estimator, Evaluated, Flips};
use crate::kernels::{Drawn, Kernels};
use crate::matrix::BitMatrix;
use crate::model::{Objective, Pass};
use crate::network::{Network, Plan};
use crate::parts::{parts, parts_mut};
use crate::relaxed::Room;
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

    pub(crate) fn plan(&self, examples: usize) -> Plan<'s> {
        Plan::new(self.shape, examples, self.estimator.samples())
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
    pub fn examples<O: Objective<K>>(
        &self,
        objective: &mut O,
        params: &[f32],
        batch: Batch<'_>,
        scratch: &mut [u32],
        f: &mut [f32],
    ) -> Result<(), Error> {
        let net = Network::new(self.shape, &self.kernels, params)?;
        objective.check(&self.shape)?;
        self.estimator.check(&self.shape)?;
        self.check_batch(batch)?;
        exact_size(batch.examples, f.len())?;
        let plan = self.plan(batch.examples);
        let (scratch, relaxed) =
            if E::RELAXED { self.split_relaxed(&plan, scratch)? } else { (scratch, &mut [][..]) };
        let mut work = plan.work(scratch)?;
        self.draw(&net, &plan, batch, &mut work);
        let mut pass = Pass {
            activations: work.activations,
            deltas: work.deltas,
            samples: work.samples,
            x: batch.x,
            y: batch.y,
            cost: work.cost,
        };
        objective.train(&net, &plan, &mut pass);
        let rows = plan.rows().max(1);
        work.total.fill(0.0);
        for log_q in parts(work.log_q, rows) {
            add(log_q, work.total);
        }
        work.f.fill(0.0);
        if O::LOG_Q {
            add(work.total, work.f);
        }
        for cost in parts(pass.cost, rows) {
            add(cost, work.f);
        }
        if !work.f.iter().all(|f| f.is_finite()) {
            return Err(Error::Objective);
        }
        let samples = plan.samples.max(1);
        let of_examples = parts(work.f, samples).zip(parts(work.total, samples));
        let outputs = parts_mut(work.signal, samples).zip(parts_mut(work.weight, samples));
        for (((values, log_q), (signal, weight)), mean) in of_examples.zip(outputs).zip(f) {
            let evaluated = Evaluated { f: values, log_q, direct: O::LOG_Q };
            self.estimator.signals(evaluated, signal, weight);
            *mean = self.estimator.objective(evaluated, weight);
        }
        if E::RELAXED {
            let (log_q, weight) = (&*work.log_q, &*work.weight);
            let room = Room { log_q, weight, f: work.f, a: work.a, b: work.b, relaxed };
            self.relaxed(&net, &plan, batch, objective, &mut pass, room)?;
            return limited(&pass);
        }
        for t in 0..self.shape.stochastic_layers() {
            if E::PAIRED || E::FLIPS != Flips::None {
                let mut branch = Branch {
                    batch,
                    t,
                    partners: work.partners,
                    branch: work.branch,
                    active: work.active,
                    log_q: work.log_q,
                    log_q_partner: work.log_q_partner,
                    total: work.total,
                    a: work.a,
                    b: work.b,
                    uniforms: work.uniforms,
                    difference: work.f,
                    signal: work.signal,
                    weight: work.weight,
                };
                self.branches(&net, &plan, objective, &mut pass, &mut branch)?;
            } else {
                self.apply_signals(&plan, t, work.signal, pass.deltas);
            }
            self.merge_samples(&plan, t, pass.deltas);
            net.back(&plan, t, pass.activations, pass.deltas);
        }
        objective.back(&net, &plan, work.weight, &mut pass);
        limited(&pass)
    }

    pub(crate) fn check_batch(&self, batch: Batch<'_>) -> Result<(), Error> {
        check_bits(batch.x, self.shape.inputs(), batch.examples)?;
        match self.shape.targets() {
            0 if batch.y.cols() == 0 => Ok(()),
            targets => check_bits(batch.y, targets, batch.examples),
        }
    }

    /// Samples the whole chain for every row, with partners, scores and log q.
    fn draw(&self, net: &Network<'_, '_, K>, plan: &Plan<'_>, batch: Batch<'_>, work: &mut Work<'_>) {
        let (rows, samples) = (plan.rows().max(1), plan.samples.max(1));
        let Batch { first, step, .. } = batch;
        let address = Address { seed: self.seed, purpose: Purpose::Sample, salt: 0, first, step };
        let mut units_before = 0;
        for t in 0..self.shape.stochastic_layers() {
            let (width, last) = (self.shape.stochastic_width(t), self.shape.link(t).1);
            let words = words(width).max(1);
            let (below, here) = work.samples.split_at_mut_checked(plan.sample(t)).unwrap_or_default();
            let x = if t == 0 { batch.x } else { plan.samples_of(t - 1, below) };
            let logits = net.logits_kept(plan, t, x, work.activations, work.a);
            let logits = logits.as_matrix();
            let scores = work.deltas.get_mut(plan.delta(last)..).unwrap_or_default();
            let partners = work.partners.get_mut(plan.sample(t)..).unwrap_or_default();
            let log_q = parts_mut(work.log_q, rows).nth(t).unwrap_or_default();
            let log_q_partner = parts_mut(work.log_q_partner, rows).nth(t).unwrap_or_default();
            let u = work.uniforms.get_mut(..width).unwrap_or_default();
            let coupled = E::COUPLED && t == 0;
            if coupled {
                let stride = logits.stride();
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
            let outputs = parts_mut(here, words)
                .zip(parts_mut(partners, words))
                .zip(parts_mut(scores, logits.stride()))
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
            units_before += width;
        }
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

fn limited(pass: &Pass<'_>) -> Result<(), Error> {
    let within = |values| arm_vfp::within(LIMIT, values);
    if within(pass.activations) && within(pass.deltas) { Ok(()) } else { Err(Error::Diverged) }
}
