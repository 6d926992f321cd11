//! Bernoulli units, sixteen at a time: probabilities, draws, logarithms of probabilities.
//!
//! Tests: `kernels/simd/tests.rs`.

use super::lanes::{flip, not_negative, padded, quarters, store_some};
use super::math::{decay, ln};
use crate::kernels::Drawn;
use crate::kernels::draw_rule::{DrawRule, RuleWork};
use crate::kernels::portable::SATURATED;
use crate::numeric::window::{split_mut, window};
use wide::{f32x4, f32x16, u32x16};

/// A logit of units that are not there: as long as they are on, they add nothing to any sum.
const ABSENT: f32 = 100.0;

/// Units of a vector.
const N: usize = 16;

const SIGN: u32 = 1 << 31;

/// The bit of each unit.
const BITS: u32x16 = {
    let (mut bits, mut i) = ([0; N], 0);
    while i < N {
        bits[i] = 1 << i;
        i += 1;
    }
    u32x16::new(bits)
};

/// The bits of sixteen units that are not there, of which `n` are.
#[inline(always)]
fn absent(n: usize) -> u32 {
    if n < N { u32::MAX << n } else { 0 }
}

/// What changes the sign of units whose bit is zero.
#[inline(always)]
fn signs_of_zeros(bits: u32) -> f32x16 {
    let off = (u32x16::splat(bits) & BITS).simd_eq(u32x16::splat(0));
    f32x16::from_bits(off & u32x16::splat(SIGN))
}

/// Lanes of a sum of log sigmoid(x) over the units of a word.
#[derive(Clone, Copy)]
struct Word {
    /// Sums of x - |x|.
    twice: f32x4,
    /// Products of 1 + e^-|x|.
    product: f32x4,
}

impl Word {
    #[inline(always)]
    fn new() -> Self {
        Word { twice: f32x4::splat(0.0), product: f32x4::splat(1.0) }
    }

    #[inline(always)]
    fn push(&mut self, x: f32x16, factor: f32x16) {
        self.twice = add(self.twice, x);
        quarters(factor).into_iter().for_each(|factor| self.product *= factor);
    }
}

/// Lanes of a sum of x - |x|.
#[inline(always)]
fn add(twice: f32x4, x: f32x16) -> f32x4 {
    quarters(x - x.abs()).into_iter().fold(twice, |twice, x| twice + x)
}

/// `sum` and the lanes in order.
#[inline(always)]
fn and_lanes(sum: f32, lanes: f32x4) -> f32 {
    lanes.to_array().into_iter().fold(sum, |sum, lane| sum + lane)
}

/// A sum of log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|), with one logarithm for the factors 1 + e^-|x| of a word.
struct LogSigmoid {
    twice: f32,
    logs: f32,
    /// Products of words whose logarithm is due; those that are not there are one.
    products: [f32; 4],
    due: usize,
}

impl LogSigmoid {
    #[inline(always)]
    fn new() -> Self {
        LogSigmoid { twice: 0.0, logs: 0.0, products: [1.0; 4], due: 0 }
    }

    #[inline(always)]
    fn push(&mut self, word: Word) {
        self.twice = and_lanes(self.twice, word.twice);
        let product = word.product.to_array().into_iter().fold(1.0, |product, lane| product * lane);
        if let Some(due) = self.products.get_mut(self.due) {
            *due = product;
        }
        self.due += 1;
        if self.due == self.products.len() {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        // The logarithm of a word that is not there is zero.
        let logs = ln(f32x4::new(self.products)).to_array();
        self.logs = logs.iter().take(self.due).fold(self.logs, |sum, log| sum + log);
        (self.products, self.due) = ([1.0; 4], 0);
    }

    #[inline(always)]
    fn sum(mut self) -> (f32, f32) {
        if self.due > 0 {
            self.flush();
        }
        (0.5 * self.twice - self.logs, self.logs)
    }
}

/// A row that a rule draws: see [`Kernels::sample`](crate::kernels::Kernels::sample). Partners and scores are written if
/// `PAIRS`.
pub(super) struct Row<'a, const PAIRS: bool> {
    pub(super) logits: &'a [f32],
    pub(super) uniforms: &'a [f32],
    pub(super) out: Drawn<'a>,
}

