//! Bernoulli units in integers: draws, logarithms of probabilities.

use super::rule::IntegerRule;
use crate::kernels::Drawn;
use arm_vfp::integer::{self, falling};

/// Most nats of the units of a layer: 2^11. Beyond, a step is refused.
const MOST: i32 = 1 << 27;

/// A sum of log-probabilities with 16 bits behind the point, word by word of 32 units, which are below 2^26.
struct Sum(i32);

impl Sum {
    #[inline(always)]
    fn add(&mut self, word: i32) {
        self.0 = self.0.saturating_add(word);
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
    let (mut scores, mut partners) = (out.score.iter_mut(), out.partner.iter_mut());
    let words = logits.chunks(32).zip(uniforms.chunks(32));
    for ((logits, uniforms), sample) in words.zip(out.sample) {
        // The logarithm of a probability is the unit, if its bit is set, less the greater of it and zero and less its softplus:
        // of a word below 2^26.
        let (mut less, mut of_b, mut of_partner) = (0, 0, 0);
        let (mut b, mut b_partner, mut bit) = (0u32, 0u32, 1u32);
        for (phi, u) in logits.iter().zip(uniforms) {
            let (p, softplus) = probability(*phi);
            let unit = rule.unit(p, u32::from(*u as u16));
            let phi = i32::from(*phi) << 5;
            less += phi.max(0) + softplus as i32;
            if unit.sample {
                b |= bit;
                of_b += phi;
            }
            if unit.partner {
                b_partner |= bit;
                of_partner += phi;
            }
            if let Some(out) = scores.next() {
                *out = unit.score;
            }
            bit <<= 1;
        }
        *sample = b;
        if let Some(partner) = partners.next() {
            *partner = b_partner;
        }
        own.add(of_b - less);
        other.add(of_partner - less);
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
