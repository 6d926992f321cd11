//! Second paths through a layer and what lies above it: the antithetic partner, or the sample with one unit flipped.
//!
//! Tests: `tests/tests/unbiased.rs`, `bound.rs`, `scratch.rs`.

use crate::engine::upward::UpwardSampler;
use crate::engine::{Engine, Estimates};
use crate::error::Error;
use crate::estimator::{Estimator, PairSignals, Row, SecondPaths};
use crate::feature::{BATCH, STACKS};
use crate::kernels::{Kernels, NatsOf, ValueOf};
use crate::network::{Pass, Scratch};
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::math::sigmoid_pair;
use crate::numeric::math::significant;
use crate::numeric::number::Nats;
use crate::numeric::rng::Purpose;
use crate::numeric::window::{block, block_mut, element, split_mut, window, window_mut};
use crate::objective::Objective;
use crate::shape::layout::Layout;

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
fn above<F: Nats>(cost: &[F], log_q: Option<&[F]>, rows: usize, t: usize, row: usize) -> F {
    let above = |blocks: &[F]| {
        let blocks = window(blocks, t * rows + row..).iter().copied();
        if BATCH { F::total(blocks.step_by(rows.max(1))) } else { F::total(blocks) }
    };
    above(cost) + log_q.map_or(F::default(), above)
}

