//! Bernoulli units in integers: draws, logarithms of probabilities.

use super::rule::{IntegerRule, IntegerUnit};
use crate::kernels::Drawn;
use arm_vfp::integer::{self, falling, log_sigmoid, signed};

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
    let mut units = logits.iter().zip(uniforms);
    let mut scores = out.score.iter_mut();
    let mut partners = out.partner.iter_mut();
    for sample in out.sample {
        let (mut b, mut b_partner) = (0u32, 0u32);
        let (mut of_b, mut of_partner) = (0, 0);
        for i in 0..32 {
            let Some((phi, u)) = units.next() else { break };
            let (p, softplus) = probability(*phi);
            let IntegerUnit { sample, partner, score } = rule.unit(p, u32::from(*u as u16));
            let (sample, partner) = (u32::from(sample), u32::from(partner));
            b |= sample << i;
            b_partner |= partner << i;
            if let Some(out) = scores.next() {
                *out = score;
            }
            of_b += log_sigmoid(signed((*phi).into(), sample), softplus);
            of_partner += log_sigmoid(signed((*phi).into(), partner), softplus);
        }
        *sample = b;
        if let Some(partner) = partners.next() {
            *partner = b_partner;
        }
        own.add(of_b);
        other.add(of_partner);
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