impl<const PAIRS: bool> RuleWork for Row<'_, PAIRS> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with<R: DrawRule>(self, rule: &R) -> (f32, f32) {
        sample::<R, PAIRS>(rule, self.logits, self.uniforms, self.out)
    }
}

#[inline(always)]
fn sample<E: DrawRule, const PAIRS: bool>(
    rule: &E,
    logits: &[f32],
    uniforms: &[f32],
    out: Drawn<'_>,
) -> (f32, f32) {
    let n = logits.len().min(uniforms.len());
    let (mut logits, mut uniforms) = (window(logits, ..n), window(uniforms, ..n));
    let (mut partners, mut scores) = (out.partner.iter_mut(), out.score);
    let (mut sum, mut partners_twice) = (LogSigmoid::new(), 0.0);
    for sample in out.sample {
        let (mut word, mut partner_twice) = (Word::new(), f32x4::splat(0.0));
        let (mut own, mut other) = (0, 0);
        for shift in [0, N] {
            if logits.is_empty() {
                break;
            }
            let absent = absent(logits.len());
            let phi = padded(logits, ABSENT);
            let e = decay(phi, SATURATED);
            let factor = f32x16::splat(1.0) + e;
            let large = f32x16::splat(1.0) / factor;
            let small = e * large;
            let positive = not_negative(phi);
            let (p, q) = (positive.select(large, small), positive.select(small, large));
            let u = padded(uniforms, 0.5);
            let drawn = rule.draw_lanes(&p.to_array(), &q.to_array(), &u.to_array());
            let b = u32x16::new(drawn.sample).to_bitmask();
            word.push(flip(phi, signs_of_zeros(b | absent)), factor);
            own |= (b & !absent) << shift;
            if PAIRS {
                let b = u32x16::new(drawn.partner).to_bitmask();
                partner_twice = add(partner_twice, flip(phi, signs_of_zeros(b | absent)));
                other |= (b & !absent) << shift;
                let n = logits.len().min(N).min(scores.len());
                let (now, later) = split_mut(core::mem::take(&mut scores), n);
                store_some(drawn.score, now);
                scores = later;
            }
            logits = logits.get(N..).unwrap_or_default();
            uniforms = uniforms.get(N..).unwrap_or_default();
        }
        sum.push(word);
        *sample = own;
        if PAIRS {
            partners_twice = and_lanes(partners_twice, partner_twice);
            if let Some(partner) = partners.next() {
                *partner = other;
            }
        }
    }
    let (of_sample, logs) = sum.sum();
    (of_sample, 0.5 * partners_twice - logs)
}

#[inline(never)]
pub(super) fn log_prob(mut logits: &[f32], b: &[u32]) -> f32 {
    let mut sum = LogSigmoid::new();
    for bits in b {
        let mut word = Word::new();
        for shift in [0, N] {
            if logits.is_empty() {
                break;
            }
            let l = padded(logits, ABSENT);
            let x = flip(l, signs_of_zeros(bits >> shift | absent(logits.len())));
            word.push(x, f32x16::splat(1.0) + decay(l, SATURATED));
            logits = logits.get(N..).unwrap_or_default();
        }
        sum.push(word);
    }
    sum.sum().0
}

#[inline(never)]
pub(super) fn log_prob_delta(mut logits: &mut [f32], b: &[u32]) -> f32 {
    let mut sum = LogSigmoid::new();
    for bits in b {
        let mut word = Word::new();
        for shift in [0, N] {
            if logits.is_empty() {
                break;
            }
            let signs = signs_of_zeros(bits >> shift | absent(logits.len()));
            let x = flip(padded(logits, ABSENT), signs);
            let e = decay(x, SATURATED);
            let factor = f32x16::splat(1.0) + e;
            word.push(x, factor);
            // The residual sigmoid(-x) keeps full relative precision where sigmoid(l) - 1 would cancel.
            let large = f32x16::splat(1.0) / factor;
            let residual = not_negative(x).select(e * large, large);
            let delta = flip(residual, signs ^ f32x16::splat(-0.0));
            let n = logits.len().min(N);
            let (now, later) = split_mut(logits, n);
            store_some(delta.to_array(), now);
            logits = later;
        }
        sum.push(word);
    }
    sum.sum().0
}