impl<K: Estimates, E: Estimator> Engine<'_, K, E> {
    /// The gradient of the logits of layer `t`, in place of their scores.
    #[inline(always)]
    pub(crate) fn second_paths<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_, K::Numbers>,
        t: usize,
    ) -> Result<(), Error> {
        let layout = &pass.layout;
        if self.estimator.second_paths().has_partner() {
            let count = self.start_pairs(layout, O::HAS_LOG_Q, scratch, t);
            self.differences(pass, objective, scratch, t, count)?;
            let per_row = layout.per_row(scratch.per_row);
            scatter(scratch.path_rows, scratch.path_f, count, per_row.f);
        }
        if self.estimator.second_paths().has_flips() || self.estimator.pair_signals().is_some() {
            return K::beyond_pairs(self, pass, objective, scratch, t);
        }
        let per_row = layout.per_row(scratch.per_row);
        per_row.f.iter_mut().zip(&*per_row.signal).for_each(|(d, s)| *d = d.times(*s));
        self.apply_signals(layout, t, per_row.f, scratch.deltas);
        Ok(())
    }

    /// Collects the rows whose pair differs, with their partners and log q of them; returns how many.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn start_pairs(
        &self,
        layout: &Layout<'_>,
        log_q: bool,
        scratch: &mut Scratch<'_, K::Numbers>,
        t: usize,
    ) -> usize {
        let (main, partners) =
            (layout.samples_of(t, scratch.samples), layout.samples_of(t, scratch.partners));
        let per_row = layout.per_row(scratch.per_row);
        let log_q_partner = block(per_row.log_q_partner, layout.rows(), t);
        let out = window_mut(scratch.path_samples, layout.sample(t)..);
        let mut count = 0;
        for row in 0..layout.rows() {
            let (a, b) = (main.row(row), partners.row(row));
            if a.iter().zip(b).all(|(a, b)| a == b) {
                continue;
            }
            let out = window_mut(out, count * main.stride()..);
            out.iter_mut().zip(b).for_each(|(out, b)| *out = *b);
            if let (Some(active), Some(total)) =
                (scratch.path_rows.get_mut(count), scratch.path_f.get_mut(count))
            {
                *active = row as u32;
                *total = log_q_partner.get(row).filter(|_| log_q).copied().unwrap_or_default();
            }
            count += 1;
        }
        count
    }

    /// For each of the `count` paths that were started, f of its row minus f of the path, in `path_f`.
    #[inline(always)]
    fn differences<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_, K::Numbers>,
        t: usize,
        count: usize,
    ) -> Result<(), Error> {
        let Pass { layout, .. } = pass;
        if count > 0 {
            if STACKS {
                self.resample_above(pass, O::HAS_LOG_Q, scratch, t, count);
            }
            objective.evaluate(pass, scratch, t, count);
        }
        if self.subtract(layout, O::HAS_LOG_Q, scratch, t, count) { Ok(()) } else { Err(Error::Objective) }
    }

    /// From f of the `count` paths, in `path_f`, f of their rows minus it. False for an f that is not finite.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn subtract(
        &self,
        layout: &Layout<'_>,
        log_q: bool,
        scratch: &mut Scratch<'_, K::Numbers>,
        t: usize,
        count: usize,
    ) -> bool {
        let rows = layout.rows();
        let per_row = layout.per_row(scratch.per_row);
        for (total, &row) in scratch.path_f.iter_mut().zip(&*scratch.path_rows).take(count) {
            if !total.finite() {
                return false;
            }
            *total = above(per_row.cost, log_q.then_some(&*per_row.log_q), rows, t, row as usize) - *total;
        }
        true
    }

    /// Samples the layers above `t` for the paths that were started.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    fn resample_above(
        &self,
        pass: &Pass<'_, K>,
        log_q: bool,
        scratch: &mut Scratch<'_, K::Numbers>,
        t: usize,
        count: usize,
    ) {
        // Layers of independent paths must differ from each other too, hence a salt for each t.
        let (purpose, salt) =
            if self.share_uniforms { (Purpose::Sample, 0) } else { (Purpose::Partner, t + 1) };
        let sampler = UpwardSampler { pass, address: self.address(pass.batch, purpose, salt), log_q };
        let mut draw = |phi: &[ValueOf<K>], u: &[ValueOf<K>], b: &mut [u32]| {
            Estimates::draw(&self.kernels, &self.estimator, phi, u, b)
        };
        sampler.sample(&mut draw, t + 1, count, scratch);
    }

    /// [`scores`](Self::scores), writable.
    fn scores_mut<'a>(
        &self,
        layout: &Layout<'_>,
        t: usize,
        deltas: &'a mut [ValueOf<K>],
    ) -> (usize, &'a mut [ValueOf<K>]) {
        let (_, stride, start) = layout.scores(t);
        (stride, window_mut(deltas, start..))
    }

    /// Multiplies the scores of layer `t` with the signals.
    #[cfg_attr(target_os = "none", inline(never))]
    #[cfg_attr(not(target_os = "none"), inline)]
    pub(crate) fn apply_signals(
        &self,
        layout: &Layout<'_>,
        t: usize,
        signal: &[NatsOf<K>],
        deltas: &mut [ValueOf<K>],
    ) {
        let (stride, deltas) = self.scores_mut(layout, t, deltas);
        for (scores, &s) in chunks_mut(deltas, stride).zip(signal) {
            self.kernels.signal(s, scores);
        }
    }

    /// The first layer's rows of an example become one: their sum.
    pub(crate) fn merge_samples(&self, layout: &Layout<'_>, deltas: &mut [ValueOf<K>]) {
        let (stride, deltas) = self.scores_mut(layout, 0, deltas);
        for e in 0..layout.examples() {
            let (out, rest) = split_mut(deltas, (e + 1) * stride);
            let out = window_mut(out, e * stride..);
            for s in 0..layout.samples() {
                // Row e is the first of example 0 only; rows of later examples lie behind it.
                let row = e * layout.samples() + s;
                if e == 0 && s == 0 {
                    continue;
                }
                let from = window(rest, (row - e - 1) * stride..(row - e) * stride);
                if s == 0 {
                    out.iter_mut().zip(from).for_each(|(o, f)| *o = *f);
                } else {
                    self.kernels.add(from, out);
                }
            }
        }
    }
}

