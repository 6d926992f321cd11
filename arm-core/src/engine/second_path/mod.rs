//! Second paths through a layer and what lies above it: the antithetic partner, or the sample with one unit flipped.
//!
//! Tests: `tests/tests/estimators/unbiased.rs`, `bound.rs`, `tests/tests/engine/scratch.rs`.

mod beyond_pairs;

use crate::engine::upward::UpwardSampler;
use crate::engine::{Engine, Estimates};
use crate::error::Error;
use crate::estimator::Estimator;
use crate::feature::{BATCH, STACKS};
use crate::kernels::{NatsOf, ValueOf};
use crate::network::{Pass, Scratch};
use crate::numeric::chunks::chunks_mut;
use crate::numeric::number::Nats;
use crate::numeric::rng::Purpose;
use crate::numeric::window::{block, element, element_mut, split_mut, window, window_mut};
use crate::objective::Objective;
use crate::shape::layout::{Layout, ScoreRows};

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
            if let (Some(path_row), Some(path_f)) =
                (element_mut(scratch.path_rows, count), element_mut(scratch.path_f, count))
            {
                *path_row = row as u32;
                *path_f = if log_q { element(log_q_partner, row) } else { Default::default() };
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
        for (path_f, &row) in scratch.path_f.iter_mut().zip(&*scratch.path_rows).take(count) {
            if !path_f.finite() {
                return false;
            }
            *path_f = above(per_row.cost, log_q.then_some(&*per_row.log_q), rows, t, row as usize) - *path_f;
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
        let ScoreRows { stride, start, .. } = layout.scores(t);
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

/// The first `count` of `values` to the rows they belong to; 0 in all other rows.
fn scatter<F: Nats>(path_rows: &[u32], values: &[F], count: usize, rows: &mut [F]) {
    rows.fill(F::default());
    for (&row, value) in path_rows.iter().zip(values).take(count) {
        if let Some(out) = element_mut(rows, row as usize) {
            *out = *value;
        }
    }
}
