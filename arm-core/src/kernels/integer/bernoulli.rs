//! Bernoulli units in integers: draws, logarithms of probabilities.
//!
//! Tests: `kernels/integer/tests.rs`, `tests/tests/estimators/integer.rs`.

use super::rule::IntegerRule;
use crate::kernels::Drawn;
use arm_vfp::integer::{self, falling};

/// Most nats of the units of a layer: 2^11. Beyond, a step is refused.
const MOST: i32 = 1 << 27;

/// A sum of log-probabilities, none of which is positive, with 16 bits behind the point.
struct Sum(i32);

impl Sum {
    #[inline(always)]
    fn add(&mut self, log: i32) {
        self.0 = self.0.saturating_add(log);
    }

    /// The sum, and whether it is too large.
    #[inline(always)]
    fn end(self) -> (i32, bool) {
        (self.0, self.0 <= -MOST)
    }
}

/// (p, ln(1 + e^-|phi|)) with 16 bits behind the point.
#[inline(always)]
fn probability(phi: i16) -> (u32, u32) {
    let (small, softplus) = falling(phi.unsigned_abs().into());
    (if phi >= 0 { 65_536 - small } else { small }, softplus)
}

/// p with 16 bits behind the point.
pub(super) fn sigma(phi: i16) -> u32 {
    probability(phi).0
}

/// Partners and scores are written as far as there is room. Returns log q of both, and whether it is too large.
#[inline(never)]
pub(super) fn sample(
    rule: &dyn IntegerRule,
    logits: &[i16],
    uniforms: &[i16],
    out: Drawn<'_, i16>,
) -> [(i32, bool); 2] {
    let (mut own, mut other) = (Sum(0), Sum(0));
    out.sample.fill(0);
    out.partner.fill(0);
    for ((i, phi), u) in logits.iter().enumerate().zip(uniforms) {
        let (p, softplus) = probability(*phi);
        let unit = rule.draw(p, u32::from(*u as u16));
        // The logarithm of a probability is the unit, if its bit is set, less the greater of it and zero and less its softplus.
        let phi = i32::from(*phi) << 5;
        let less = phi.max(0) + softplus as i32;
        own.add(if unit.sample { phi } else { 0 } - less);
        other.add(if unit.partner { phi } else { 0 } - less);
        if let Some(word) = out.sample.get_mut(i / 32) {
            *word |= u32::from(unit.sample) << (i % 32);
        }
        if let Some(word) = out.partner.get_mut(i / 32) {
            *word |= u32::from(unit.partner) << (i % 32);
        }
        if let Some(out) = out.score.get_mut(i) {
            *out = unit.score;
        }
    }
    [own.end(), other.end()]
}

/// The sum, and whether it is too large.
#[inline(always)]
pub(super) fn log_prob(logits: &[i16], b: &[u32]) -> (i32, bool) {
    Sum(integer::log_prob(logits, b)).end()
}

/// [`log_prob`], and in place of each logit sigma(l) - b with 12 bits behind the point.
#[inline(always)]
pub(super) fn log_prob_delta(logits: &mut [i16], b: &[u32]) -> (i32, bool) {
    Sum(integer::log_prob_delta(logits, b)).end()
}
