//! Bernoulli units in integers: draws, logarithms of probabilities.

use super::rule::{IntegerRule, IntegerUnit};
use super::table::falling;
use crate::kernels::Drawn;

/// Most nats of the units of a layer: 2^11. Beyond, a step is refused.
const MOST: i32 = 1 << 27;

/// A sum of log-probabilities with 16 bits behind the point, word by word of 32 units.
///
/// A unit has less than 2^4 + 0.7 nats, so 32 are below 2^26 and nothing overflows.
struct Sum {
    total: i32,
    word: i32,
}

impl Sum {
    const ZERO: Self = Sum { total: 0, word: 0 };

    /// log sigma(x), of x with 11 bits behind the point and ln(1 + e^-|x|).
    #[inline(always)]
    fn push(&mut self, x: i32, softplus: u32) {
        self.word += (x.min(0) << 5) - softplus as i32;
    }

    /// Due after each word.
    #[inline(always)]
    fn flush(&mut self) {
        self.total = self.total.saturating_add(self.word);
        self.word = 0;
    }

    /// The sum, and whether it is too large.
    #[inline(always)]
    fn end(self) -> (i32, bool) {
        (self.total, self.total <= -MOST)
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

/// `x` with its sign changed unless the lowest bit of `b` is set.
#[inline(always)]
fn signed(x: i32, b: u32) -> i32 {
    if b & 1 == 0 { -x } else { x }
}

/// Partners and scores are written as far as there is room. Returns log q of both, and whether it is too large.
#[inline(never)]
pub(super) fn sample(
    rule: &dyn IntegerRule,
    logits: &[i16],
    uniforms: &[i16],
    out: Drawn<'_, i16>,
) -> [(i32, bool); 2] {
    let (mut own, mut other) = (Sum::ZERO, Sum::ZERO);
    let mut units = logits.iter().zip(uniforms);
    let mut scores = out.score.iter_mut();
    let mut partners = out.partner.iter_mut();
    for sample in out.sample {
        let (mut b, mut b_partner) = (0u32, 0u32);
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
            own.push(signed((*phi).into(), sample), softplus);
            other.push(signed((*phi).into(), partner), softplus);
        }
        *sample = b;
        if let Some(partner) = partners.next() {
            *partner = b_partner;
        }
        own.flush();
        other.flush();
    }
    [own.end(), other.end()]
}

/// The sum, and whether it is too large.
#[inline(never)]
pub(super) fn log_prob(logits: &[i16], b: &[u32]) -> (i32, bool) {
    let mut sum = Sum::ZERO;
    for (logits, word) in logits.chunks(32).zip(b) {
        let mut word = *word;
        for l in logits {
            sum.push(signed((*l).into(), word), falling(l.unsigned_abs().into()).1);
            word >>= 1;
        }
        sum.flush();
    }
    sum.end()
}

/// [`log_prob`], and in place of each logit sigma(l) - b with 12 bits behind the point.
#[inline(never)]
pub(super) fn log_prob_delta(logits: &mut [i16], b: &[u32]) -> (i32, bool) {
    let mut sum = Sum::ZERO;
    for (logits, word) in logits.chunks_mut(32).zip(b) {
        let mut word = *word;
        for l in logits {
            let (small, softplus) = falling(l.unsigned_abs().into());
            sum.push(signed((*l).into(), word), softplus);
            let small = (small as i32 + 8) >> 4;
            let p = if *l >= 0 { 4096 - small } else { small };
            *l = (p - ((word & 1) as i32) * 4096) as i16;
            word >>= 1;
        }
        sum.flush();
    }
    sum.end()
}
