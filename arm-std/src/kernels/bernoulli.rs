//! Bernoulli units: sampling, log-probabilities and their gradient, 32 units (a word) at a time.
//!
//! Plain loops over arrays of 32, compiled once for each vector unit. Exponentials are those of [`arm_core::math`], and
//! so are their bits; sums run in 32 interleaved lanes.

use super::lanes::{Lanes, Op};
use arm_core::estimator::Unit;
use arm_core::kernels::Drawn;
use arm_core::math::{exp_neg_abs, ln};

/// Units of a word.
const N: usize = 32;
type Word = [f32; N];

/// The bit of each unit.
static BIT: [u32; N] = {
    let mut bit = [0; N];
    let mut i = 0;
    while i < N {
        bit[i] = 1 << i;
        i += 1;
    }
    bit
};

/// The sum of lanes in a fixed order. Not inlined: its pairs would be what the compiler vectorises the loops by.
#[inline(never)]
fn total(mut s: Word) -> f32 {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            s[i] += s[i + half];
        }
        half /= 2;
    }
    s[0]
}

/// sum ln(1 + e) over e in [0, 1]: the logarithm of a product in each lane.
struct Normaliser {
    product: Word,
    left: u32,
    sum: Word,
}

impl Normaliser {
    const FLUSH: u32 = 64;

    #[inline(always)]
    fn new() -> Self {
        Normaliser { product: [1.0; N], left: Self::FLUSH, sum: [0.0; N] }
    }

    #[inline(always)]
    fn push(&mut self, e: &Word) {
        for (p, e) in self.product.iter_mut().zip(e) {
            *p *= 1.0 + e;
        }
        self.left -= 1;
        if self.left == 0 {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for (s, p) in self.sum.iter_mut().zip(&mut self.product) {
            *s += ln(*p);
            *p = 1.0;
        }
        self.left = Self::FLUSH;
    }

    #[inline(always)]
    fn total(mut self) -> f32 {
        self.flush();
        total(self.sum)
    }
}

/// A logit of units that are not there: as long as they are on, they add nothing to any sum.
const ABSENT: f32 = 1e9;

/// The word of the units out of `len` that are not there.
#[inline(always)]
fn absent(len: usize) -> u32 {
    u32::MAX.checked_shl(len as u32).unwrap_or(0)
}

/// The first 32 elements, or all and absent units.
#[inline(always)]
fn chunk(from: &[f32]) -> Word {
    match from.first_chunk::<N>() {
        Some(c) => *c,
        None => {
            let mut c = [ABSENT; N];
            c[..from.len()].copy_from_slice(from);
            c
        }
    }
}

/// Writes the first 32 elements, or as many as there are.
#[inline(always)]
fn put(values: &Word, to: &mut [f32]) {
    match to.first_chunk_mut::<N>() {
        Some(to) => *to = *values,
        None => to.copy_from_slice(&values[..to.len()]),
    }
}

#[inline(always)]
fn add(x: &Word, sum: &mut Word) {
    for (s, x) in sum.iter_mut().zip(x) {
        *s += x;
    }
}

/// min(x, 0), but NaN stays NaN.
#[inline(always)]
fn below_zero(x: f32) -> f32 {
    if x > 0.0 { 0.0 } else { x }
}

/// 32 units drawn by a rule.
struct Units {
    /// All ones for a unit that is on.
    b: [u32; N],
    partner: [u32; N],
    score: Word,
    /// First terms of log q of the sample and of its partner.
    log_q: Word,
    log_q_partner: Word,
    e: Word,
}

impl Units {
    #[inline(always)]
    fn draw<E: Unit>(rule: &E, phi: &Word, u: &Word, absent: u32) -> Self {
        let mut out = Units {
            b: [0; N],
            partner: [0; N],
            score: [0.0; N],
            log_q: [0.0; N],
            log_q_partner: [0.0; N],
            e: [0.0; N],
        };
        for i in 0..N {
            let e = exp_neg_abs(phi[i]);
            let large = 1.0 / (1.0 + e);
            let small = e * large;
            let (p, q) = if phi[i] >= 0.0 { (large, small) } else { (small, large) };
            let (b, partner, score) = rule.unit(p, q, u[i]);
            let on = absent & BIT[i] != 0;
            let (b, partner) = (b | on, partner | on);
            out.b[i] = 0u32.wrapping_sub(u32::from(b));
            out.partner[i] = 0u32.wrapping_sub(u32::from(partner));
            out.score[i] = score;
            out.log_q[i] = below_zero(if b { phi[i] } else { -phi[i] });
            out.log_q_partner[i] = below_zero(if partner { phi[i] } else { -phi[i] });
            out.e[i] = e;
        }
        out
    }
}

/// See [`Kernels::sample`](arm_core::kernels::Kernels::sample).
pub(super) struct Sample<'a, E> {
    pub(super) rule: &'a E,
    pub(super) logits: &'a [f32],
    pub(super) uniforms: &'a [f32],
    pub(super) out: Drawn<'a>,
}

