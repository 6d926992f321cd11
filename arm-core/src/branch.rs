//! Second paths through a layer and what lies above it: the antithetic partner, or the sample with one unit flipped.

use crate::chain::{Address, Climb};
use crate::error::Error;
use crate::estimator::{Estimator, Flips, Row};
use crate::kernels::{Kernels, significant};
use crate::math::sigmoid_pair;
use crate::model::{Objective, Pass, Paths};
use crate::network::{Network, Plan};
use crate::parts::{parts, parts_mut};
use crate::rng::Purpose;
use crate::step::{Batch, Engine, add};

/// The buffers that the branches of layer `t` need beside those of the pass.
pub(crate) struct Branch<'a> {
    pub batch: Batch<'a>,
    pub t: usize,
    pub partners: &'a [u32],
    pub branch: &'a mut [u32],
    pub active: &'a mut [u32],
    pub log_q: &'a [f32],
    /// Of layer `t` its own block is free once the partners' paths have started.
    pub log_q_partner: &'a mut [f32],
    pub total: &'a mut [f32],
    pub a: &'a mut [f32],
    pub b: &'a mut [f32],
    pub uniforms: &'a mut [f32],
    pub difference: &'a mut [f32],
    pub signal: &'a [f32],
    pub weight: &'a [f32],
}

/// Whether a unit's gradient comes from a flip: its score is then its logit, beyond every score of a pair.
fn by_flip(from: f32, score: f32) -> bool {
    from == 0.0 || score.abs() > 0.5
}

