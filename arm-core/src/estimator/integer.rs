//! The estimators that work in integers.
//!
//! Their scores are rounded to 2^-15, signals to 2^-8 nats, and the gradient of a logit to 2^-9: what they give is unbiased
//! but for that.
//!
//! Tests: `tests/tests/estimators/integer.rs`.

use crate::estimator::{Ar, Arm, DisArm, Reinforce, Rloo};
use crate::kernels::integer::independent;
use crate::kernels::{IntegerRule, IntegerUnit};
use crate::numeric::fixed::{FixedNats, ONE};
use crate::numeric::number::Nats;
use core::num::Saturating;

/// An [`Estimator`](super::Estimator) in integers. Signals and weights have 16 bits behind the point, as f has.
pub trait IntegerEstimator: IntegerRule {
    /// [`Estimator::signals`](super::Estimator::signals), from f of the samples of one example.
    fn integer_signals(&self, f: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]);
}

/// One sample with its antithetic partner: 1\[u > q\] and 1\[u < p\], which have the same probability p exactly.
#[inline(always)]
fn pair(p: u32, k: u32) -> (bool, bool) {
    (k >= 65_536 - p, k < p)
}

fn ones(signal: &mut [FixedNats], weight: &mut [FixedNats]) {
    signal.fill(Saturating(ONE));
    weight.fill(Saturating(ONE));
}

impl IntegerRule for Arm {
    /// The score is (k - 2^15) 2^-16, a quarter of its unit less than u - 1/2 or more: with k as likely as 2^16 - 1 - k, which
    /// swaps sample and partner, that has mean zero.
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        let (sample, partner) = pair(p, k);
        IntegerUnit { sample, partner, score: ((k as i32 - 32_768) >> 1) as i16 }
    }
}

impl IntegerEstimator for Arm {
    fn integer_signals(&self, _: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]) {
        ones(signal, weight);
    }
}

impl IntegerRule for DisArm {
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        let (sample, partner) = pair(p, k);
        // Half of the larger probability, below 2^15 where the pair differs.
        let half = (p.max(65_536 - p) >> 2) as i32;
        let score = if sample == partner { 0 } else { half };
        IntegerUnit { sample, partner, score: if sample { score } else { -score } as i16 }
    }
}

impl IntegerEstimator for DisArm {
    fn integer_signals(&self, _: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]) {
        ones(signal, weight);
    }
}

impl IntegerRule for Ar {
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        let sample = k < p;
        // 1 - 2u, within 2^-16 of it.
        IntegerUnit { sample, partner: sample, score: (32_767 - k as i32) as i16 }
    }
}

impl IntegerEstimator for Ar {
    fn integer_signals(&self, f: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]) {
        ones(signal, weight);
        signal.iter_mut().zip(f).for_each(|(s, f)| *s = *f);
    }
}

impl IntegerRule for Reinforce {
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        independent(p, k)
    }
}

impl IntegerEstimator for Reinforce {
    fn integer_signals(&self, f: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]) {
        ones(signal, weight);
        let c = FixedNats::of(self.baseline.value());
        signal.iter_mut().zip(f).for_each(|(s, f)| *s = *f - c);
    }
}

impl IntegerRule for Rloo {
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        independent(p, k)
    }
}

impl IntegerEstimator for Rloo {
    fn integer_signals(&self, f: &[FixedNats], signal: &mut [FixedNats], weight: &mut [FixedNats]) {
        let n = (self.samples as i32).clamp(2, 1024);
        // Of at most 2^10 samples: the mean first, so that the sum stays in range.
        let mean = f.iter().fold(0, |sum, f| sum + f.0 / n);
        for (s, f) in signal.iter_mut().zip(f) {
            *s = Saturating(f.0.saturating_sub(mean).checked_div(n - 1).unwrap_or(0));
        }
        weight.fill(Saturating(ONE / n));
    }
}