impl<K: Kernels, E: Estimator> Engine<'_, K, E> {
    /// [`second_paths`](Self::second_paths) where there is more than the difference of pairs, which is in its place if there
    /// are pairs.
    #[inline(always)]
    pub(crate) fn beyond_pairs<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) -> Result<(), Error> {
        let layout = &pass.layout;
        if self.estimator.second_paths().has_partner() {
            let per_row = layout.per_row(scratch.per_row);
            match self.estimator.pair_signals() {
                Some(pairs) => pairs.signals(layout.samples(), per_row.signal, per_row.f, scratch.path_f),
                None => per_row.f.iter_mut().zip(&*per_row.signal).for_each(|(d, s)| *d *= s),
            }
        }
        match self.estimator.second_paths() {
            SecondPaths::None | SecondPaths::Partner => match self.estimator.pair_signals() {
                Some(pairs) => self.apply_rows(pairs, layout, O::HAS_LOG_Q, scratch, t),
                None => self.apply_signals(layout, t, layout.per_row(scratch.per_row).f, scratch.deltas),
            },
            SecondPaths::OneFlip | SecondPaths::PartnerOrFlip => {
                let width = self.shape.stochastic_width(t);
                let count = self.start_flips(layout, O::HAS_LOG_Q, |row| self.unit(pass, t, row), scratch, t);
                self.differences(pass, objective, scratch, t, count)?;
                let per_row = layout.per_row(scratch.per_row);
                let flipped = block_mut(per_row.log_q_partner, layout.rows(), t);
                scatter(scratch.path_rows, scratch.path_f, count, flipped);
                self.apply_one(pass, width, scratch, t);
            }
            SecondPaths::EveryFlip if objective.keep_linear(pass, scratch, t) => {
                self.apply_linear(pass, objective, scratch, t)?;
            }
            SecondPaths::EveryFlip => {
                for unit in 0..self.shape.stochastic_width(t) {
                    let count = self.start_flips(layout, O::HAS_LOG_Q, |_| unit, scratch, t);
                    self.differences(pass, objective, scratch, t, count)?;
                    let per_row = layout.per_row(scratch.per_row);
                    scatter(scratch.path_rows, scratch.path_f, count, per_row.f);
                    self.apply_unit(layout, unit, scratch, t);
                }
            }
        }
        Ok(())
    }

    /// The unit that is flipped in a row of layer `t`.
    fn unit(&self, pass: &Pass<'_, K>, t: usize, row: usize) -> usize {
        let address = self.address(pass.batch, Purpose::Flip, 0);
        let width = self.shape.stochastic_width(t) as u32;
        address.stream(self.estimator.samples(), row, t).below(width) as usize
    }

    /// [`start_pairs`](Self::start_pairs) of samples in which one unit is flipped, for the rows in which that unit's
    /// gradient comes from a flip and is not zero for certain.
    fn start_flips(
        &self,
        layout: &Layout<'_>,
        log_q: bool,
        unit: impl Fn(usize) -> usize,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) -> usize {
        let from = self.estimator.flips_from(self.shape.stochastic_width(t));
        let (stride, scores) = self.scores(layout, t, scratch.deltas);
        let main = layout.samples_of(t, scratch.samples);
        let out = window_mut(scratch.path_samples, layout.sample(t)..);
        let per_row = layout.per_row(scratch.per_row);
        let mut out =
            chunks_mut(out, main.stride()).zip(scratch.path_rows.iter_mut().zip(scratch.path_f.iter_mut()));
        let log_q_row = block(per_row.log_q, layout.rows(), t);
        let mut count = 0;
        for (row, (b, scores)) in main.rows().zip(chunks(scores, stride)).enumerate() {
            let unit = unit(row);
            let phi = element(scores, unit);
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
                *total = if log_q { element(log_q_row, row) + step } else { 0.0 };
                count += 1;
            }
        }
        count
    }

    /// The stride and the rows of scores of layer `t`, and what lies behind them.
    fn scores<'a>(&self, layout: &Layout<'_>, t: usize, deltas: &'a [f32]) -> (usize, &'a [f32]) {
        let (_, stride, start) = layout.scores(t);
        (stride, window(deltas, start..))
    }

    /// Lets the estimator turn rows of scores into gradients itself.
    fn apply_rows(
        &self,
        pairs: &dyn PairSignals,
        layout: &Layout<'_>,
        log_q: bool,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) {
        // With one sample the gradient of f itself has mean zero.
        let direct = log_q && layout.samples() > 1;
        let (main, partners) =
            (layout.samples_of(t, scratch.samples), layout.samples_of(t, scratch.partners));
        let (stride, deltas) = self.scores_mut(layout, t, scratch.deltas);
        let per_row = layout.per_row(scratch.per_row);
        let scalars = per_row.f.iter().zip(&*per_row.weight).zip(&*scratch.path_f);
        for ((row, scores), ((&signal, &weight), &partner_weight)) in
            chunks_mut(deltas, stride).enumerate().zip(scalars)
        {
            let (weight, partner_weight) = if direct { (weight, partner_weight) } else { (0.0, 0.0) };
            let row =
                Row { sample: main.bits(row), partner: partners.bits(row), signal, weight, partner_weight };
            pairs.gradient(row, scores);
        }
    }

    /// Applies one flip a row, and the signals of pairs to the units that do not come from a flip.
    fn apply_one(&self, pass: &Pass<'_, K>, width: usize, scratch: &mut Scratch<'_>, t: usize) {
        let layout = &pass.layout;
        let from = self.estimator.flips_from(width);
        let main = layout.samples_of(t, scratch.samples);
        let per_row = layout.per_row(scratch.per_row);
        let flipped = block(per_row.log_q_partner, layout.rows(), t);
        let (stride, deltas) = self.scores_mut(layout, t, scratch.deltas);
        let scalars = per_row.f.iter().zip(flipped).zip(&*per_row.signal);
        for ((row, scores), ((&pair, &flip), signal)) in chunks_mut(deltas, stride).enumerate().zip(scalars) {
            let unit = self.unit(pass, t, row);
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
    fn apply_unit(&self, layout: &Layout<'_>, unit: usize, scratch: &mut Scratch<'_>, t: usize) {
        let main = layout.samples_of(t, scratch.samples);
        let (stride, deltas) = self.scores_mut(layout, t, scratch.deltas);
        let per_row = layout.per_row(scratch.per_row);
        let scalars = per_row.f.iter().zip(&*per_row.signal);
        for ((row, scores), (difference, signal)) in chunks_mut(deltas, stride).enumerate().zip(scalars) {
            if let Some(d) = scores.get_mut(unit) {
                *d = significant(flip_gradient(*d, main.bits(row).get(unit), *difference) * signal);
            }
        }
    }

    /// All flips of all rows, where each changes the logits that `scratch.logits` holds by one row of weights.
    fn apply_linear<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &O,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) -> Result<(), Error> {
        let Pass { layout, .. } = pass;
        let (rows, (width, stride, start)) = (layout.rows(), layout.scores(t));
        for row in 0..rows {
            let per_row = layout.per_row(scratch.per_row);
            let f = above(per_row.cost, O::HAS_LOG_Q.then_some(&*per_row.log_q), rows, t, row);
            let log_q =
                chunks(per_row.log_q, rows).nth(t).and_then(|b| b.get(row)).copied().unwrap_or_default();
            let signal = element(per_row.signal, row);
            for unit in 0..width {
                let at = start + row * stride + unit;
                let phi = element(scratch.deltas, at);
                let b = layout.samples_of(t, scratch.samples).bits(row).get(unit);
                let mut flipped = objective.flipped(pass, scratch, row, unit);
                if O::HAS_LOG_Q {
                    flipped += log_q + if b { -phi } else { phi };
                }
                if !flipped.is_finite() {
                    return Err(Error::Objective);
                }
                if let Some(d) = scratch.deltas.get_mut(at) {
                    *d = significant(flip_gradient(phi, b, f - flipped) * signal);
                }
            }
        }
        Ok(())
    }
}

/// The first `count` of `values` to the rows they belong to; 0 in all other rows.
fn scatter<F: Nats>(active: &[u32], values: &[F], count: usize, rows: &mut [F]) {
    rows.fill(F::default());
    for (&row, value) in active.iter().zip(values).take(count) {
        if let Some(out) = rows.get_mut(row as usize) {
            *out = *value;
        }
    }
}