/// p (1 - p) (f(1) - f(0)), from the logit, the unit and f(unit) - f(flipped unit).
fn flip_gradient(phi: f32, b: bool, difference: f32) -> f32 {
    let (p, q) = sigmoid_pair(phi);
    let g = p * q * difference;
    if b { g } else { -g }
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// The gradient of the logits of layer `work.t`, in place of their scores.
    pub(crate) fn branches<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        pass: &mut Pass<'_>,
        work: &mut Branch<'_>,
    ) -> Result<(), Error> {
        if E::PAIRED {
            let count = self.start_pairs(plan, pass.samples, O::LOG_Q, work);
            self.differences(net, plan, objective, pass, count, work)?;
            scatter(work.active, work.total, count, work.difference);
            self.estimator.differ(plan.samples, work.signal, work.difference, work.total);
        }
        match E::FLIPS {
            Flips::None if E::DIRECT => self.apply_rows(plan, pass, O::LOG_Q, work),
            Flips::None => self.apply_signals(plan, work.t, work.difference, pass.deltas),
            Flips::One => {
                let width = self.shape.stochastic_width(work.t);
                let (batch, t) = (work.batch, work.t);
                let count = self.start_flips(plan, pass, O::LOG_Q, |row| self.unit(batch, t, row), work);
                self.differences(net, plan, objective, pass, count, work)?;
                let flipped = parts_mut(work.log_q_partner, plan.rows()).nth(work.t).unwrap_or_default();
                scatter(work.active, work.total, count, flipped);
                self.apply_one(plan, pass, width, work);
            }
            Flips::All if objective.keep_linear(net, plan, pass, work.t, work.b) => {
                self.apply_linear(net, plan, objective, pass, work)?;
            }
            Flips::All => {
                for unit in 0..self.shape.stochastic_width(work.t) {
                    let count = self.start_flips(plan, pass, O::LOG_Q, |_| unit, work);
                    self.differences(net, plan, objective, pass, count, work)?;
                    scatter(work.active, work.total, count, work.difference);
                    self.apply_unit(plan, pass, unit, work);
                }
            }
        }
        Ok(())
    }

    /// The unit that is flipped in a row of layer `t`.
    fn unit(&self, batch: Batch<'_>, t: usize, row: usize) -> usize {
        let Batch { first, step, .. } = batch;
        let address = Address { seed: self.seed, purpose: Purpose::Flip, salt: 0, first, step };
        let width = self.shape.stochastic_width(t) as u32;
        address.stream(self.estimator.samples(), row, t).below(width) as usize
    }

    /// Collects the rows whose pair differs, with their partners and log q of them; returns how many.
    fn start_pairs(&self, plan: &Plan<'_>, samples: &[u32], log_q: bool, work: &mut Branch<'_>) -> usize {
        let t = work.t;
        let (main, partners) = (plan.samples_of(t, samples), plan.samples_of(t, work.partners));
        let out = work.branch.get_mut(plan.sample(t)..).unwrap_or_default();
        let mut out = parts_mut(out, main.stride()).zip(work.active.iter_mut().zip(work.total.iter_mut()));
        let log_q_partner = parts(work.log_q_partner, plan.rows()).nth(t).unwrap_or_default();
        let mut count = 0;
        for (row, (a, b)) in main.rows().zip(partners.rows()).enumerate() {
            if a == b {
                continue;
            }
            if let Some((out, (active, total))) = out.next() {
                for (out, b) in out.iter_mut().zip(b) {
                    *out = *b;
                }
                *active = row as u32;
                *total = if log_q { log_q_partner.get(row).copied().unwrap_or_default() } else { 0.0 };
                count += 1;
            }
        }
        count
    }

    /// [`start_pairs`](Self::start_pairs) of samples in which one unit is flipped, for the rows in which that unit's
    /// gradient comes from a flip and is not zero for certain.
    fn start_flips(
        &self,
        plan: &Plan<'_>,
        pass: &Pass<'_>,
        log_q: bool,
        unit: impl Fn(usize) -> usize,
        work: &mut Branch<'_>,
    ) -> usize {
        let t = work.t;
        let from = self.estimator.flips_from(self.shape.stochastic_width(t));
        let (stride, scores) = self.scores(plan, t, pass.deltas);
        let main = plan.samples_of(t, pass.samples);
        let out = work.branch.get_mut(plan.sample(t)..).unwrap_or_default();
        let mut out = parts_mut(out, main.stride()).zip(work.active.iter_mut().zip(work.total.iter_mut()));
        let log_q_row = parts(work.log_q, plan.rows()).nth(t).unwrap_or_default();
        let mut count = 0;
        for (row, (b, scores)) in main.rows().zip(parts(scores, stride)).enumerate() {
            let unit = unit(row);
            let phi = scores.get(unit).copied().unwrap_or_default();
            let (p, q) = sigmoid_pair(phi);
            if !by_flip(from, phi) || p * q == 0.0 {
                continue;
            }
            if let Some((out, (active, total))) = out.next() {
                for (out, b) in out.iter_mut().zip(b) {
                    *out = *b;
                }
                if let Some(word) = out.get_mut(unit / 32) {
                    *word ^= 1 << (unit % 32);
                }
                *active = row as u32;
                let step = if main.bits(row).get(unit) { -phi } else { phi };
                *total = if log_q { log_q_row.get(row).copied().unwrap_or_default() + step } else { 0.0 };
                count += 1;
            }
        }
        count
    }

    /// For each of the `count` paths that were started, f of its row minus f of the path, in `total`.
    fn differences<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        pass: &Pass<'_>,
        count: usize,
        work: &mut Branch<'_>,
    ) -> Result<(), Error> {
        let (rows, t, batch) = (plan.rows().max(1), work.t, work.batch);
        let active = work.active.get(..count).unwrap_or_default();
        let total = work.total.get_mut(..count).unwrap_or_default();
        if count > 0 {
            // Layers of independent branches must differ from each other too, hence a salt for each t.
            let (purpose, salt) = if self.shared { (Purpose::Sample, 0) } else { (Purpose::Partner, t + 1) };
            let address = Address { seed: self.seed, purpose, salt, first: batch.first, step: batch.step };
            let climb = Climb { net, plan, address, rows: active };
            let log_q = if O::LOG_Q { Some(&mut *total) } else { None };
            climb.sample(
                &self.estimator,
                t + 1,
                batch.x,
                work.branch,
                log_q,
                (work.a, work.b, work.uniforms),
            );
            let paths =
                Paths { x: batch.x, y: batch.y, samples: pass.samples, branch: work.branch, active, from: t };
            objective.evaluate(net, plan, &paths, (work.a, work.b), total);
        }
        for (total, &row) in total.iter_mut().zip(active) {
            if !total.is_finite() {
                return Err(Error::Objective);
            }
            *total = self.above::<O>(pass, work.log_q, rows, t, row as usize) - *total;
        }
        Ok(())
    }

    /// The terms of f of a row that depend on layers `t..`.
    fn above<O: Objective<K>>(
        &self,
        pass: &Pass<'_>,
        log_q: &[f32],
        rows: usize,
        t: usize,
        row: usize,
    ) -> f32 {
        let above = |blocks: &[f32]| -> f32 { parts(blocks, rows).skip(t).filter_map(|b| b.get(row)).sum() };
        above(pass.cost) + if O::LOG_Q { above(log_q) } else { 0.0 }
    }

    /// The stride and the rows of scores of layer `t`, and what lies behind them.
    fn scores<'a>(&self, plan: &Plan<'_>, t: usize, deltas: &'a [f32]) -> (usize, &'a [f32]) {
        let last = self.shape.link(t).1;
        (self.shape.dense(last).stride.max(1), deltas.get(plan.delta(last)..).unwrap_or_default())
    }

    /// [`scores`](Self::scores), writable.
    fn scores_mut<'a>(&self, plan: &Plan<'_>, t: usize, deltas: &'a mut [f32]) -> (usize, &'a mut [f32]) {
        let last = self.shape.link(t).1;
        (self.shape.dense(last).stride.max(1), deltas.get_mut(plan.delta(last)..).unwrap_or_default())
    }

    /// Multiplies the scores of layer `t` with the signals.
    pub(crate) fn apply_signals(&self, plan: &Plan<'_>, t: usize, signal: &[f32], deltas: &mut [f32]) {
        let (stride, deltas) = self.scores_mut(plan, t, deltas);
        for (scores, &s) in parts_mut(deltas, stride).zip(signal) {
            scores.iter_mut().for_each(|d| *d = significant(*d * s));
        }
    }

    /// Lets the estimator turn rows of scores into gradients itself.
    fn apply_rows(&self, plan: &Plan<'_>, pass: &mut Pass<'_>, log_q: bool, work: &Branch<'_>) {
        // With one sample the gradient of f itself has mean zero.
        let (t, direct) = (work.t, log_q && plan.samples > 1);
        let (main, partners) = (plan.samples_of(t, pass.samples), plan.samples_of(t, work.partners));
        let (stride, deltas) = self.scores_mut(plan, t, pass.deltas);
        let scalars = work.difference.iter().zip(work.weight).zip(&*work.total);
        for ((row, scores), ((&signal, &weight), &partner_weight)) in
            parts_mut(deltas, stride).enumerate().zip(scalars)
        {
            let (weight, partner_weight) = if direct { (weight, partner_weight) } else { (0.0, 0.0) };
            let row =
                Row { sample: main.bits(row), partner: partners.bits(row), signal, weight, partner_weight };
            self.estimator.gradient(row, scores);
        }
    }

    /// Applies one flip a row, and the signals of pairs to the units that do not come from a flip.
    fn apply_one(&self, plan: &Plan<'_>, pass: &mut Pass<'_>, width: usize, work: &Branch<'_>) {
        let (t, from) = (work.t, self.estimator.flips_from(width));
        let main = plan.samples_of(t, pass.samples);
        let flipped = parts(work.log_q_partner, plan.rows()).nth(t).unwrap_or_default();
        let (stride, deltas) = self.scores_mut(plan, t, pass.deltas);
        let scalars = work.difference.iter().zip(flipped).zip(work.signal);
        for ((row, scores), ((&pair, &flip), signal)) in parts_mut(deltas, stride).enumerate().zip(scalars) {
            let unit = self.unit(work.batch, t, row);
            for (i, d) in scores.iter_mut().enumerate() {
                *d = significant(if !by_flip(from, *d) {
                    *d * pair
                } else if i == unit {
                    width as f32 * flip_gradient(*d, main.bits(row).get(unit), flip) * signal
                } else {
                    // A logit that is no number must not be lost.
                    *d * 0.0
                });
            }
        }
    }

    /// Applies the flips of one unit in all rows.
    fn apply_unit(&self, plan: &Plan<'_>, pass: &mut Pass<'_>, unit: usize, work: &Branch<'_>) {
        let main = plan.samples_of(work.t, pass.samples);
        let (stride, deltas) = self.scores_mut(plan, work.t, pass.deltas);
        let scalars = work.difference.iter().zip(work.signal);
        for ((row, scores), (difference, signal)) in parts_mut(deltas, stride).enumerate().zip(scalars) {
            if let Some(d) = scores.get_mut(unit) {
                *d = significant(flip_gradient(*d, main.bits(row).get(unit), *difference) * signal);
            }
        }
    }

    /// All flips of all rows, where each changes the logits that `work.b` holds by one row of weights.
    fn apply_linear<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &O,
        pass: &mut Pass<'_>,
        work: &mut Branch<'_>,
    ) -> Result<(), Error> {
        let (rows, t) = (plan.rows().max(1), work.t);
        let width = self.shape.stochastic_width(t);
        let main = plan.samples_of(t, pass.samples);
        let last = self.shape.link(t).1;
        let (start, stride) = (plan.delta(last), self.shape.dense(last).stride.max(1));
        for (row, signal) in work.signal.iter().enumerate().take(rows) {
            let f = self.above::<O>(pass, work.log_q, rows, t, row);
            let log_q = parts(work.log_q, rows).nth(t).and_then(|b| b.get(row)).copied().unwrap_or_default();
            for unit in 0..width {
                let at = start + row * stride + unit;
                let phi = pass.deltas.get(at).copied().unwrap_or_default();
                let b = main.bits(row).get(unit);
                let mut flipped = objective.flipped(net, plan, pass, (row, unit), work.b, work.a);
                if O::LOG_Q {
                    flipped += log_q + if b { -phi } else { phi };
                }
                if !flipped.is_finite() {
                    return Err(Error::Objective);
                }
                if let Some(d) = pass.deltas.get_mut(at) {
                    *d = significant(flip_gradient(phi, b, f - flipped) * signal);
                }
            }
        }
        Ok(())
    }

    /// The first layer's rows of an example become one: their sum.
    pub(crate) fn merge_samples(&self, plan: &Plan<'_>, t: usize, deltas: &mut [f32]) {
        if t > 0 || plan.samples < 2 {
            return;
        }
        let (stride, deltas) = self.scores_mut(plan, t, deltas);
        for e in 0..plan.examples {
            let (out, rest) = deltas.split_at_mut_checked((e + 1) * stride).unwrap_or_default();
            let out = out.get_mut(e * stride..).unwrap_or_default();
            for s in 0..plan.samples {
                // Row e is the first of example 0 only; rows of later examples lie behind it.
                let row = e * plan.samples + s;
                if e == 0 && s == 0 {
                    continue;
                }
                let from = rest.get((row - e - 1) * stride..(row - e) * stride).unwrap_or_default();
                if s == 0 {
                    out.iter_mut().zip(from).for_each(|(o, f)| *o = *f);
                } else {
                    add(from, out);
                }
            }
        }
    }
}

/// The first `count` of `values` to the rows they belong to; 0 in all other rows.
fn scatter(active: &[u32], values: &[f32], count: usize, rows: &mut [f32]) {
    rows.fill(0.0);
    for (&row, value) in active.iter().zip(values).take(count) {
        if let Some(out) = rows.get_mut(row as usize) {
            *out = *value;
        }
    }
}