impl<E: Unit> Op for Sample<'_, E> {
    type Out = (f32, f32);

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> (f32, f32) {
        let (mut log_q, mut log_q_partner, mut normaliser) = ([0.0; N], [0.0; N], Normaliser::new());
        let words = self.out.sample.iter_mut().zip(self.out.partner).zip(self.out.score.chunks_mut(N));
        let drawn = self.logits.chunks(N).zip(self.uniforms.chunks(N));
        for ((phi, u), ((sample, partner), score)) in drawn.zip(words) {
            let len = phi.len().min(u.len()).min(score.len());
            let absent = absent(len);
            let units = Units::draw(self.rule, &chunk(phi), &chunk(u), absent);
            (*sample, *partner) = (l.pack(&units.b) & !absent, l.pack(&units.partner) & !absent);
            put(&units.score, &mut score[..len]);
            add(&units.log_q, &mut log_q);
            add(&units.log_q_partner, &mut log_q_partner);
            normaliser.push(&units.e);
        }
        let normaliser = normaliser.total();
        (total(log_q) - normaliser, total(log_q_partner) - normaliser)
    }
}

/// See [`Kernels::draw`](arm_core::kernels::Kernels::draw).
pub(super) struct Draw<'a, E> {
    pub(super) rule: &'a E,
    pub(super) logits: &'a [f32],
    pub(super) uniforms: &'a [f32],
    pub(super) sample: &'a mut [u32],
}

impl<E: Unit> Op for Draw<'_, E> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let (mut log_q, mut normaliser) = ([0.0; N], Normaliser::new());
        for ((phi, u), sample) in self.logits.chunks(N).zip(self.uniforms.chunks(N)).zip(self.sample) {
            let absent = absent(phi.len().min(u.len()));
            let units = Units::draw(self.rule, &chunk(phi), &chunk(u), absent);
            *sample = l.pack(&units.b) & !absent;
            add(&units.log_q, &mut log_q);
            normaliser.push(&units.e);
        }
        total(log_q) - normaliser.total()
    }
}

/// See [`Kernels::log_prob`](arm_core::kernels::Kernels::log_prob).
pub(super) struct LogProb<'a> {
    pub(super) logits: &'a [f32],
    pub(super) b: &'a [u32],
}

impl Op for LogProb<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> f32 {
        let (mut sum, mut normaliser) = ([0.0; N], Normaliser::new());
        for (logits, &word) in self.logits.chunks(N).zip(self.b) {
            let (phi, word) = (chunk(logits), word | absent(logits.len()));
            let (mut first, mut e) = ([0.0; N], [0.0; N]);
            for i in 0..N {
                first[i] = below_zero(if word & BIT[i] != 0 { phi[i] } else { -phi[i] });
                e[i] = exp_neg_abs(phi[i]);
            }
            add(&first, &mut sum);
            normaliser.push(&e);
        }
        total(sum) - normaliser.total()
    }
}

/// See [`Kernels::log_prob_delta`](arm_core::kernels::Kernels::log_prob_delta).
pub(super) struct LogProbDelta<'a> {
    pub(super) logits: &'a mut [f32],
    pub(super) b: &'a [u32],
}

impl Op for LogProbDelta<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> f32 {
        let (mut sum, mut normaliser) = ([0.0; N], Normaliser::new());
        for (logits, &word) in self.logits.chunks_mut(N).zip(self.b) {
            let (phi, word) = (chunk(logits), word | absent(logits.len()));
            let (mut first, mut e, mut delta) = ([0.0; N], [0.0; N], [0.0; N]);
            for i in 0..N {
                let one = word & BIT[i] != 0;
                let x = if one { phi[i] } else { -phi[i] };
                first[i] = below_zero(x);
                e[i] = exp_neg_abs(x);
                // sigmoid(-x) keeps full relative precision where sigmoid(phi) - 1 would cancel.
                let large = 1.0 / (1.0 + e[i]);
                let residual = if x >= 0.0 { e[i] * large } else { large };
                delta[i] = if one { -residual } else { residual };
            }
            put(&delta, logits);
            add(&first, &mut sum);
            normaliser.push(&e);
        }
        total(sum) - normaliser.total()
    }
}
