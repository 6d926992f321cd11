//! Second paths of more than the difference of pairs, which only machines with floats have: flips of units, and estimators that
//! turn rows of scores into gradients themselves.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `bound.rs`.

use super::{above, scatter};
use crate::engine::Engine;
use crate::error::Error;
use crate::estimator::{Estimator, PairSignals, Row, SecondPaths};
use crate::kernels::Kernels;
use crate::network::{Pass, Scratch};
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::math::{sigmoid_pair, significant};
use crate::numeric::rng::Purpose;
use crate::numeric::window::{block, block_mut, element, element_mut, window, window_mut};
use crate::objective::Objective;
use crate::shape::layout::{Layout, ScoreRows};

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
        // What asks for no flips is compiled without them.
        if const { E::SECOND_PATHS.has_flips() } && self.estimator.second_paths().has_flips() {
            return self.flips(pass, objective, scratch, t);
        }
        match self.estimator.pair_signals() {
            Some(pairs) => self.apply_rows(pairs, layout, O::HAS_LOG_Q, scratch, t),
            None => self.apply_signals(layout, t, layout.per_row(scratch.per_row).f, scratch.deltas),
        }
        Ok(())
    }

    /// Flips of one unit of each row, or of every one; the signals of pairs are in their place if there are pairs.
    fn flips<O: Objective<K>>(
        &self,
        pass: &Pass<'_, K>,
        objective: &mut O,
        scratch: &mut Scratch<'_>,
        t: usize,
    ) -> Result<(), Error> {
        let (layout, width) = (&pass.layout, self.shape.stochastic_width(t));
        if self.estimator.second_paths() != SecondPaths::EveryFlip {
            let unit_of = |row| self.unit(pass, t, row);
            let count = self.start_flips(layout, O::HAS_LOG_Q, &unit_of, scratch, t);
            self.differences(pass, objective, scratch, t, count)?;
            let per_row = layout.per_row(scratch.per_row);
            let flipped = block_mut(per_row.log_q_partner, layout.rows(), t);
            scatter(scratch.path_rows, scratch.path_f, count, flipped);
            self.apply_one(pass, width, scratch, t);
        } else if objective.keep_linear(pass, scratch, t) {
            self.apply_linear(pass, objective, scratch, t)?;
        } else {
            for unit in 0..width {
                let count = self.start_flips(layout, O::HAS_LOG_Q, &|_| unit, scratch, t);
                self.differences(pass, objective, scratch, t, count)?;
                let per_row = layout.per_row(scratch.per_row);
                scatter(scratch.path_rows, scratch.path_f, count, per_row.f);
                self.apply_unit(layout, unit, scratch, t);
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
        unit: &dyn Fn(usize) -> usize,
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
            if let Some((out, (path_row, path_f))) = out.next() {
                for (out, b) in out.iter_mut().zip(b) {
                    *out = *b;
                }
                if let Some(word) = element_mut(out, unit / 32) {
                    *word ^= 1 << (unit % 32);
                }
                *path_row = row as u32;
                let step = if main.bits(row).get(unit) { -phi } else { phi };
                *path_f = if log_q { element(log_q_row, row) + step } else { 0.0 };
                count += 1;
            }
        }
        count
    }

    /// The stride and the rows of scores of layer `t`, and what lies behind them.
    fn scores<'a>(&self, layout: &Layout<'_>, t: usize, deltas: &'a [f32]) -> (usize, &'a [f32]) {
        let ScoreRows { stride, start, .. } = layout.scores(t);
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
            if let Some(d) = element_mut(scores, unit) {
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
        let (rows, ScoreRows { width, stride, start }) = (layout.rows(), layout.scores(t));
        for row in 0..rows {
            let per_row = layout.per_row(scratch.per_row);
            let f = above(per_row.cost, O::HAS_LOG_Q.then_some(&*per_row.log_q), rows, t, row);
            let log_q = element(block(per_row.log_q, rows, t), row);
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
                if let Some(d) = element_mut(scratch.deltas, at) {
                    *d = significant(flip_gradient(phi, b, f - flipped) * signal);
                }
            }
        }
        Ok(())
    }
}
