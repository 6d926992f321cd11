//! Second paths through a layer and what lies above it: the antithetic partner, or the sample with one unit flipped.

use crate::engine::Engine;
use crate::engine::chain::Climb;
use crate::engine::step::add;
use crate::error::Error;
use crate::estimator::{Estimator, Flips, Row};
use crate::feature::STACKS;
use crate::kernels::Kernels;
use crate::network::Batch;
use crate::network::Network;
use crate::network::scratch::Work;
use crate::numeric::math::sigmoid_pair;
use crate::numeric::math::significant;
use crate::numeric::parts::{parts, parts_mut};
use crate::numeric::rng::Purpose;
use crate::objective::Objective;
use crate::shape::plan::Plan;

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

/// The terms of f of a row that depend on layers `t..`.
fn above(cost: &[f32], log_q: Option<&[f32]>, rows: usize, t: usize, row: usize) -> f32 {
    let above = |blocks: &[f32]| -> f32 {
        blocks.get(t * rows + row..).unwrap_or_default().iter().step_by(rows.max(1)).sum()
    };
    above(cost) + log_q.map_or(0.0, above)
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// The gradient of the logits of layer `t`, in place of their scores.
    #[inline(always)]
    pub(crate) fn branches<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        t: usize,
    ) -> Result<(), Error> {
        if E::PAIRED {
            let count = self.start_pairs(plan, O::LOG_Q, work, t);
            self.differences(net, plan, objective, batch, work, t, count)?;
            let numbers = plan.numbers(work.numbers);
            scatter(work.active, work.total, count, numbers.f);
            self.estimator.differ(plan.samples(), numbers.signal, numbers.f, work.total);
        }
        match E::FLIPS {
            Flips::None if E::DIRECT => self.apply_rows(plan, O::LOG_Q, work, t),
            Flips::None => self.apply_signals(plan, t, plan.numbers(work.numbers).f, work.deltas),
            Flips::One => {
                let width = self.shape.stochastic_width(t);
                let count = self.start_flips(plan, O::LOG_Q, |row| self.unit(batch, t, row), work, t);
                self.differences(net, plan, objective, batch, work, t, count)?;
                let numbers = plan.numbers(work.numbers);
                let flipped = parts_mut(numbers.log_q_partner, plan.rows()).nth(t).unwrap_or_default();
                scatter(work.active, work.total, count, flipped);
                self.apply_one(plan, width, batch, work, t);
            }
            Flips::All if objective.keep_linear(net, plan, work, t) => {
                self.apply_linear(net, plan, objective, batch, work, t)?;
            }
            Flips::All => {
                for unit in 0..self.shape.stochastic_width(t) {
                    let count = self.start_flips(plan, O::LOG_Q, |_| unit, work, t);
                    self.differences(net, plan, objective, batch, work, t, count)?;
                    let numbers = plan.numbers(work.numbers);
                    scatter(work.active, work.total, count, numbers.f);
                    self.apply_unit(plan, unit, work, t);
                }
            }
        }
        Ok(())
    }

    /// The unit that is flipped in a row of layer `t`.
    fn unit(&self, batch: &Batch<'_>, t: usize, row: usize) -> usize {
        let address = self.address(Purpose::Flip, 0, batch);
        let width = self.shape.stochastic_width(t) as u32;
        address.stream(self.estimator.samples(), row, t).below(width) as usize
    }

    /// Collects the rows whose pair differs, with their partners and log q of them; returns how many.
    #[inline(never)]
    fn start_pairs(&self, plan: &Plan<'_>, log_q: bool, work: &mut Work<'_>, t: usize) -> usize {
        let (main, partners) = (plan.samples_of(t, work.samples), plan.samples_of(t, work.partners));
        let numbers = plan.numbers(work.numbers);
        let log_q_partner = parts(numbers.log_q_partner, plan.rows()).nth(t).unwrap_or_default();
        let out = work.branch.get_mut(plan.sample(t)..).unwrap_or_default();
        let mut count = 0;
        for row in 0..plan.rows() {
            let (a, b) = (main.row(row), partners.row(row));
            if a.iter().zip(b).all(|(a, b)| a == b) {
                continue;
            }
            let out = out.get_mut(count * main.stride()..).unwrap_or_default();
            out.iter_mut().zip(b).for_each(|(out, b)| *out = *b);
            if let (Some(active), Some(total)) = (work.active.get_mut(count), work.total.get_mut(count)) {
                *active = row as u32;
                *total = log_q_partner.get(row).filter(|_| log_q).copied().unwrap_or_default();
            }
            count += 1;
        }
        count
    }

    /// [`start_pairs`](Self::start_pairs) of samples in which one unit is flipped, for the rows in which that unit's
    /// gradient comes from a flip and is not zero for certain.
    fn start_flips(
        &self,
        plan: &Plan<'_>,
        log_q: bool,
        unit: impl Fn(usize) -> usize,
        work: &mut Work<'_>,
        t: usize,
    ) -> usize {
        let from = self.estimator.flips_from(self.shape.stochastic_width(t));
        let (stride, scores) = self.scores(plan, t, work.deltas);
        let main = plan.samples_of(t, work.samples);
        let out = work.branch.get_mut(plan.sample(t)..).unwrap_or_default();
        let numbers = plan.numbers(work.numbers);
        let mut out = parts_mut(out, main.stride()).zip(work.active.iter_mut().zip(work.total.iter_mut()));
        let log_q_row = parts(numbers.log_q, plan.rows()).nth(t).unwrap_or_default();
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
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    fn differences<O: Objective<K>>(
        &self,
        net: &Network<'_, '_, K>,
        plan: &Plan<'_>,
        objective: &mut O,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        t: usize,
        count: usize,
    ) -> Result<(), Error> {
        if count > 0 {
            if STACKS {
                self.climb(plan, net, O::LOG_Q, batch, work, t, count);
            }
            objective.evaluate(net, plan, batch, work, t, count);
        }
        if self.subtract(plan, O::LOG_Q, work, t, count) { Ok(()) } else { Err(Error::Objective) }
    }

    /// From f of the `count` paths, in `total`, f of their rows minus it. False for an f that is not finite.
    #[inline(never)]
    fn subtract(&self, plan: &Plan<'_>, log_q: bool, work: &mut Work<'_>, t: usize, count: usize) -> bool {
        let rows = plan.rows();
        let numbers = plan.numbers(work.numbers);
        for (total, &row) in work.total.iter_mut().zip(&*work.active).take(count) {
            if !total.is_finite() {
                return false;
            }
            *total = above(numbers.cost, log_q.then_some(&*numbers.log_q), rows, t, row as usize) - *total;
        }
        true
    }

    /// Samples the layers above `t` for the paths that were started.
    #[allow(clippy::too_many_arguments)]
    #[inline(never)]
    fn climb(
        &self,
        plan: &Plan<'_>,
        net: &Network<'_, '_, K>,
        log_q: bool,
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        t: usize,
        count: usize,
    ) {
        // Layers of independent branches must differ from each other too, hence a salt for each t.
        let (purpose, salt) = if self.shared { (Purpose::Sample, 0) } else { (Purpose::Partner, t + 1) };
        let climb = Climb { net, plan, address: self.address(purpose, salt, batch), log_q };
        let mut draw = |phi: &[f32], u: &[f32], b: &mut [u32]| self.kernels.draw(&self.estimator, phi, u, b);
        climb.sample(&mut draw, t + 1, count, work);
    }

    /// The stride and the rows of scores of layer `t`, and what lies behind them.
    fn scores<'a>(&self, plan: &Plan<'_>, t: usize, deltas: &'a [f32]) -> (usize, &'a [f32]) {
        let (_, stride, start) = plan.scores(t);
        (stride, deltas.get(start..).unwrap_or_default())
    }

    /// [`scores`](Self::scores), writable.
    fn scores_mut<'a>(&self, plan: &Plan<'_>, t: usize, deltas: &'a mut [f32]) -> (usize, &'a mut [f32]) {
        let (_, stride, start) = plan.scores(t);
        (stride, deltas.get_mut(start..).unwrap_or_default())
    }

    /// Multiplies the scores of layer `t` with the signals.
    #[inline(never)]
    pub(crate) fn apply_signals(&self, plan: &Plan<'_>, t: usize, signal: &[f32], deltas: &mut [f32]) {
        let (stride, deltas) = self.scores_mut(plan, t, deltas);
        for (scores, &s) in parts_mut(deltas, stride).zip(signal) {
            scores.iter_mut().for_each(|d| *d = significant(*d * s));
        }
    }

    /// Lets the estimator turn rows of scores into gradients itself.
    fn apply_rows(&self, plan: &Plan<'_>, log_q: bool, work: &mut Work<'_>, t: usize) {
        // With one sample the gradient of f itself has mean zero.
        let direct = log_q && plan.samples() > 1;
        let (main, partners) = (plan.samples_of(t, work.samples), plan.samples_of(t, work.partners));
        let (stride, deltas) = self.scores_mut(plan, t, work.deltas);
        let numbers = plan.numbers(work.numbers);
        let scalars = numbers.f.iter().zip(&*numbers.weight).zip(&*work.total);
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
    fn apply_one(&self, plan: &Plan<'_>, width: usize, batch: &Batch<'_>, work: &mut Work<'_>, t: usize) {
        let from = self.estimator.flips_from(width);
        let main = plan.samples_of(t, work.samples);
        let numbers = plan.numbers(work.numbers);
        let flipped = parts(numbers.log_q_partner, plan.rows()).nth(t).unwrap_or_default();
        let (stride, deltas) = self.scores_mut(plan, t, work.deltas);
        let scalars = numbers.f.iter().zip(flipped).zip(&*numbers.signal);
        for ((row, scores), ((&pair, &flip), signal)) in parts_mut(deltas, stride).enumerate().zip(scalars) {
            let unit = self.unit(batch, t, row);
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
    fn apply_unit(&self, plan: &Plan<'_>, unit: usize, work: &mut Work<'_>, t: usize) {
        let main = plan.samples_of(t, work.samples);
        let (stride, deltas) = self.scores_mut(plan, t, work.deltas);
        let numbers = plan.numbers(work.numbers);
        let scalars = numbers.f.iter().zip(&*numbers.signal);
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
        batch: &Batch<'_>,
        work: &mut Work<'_>,
        t: usize,
    ) -> Result<(), Error> {
        let (rows, (width, stride, start)) = (plan.rows(), plan.scores(t));
        for row in 0..rows {
            let numbers = plan.numbers(work.numbers);
            let f = above(numbers.cost, O::LOG_Q.then_some(&*numbers.log_q), rows, t, row);
            let log_q =
                parts(numbers.log_q, rows).nth(t).and_then(|b| b.get(row)).copied().unwrap_or_default();
            let signal = numbers.signal.get(row).copied().unwrap_or_default();
            for unit in 0..width {
                let at = start + row * stride + unit;
                let phi = work.deltas.get(at).copied().unwrap_or_default();
                let b = plan.samples_of(t, work.samples).bits(row).get(unit);
                let mut flipped = objective.flipped(net, plan, batch, work, row, unit);
                if O::LOG_Q {
                    flipped += log_q + if b { -phi } else { phi };
                }
                if !flipped.is_finite() {
                    return Err(Error::Objective);
                }
                if let Some(d) = work.deltas.get_mut(at) {
                    *d = significant(flip_gradient(phi, b, f - flipped) * signal);
                }
            }
        }
        Ok(())
    }

    /// The first layer's rows of an example become one: their sum.
    pub(crate) fn merge_samples(&self, plan: &Plan<'_>, deltas: &mut [f32]) {
        let (stride, deltas) = self.scores_mut(plan, 0, deltas);
        for e in 0..plan.examples() {
            let (out, rest) = deltas.split_at_mut_checked((e + 1) * stride).unwrap_or_default();
            let out = out.get_mut(e * stride..).unwrap_or_default();
            for s in 0..plan.samples() {
                // Row e is the first of example 0 only; rows of later examples lie behind it.
                let row = e * plan.samples() + s;
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
