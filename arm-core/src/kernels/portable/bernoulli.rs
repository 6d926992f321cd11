//! Bernoulli units: probabilities, draws, logarithms of probabilities.

use crate::kernels::Drawn;
use crate::kernels::{DrawRule, DrawnUnit};
use crate::numeric::math::{exp_below_one_called, ln_called};
use arm_vfp::Sums;

/// Beyond this magnitude of a logit the smaller of its probabilities counts as zero; it is below 2^-38.
const SATURATED: f32 = 27.0;

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

/// A sum of log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|), with one logarithm for up to 64 factors 1 + e^-|x| <= 2.
struct LogSigmoid {
    sums: Sums,
    logs: f32,
}

impl LogSigmoid {
    #[inline(always)]
    fn new() -> Self {
        LogSigmoid { sums: Sums { twice: 0.0, product: 1.0 }, logs: 0.0 }
    }

    #[inline(always)]
    fn push(&mut self, x: f32, factor: f32) {
        self.sums.twice += x - x.abs();
        self.sums.product *= factor;
    }

    /// Due after at most 64 factors.
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
    let all = core::mem::take(rest);
    let (head, tail) = all.split_at_mut_checked(all.len().min(32)).unwrap_or_default();
    *rest = tail;
    head
}

/// Partners and scores are written as far as there is room. Compiled once for every rule, hence the pointer.
#[inline(never)]
pub(super) fn sample(rule: &dyn DrawRule, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
    let (mut log_q, mut partners_twice) = (LogSigmoid::new(), 0.0);
    let mut units = logits.iter().zip(uniforms);
    let (mut partners, mut scores) = (out.partner.iter_mut(), out.score.iter_mut());
    for sample in out.sample {
        let (mut own, mut other) = (0, 0);
        for (i, (&phi, &u)) in (0..32).zip(&mut units) {
            let (factor, p, q) = probabilities(phi);
            let DrawnUnit { sample: b, partner: b_partner, score } = rule.draw(p, q, u);
            let (b, b_partner) = (u32::from(b), u32::from(b_partner));
            own |= b << i;
            other |= b_partner << i;
            if let Some(out) = scores.next() {
                *out = score;
            }
            log_q.push(signed(phi, b), factor);
            let x = signed(phi, b_partner);
            partners_twice += x - x.abs();
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
        let done = arm_vfp::log_prob(logits, *word, &mut sum.sums);
        let mut word = word.checked_shr(done as u32).unwrap_or_default();
        for &l in logits.get(done..).unwrap_or_default() {
            sum.push(signed(l, word), 1.0 + decay(l));
            word >>= 1;
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
        let done = arm_vfp::log_prob_delta(logits, *word, &mut sum.sums);
        let mut word = word.checked_shr(done as u32).unwrap_or_default();
        for l in logits.get_mut(done..).unwrap_or_default() {
            let x = signed(*l, word);
            let e = decay(x);
            let factor = 1.0 + e;
            sum.push(x, factor);
            // The residual sigmoid(-x) keeps full relative precision where sigmoid(l) - 1 would cancel.
            let large = 1.0 / factor;
            let residual = if x >= 0.0 { e * large } else { large };
            *l = signed(residual, !word);
            word >>= 1;
        }
        sum.flush();
    }
    sum.sum()
}
