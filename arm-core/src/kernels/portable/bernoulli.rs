//! Bernoulli units: probabilities, draws, logarithms of probabilities.
//!
//! Tests: `tests/tests/engine/gradients.rs`, `tests/tests/estimators/unbiased.rs`.

use crate::kernels::Drawn;
use crate::kernels::{DrawRule, DrawnUnit};
use crate::numeric::math::{exp_below_one_called, ln_called};
use crate::numeric::window::split_mut;
use arm_vfp::{Lanes, Sums};

/// Beyond this magnitude of a logit the smaller of its probabilities counts as zero; it is below 2^-38.
pub(in crate::kernels) const SATURATED: f32 = 27.0;

/// e^-|x|, or zero for a saturated logit; NaN for NaN.
#[inline(always)]
fn decay(x: f32) -> f32 {
    let size = x.abs();
    if size > SATURATED { 0.0 } else { exp_below_one_called(-size) }
}

/// (1 + e^-|phi|, sigmoid(phi), sigmoid(-phi)).
#[inline(always)]
fn probabilities(phi: f32) -> (f32, f32, f32) {
    let e = decay(phi);
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    if phi >= 0.0 { (1.0 + e, large, small) } else { (1.0 + e, small, large) }
}

/// `x` with its sign changed unless the lowest bit of `b` is set.
#[inline(always)]
fn signed(x: f32, b: u32) -> f32 {
    f32::from_bits(x.to_bits() ^ (!b << 31))
}

/// Units of a word are summed in so many interleaved lanes, which are then added in order: vectors do the same.
const LANES: usize = 4;

/// A sum of log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|), with one logarithm for the factors 1 + e^-|x| <= 2 of a word.
struct LogSigmoid {
    sums: Sums,
    logs: f32,
}

impl LogSigmoid {
    #[inline(always)]
    fn new() -> Self {
        LogSigmoid { sums: Sums::NONE, logs: 0.0 }
    }

    /// Adds a lane of a word.
    #[inline(always)]
    fn push(&mut self, lane: Sums) {
        self.sums.twice += lane.twice;
        self.sums.product *= lane.product;
    }

    /// Due after each word.
    #[inline(always)]
    fn flush(&mut self) {
        self.logs += ln_called(self.sums.product);
        self.sums.product = 1.0;
    }

    #[inline(always)]
    fn sum(&self) -> f32 {
        0.5 * self.sums.twice - self.logs
    }
}

/// Adds a unit to a lane.
#[inline(always)]
fn add(x: f32, factor: f32, lane: &mut Sums) {
    lane.twice += x - x.abs();
    lane.product *= factor;
}

/// Takes the floats of the next word of bits off `rest`.
#[inline(always)]
fn next<'a>(rest: &mut &'a [f32]) -> &'a [f32] {
    let (head, tail) = rest.split_at_checked(32).unwrap_or((rest, &[]));
    *rest = tail;
    head
}

/// [`next`] of what is written.
#[inline(always)]
fn next_mut<'a>(rest: &mut &'a mut [f32]) -> &'a mut [f32] {
    let n = rest.len().min(32);
    let (head, tail) = split_mut(core::mem::take(rest), n);
    *rest = tail;
    head
}

/// Partners and scores are written as far as there is room. Compiled once for every rule, hence the pointer.
#[inline(never)]
pub(super) fn sample(rule: &dyn DrawRule, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
    let (mut log_q, mut partners_twice) = (LogSigmoid::new(), 0.0);
    let (mut logits, mut uniforms, mut scores) = (logits, uniforms, out.score);
    let mut partners = out.partner.iter_mut();
    for sample in out.sample {
        let (logits, uniforms, scores) = (next(&mut logits), next(&mut uniforms), next_mut(&mut scores));
        let (mut own, mut other) = (0, 0);
        for first in 0..LANES {
            let (mut lane, mut twice, mut i) = (Sums::NONE, 0.0, first);
            while let (Some(&phi), Some(&u)) = (logits.get(i), uniforms.get(i)) {
                let (factor, p, q) = probabilities(phi);
                let DrawnUnit { sample: b, partner: b_partner, score } = rule.draw(p, q, u);
                let (b, b_partner) = (u32::from(b), u32::from(b_partner));
                own |= b << i;
                other |= b_partner << i;
                if let Some(out) = scores.get_mut(i) {
                    *out = score;
                }
                add(signed(phi, b), factor, &mut lane);
                let x = signed(phi, b_partner);
                twice += x - x.abs();
                i += LANES;
            }
            log_q.push(lane);
            partners_twice += twice;
        }
        log_q.flush();
        *sample = own;
        if let Some(partner) = partners.next() {
            *partner = other;
        }
    }
    let of_sample = log_q.sum();
    log_q.sums.twice = partners_twice;
    (of_sample, log_q.sum())
}

#[inline(never)]
pub(super) fn log_prob(logits: &[f32], b: &[u32]) -> f32 {
    let mut sum = LogSigmoid::new();
    let mut logits = logits;
    for word in b {
        let logits = next(&mut logits);
        let mut lanes = Lanes::NONE;
        let done = arm_vfp::log_prob(logits, *word, &mut lanes);
        for k in 0..LANES {
            let (mut lane, mut i) = (lanes.lane(k), done + k);
            let mut word = word.wrapping_shr(i as u32);
            while let Some(&l) = logits.get(i) {
                add(signed(l, word), 1.0 + decay(l), &mut lane);
                word >>= LANES;
                i += LANES;
            }
            sum.push(lane);
        }
        sum.flush();
    }
    sum.sum()
}

#[inline(never)]
pub(super) fn log_prob_delta(logits: &mut [f32], b: &[u32]) -> f32 {
    let mut sum = LogSigmoid::new();
    let mut logits = logits;
    for word in b {
        let logits = next_mut(&mut logits);
        let mut lanes = Lanes::NONE;
        let done = arm_vfp::log_prob_delta(logits, *word, &mut lanes);
        for k in 0..LANES {
            let (mut lane, mut i) = (lanes.lane(k), done + k);
            let mut word = word.wrapping_shr(i as u32);
            while let Some(l) = logits.get_mut(i) {
                let x = signed(*l, word);
                let e = decay(x);
                let factor = 1.0 + e;
                add(x, factor, &mut lane);
                // The residual sigmoid(-x) keeps full relative precision where sigmoid(l) - 1 would cancel.
                let large = 1.0 / factor;
                let residual = if x >= 0.0 { e * large } else { large };
                *l = signed(residual, !word);
                word >>= LANES;
                i += LANES;
            }
            sum.push(lane);
        }
        sum.flush();
    }
    sum.sum()
}
