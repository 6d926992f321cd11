//! Bernoulli units: sampling, log-probabilities and their gradient, 32 units (a word) at a time.
//!
//! Plain loops over arrays of 32, compiled once for each vector unit. Exponentials are those of [`arm_core::math`], and
//! so are their bits; sums run in 32 interleaved lanes.

use crate::lanes::{Lanes, Op, WIDE};
use arm_core::estimator::{DrawRule, DrawnUnit};
use arm_core::kernels::Drawn;
use arm_core::math::{exp_neg_abs, ln};

/// Units of a word.
const N: usize = 32;

/// A number for each unit of a word. Where it stays in memory, vectors that lie across two cache lines would be slow.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Word<T = f32>([T; N]);

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

/// The sum of each word.
#[inline(always)]
fn totals<L: Lanes>(l: L, words: [&Word; WIDE]) -> [f32; WIDE] {
    let (mut sums, mut totals) = ([l.splat(0.0); WIDE], [0.0; WIDE]);
    // SAFETY: a word is whole vectors, and there are as many totals as sums.
    unsafe {
        for (sum, word) in sums.iter_mut().zip(words) {
            for i in (0..N).step_by(L::N) {
                *sum = l.add(*sum, l.load(word.0.as_ptr().add(i)));
            }
        }
        l.store_sums(totals.as_mut_ptr(), l.sums(sums));
    }
    totals
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
        Normaliser { product: Word([1.0; N]), left: Self::FLUSH, sum: Word([0.0; N]) }
    }

    #[inline(always)]
    fn push(&mut self, e: &Word) {
        for (p, e) in self.product.0.iter_mut().zip(&e.0) {
            *p *= 1.0 + e;
        }
        self.left -= 1;
        if self.left == 0 {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for (s, p) in self.sum.0.iter_mut().zip(&mut self.product.0) {
            *s += ln(*p);
            *p = 1.0;
        }
        self.left = Self::FLUSH;
    }

    /// The sum of each lane.
    #[inline(always)]
    fn end(mut self) -> Word {
        self.flush();
        self.sum
    }
}

/// A logit of units that are not there: as long as they are on, they add nothing to any sum.
const ABSENT: f32 = 1e9;

/// The word of the units out of `len` that are not there.
#[inline(always)]
fn absent(len: usize) -> u32 {
    u32::MAX.checked_shl(len as u32).unwrap_or(0)
}

/// Fewer than 32 elements, and absent units.
#[inline(always)]
fn last(from: &[f32]) -> Word {
    let mut c = [ABSENT; N];
    c[..from.len()].copy_from_slice(from);
    Word(c)
}

#[inline(always)]
fn add(x: &Word, sum: &mut Word) {
    for (s, x) in sum.0.iter_mut().zip(&x.0) {
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
    b: Word<u32>,
    partner: Word<u32>,
    score: Word,
    /// First terms of log q of the sample and of its partner.
    log_q: Word,
    log_q_partner: Word,
    e: Word,
}

impl Units {
    #[inline(always)]
    fn draw<E: DrawRule>(rule: &E, phi: &Word, u: &Word, absent: u32) -> Self {
        let mut out = Units {
            b: Word([0; N]),
            partner: Word([0; N]),
            score: Word([0.0; N]),
            log_q: Word([0.0; N]),
            log_q_partner: Word([0.0; N]),
            e: Word([0.0; N]),
        };
        for (i, bit) in BIT.iter().enumerate() {
            let (phi, u) = (phi.0[i], u.0[i]);
            let e = exp_neg_abs(phi);
            let large = 1.0 / (1.0 + e);
            let small = e * large;
            let (p, q) = if phi >= 0.0 { (large, small) } else { (small, large) };
            let DrawnUnit { sample: b, partner, score } = rule.draw(p, q, u);
            let on = absent & bit != 0;
            let (b, partner) = (b | on, partner | on);
            out.b.0[i] = 0u32.wrapping_sub(u32::from(b));
            out.partner.0[i] = 0u32.wrapping_sub(u32::from(partner));
            out.score.0[i] = score;
            out.log_q.0[i] = below_zero(if b { phi } else { -phi });
            out.log_q_partner.0[i] = below_zero(if partner { phi } else { -phi });
            out.e.0[i] = e;
        }
        out
    }
}

/// log p or log q of a row.
struct LogP {
    first: Word,
    normaliser: Normaliser,
}

impl LogP {
    #[inline(always)]
    fn new() -> Self {
        LogP { first: Word([0.0; N]), normaliser: Normaliser::new() }
    }

    /// Adds 32 units: their first terms, and what their normalisers are made of.
    #[inline(always)]
    fn add(&mut self, first: &Word, e: &Word) {
        add(first, &mut self.first);
        self.normaliser.push(e);
    }

    #[inline(always)]
    fn total<L: Lanes>(self, l: L) -> f32 {
        let normaliser = self.normaliser.end();
        let [first, n, ..] = totals(l, [&self.first, &normaliser, &normaliser, &normaliser]);
        first - n
    }
}

/// Sums over the units of a row that is drawn.
struct Drawing {
    log_q: Word,
    log_q_partner: Word,
    normaliser: Normaliser,
}

impl Drawing {
    #[inline(always)]
    fn new() -> Self {
        Drawing { log_q: Word([0.0; N]), log_q_partner: Word([0.0; N]), normaliser: Normaliser::new() }
    }

    #[inline(always)]
    fn push(&mut self, units: &Units) {
        add(&units.log_q, &mut self.log_q);
        add(&units.log_q_partner, &mut self.log_q_partner);
        self.normaliser.push(&units.e);
    }
}

/// See [`Kernels::sample`](arm_core::kernels::Kernels::sample).
pub(crate) struct Sample<'a, E> {
    pub(crate) rule: &'a E,
    pub(crate) logits: &'a [f32],
    pub(crate) uniforms: &'a [f32],
    pub(crate) out: Drawn<'a>,
}

impl<E: DrawRule> Op for Sample<'_, E> {
    type Out = (f32, f32);

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> (f32, f32) {
        let Drawn { sample, partner, score } = self.out;
        let n = self.logits.len().min(self.uniforms.len()).min(score.len());
        let (phi, phi_rest) = self.logits[..n].as_chunks();
        let (u, u_rest) = self.uniforms[..n].as_chunks();
        let (score, score_rest) = score[..n].as_chunks_mut();
        let mut words = sample.iter_mut().zip(partner);
        let mut row = Drawing::new();
        for (((phi, u), score), (sample, partner)) in phi.iter().zip(u).zip(score).zip(&mut words) {
            let units = Units::draw(self.rule, &Word(*phi), &Word(*u), 0);
            (*sample, *partner) = (l.pack(&units.b.0), l.pack(&units.partner.0));
            *score = units.score.0;
            row.push(&units);
        }
        if let (1.., Some((sample, partner))) = (phi_rest.len(), words.next()) {
            let absent = absent(phi_rest.len());
            let units = Units::draw(self.rule, &last(phi_rest), &last(u_rest), absent);
            (*sample, *partner) = (l.pack(&units.b.0) & !absent, l.pack(&units.partner.0) & !absent);
            score_rest.copy_from_slice(&units.score.0[..phi_rest.len()]);
            row.push(&units);
        }
        let normaliser = row.normaliser.end();
        let [log_q, log_q_partner, n, _] =
            totals(l, [&row.log_q, &row.log_q_partner, &normaliser, &normaliser]);
        (log_q - n, log_q_partner - n)
    }
}

/// See [`Kernels::draw`](arm_core::kernels::Kernels::draw).
pub(crate) struct Draw<'a, E> {
    pub(crate) rule: &'a E,
    pub(crate) logits: &'a [f32],
    pub(crate) uniforms: &'a [f32],
    pub(crate) sample: &'a mut [u32],
}

impl<E: DrawRule> Op for Draw<'_, E> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let n = self.logits.len().min(self.uniforms.len());
        let (phi, phi_rest) = self.logits[..n].as_chunks();
        let (u, u_rest) = self.uniforms[..n].as_chunks();
        let mut words = self.sample.iter_mut();
        let mut row = LogP::new();
        for ((phi, u), sample) in phi.iter().zip(u).zip(&mut words) {
            let units = Units::draw(self.rule, &Word(*phi), &Word(*u), 0);
            *sample = l.pack(&units.b.0);
            row.add(&units.log_q, &units.e);
        }
        if let (1.., Some(sample)) = (phi_rest.len(), words.next()) {
            let absent = absent(phi_rest.len());
            let units = Units::draw(self.rule, &last(phi_rest), &last(u_rest), absent);
            *sample = l.pack(&units.b.0) & !absent;
            row.add(&units.log_q, &units.e);
        }
        row.total(l)
    }
}

impl LogP {
    /// Adds 32 units with the bits `word`.
    #[inline(always)]
    fn push(&mut self, phi: &Word, word: u32) {
        let (mut first, mut e) = (Word([0.0; N]), Word([0.0; N]));
        for (i, bit) in BIT.iter().enumerate() {
            let phi = phi.0[i];
            first.0[i] = below_zero(if word & bit != 0 { phi } else { -phi });
            e.0[i] = exp_neg_abs(phi);
        }
        self.add(&first, &e);
    }

    /// [`push`](Self::push), and the derivatives of -log p.
    #[inline(always)]
    fn push_delta(&mut self, phi: &Word, word: u32) -> Word {
        let (mut first, mut e, mut delta) = (Word([0.0; N]), Word([0.0; N]), Word([0.0; N]));
        for (i, bit) in BIT.iter().enumerate() {
            let one = word & bit != 0;
            let x = if one { phi.0[i] } else { -phi.0[i] };
            first.0[i] = below_zero(x);
            e.0[i] = exp_neg_abs(x);
            // sigmoid(-x) keeps full relative precision where sigmoid(phi) - 1 would cancel.
            let large = 1.0 / (1.0 + e.0[i]);
            let residual = if x >= 0.0 { e.0[i] * large } else { large };
            delta.0[i] = if one { -residual } else { residual };
        }
        self.add(&first, &e);
        delta
    }
}

/// See [`Kernels::log_prob`](arm_core::kernels::Kernels::log_prob).
pub(crate) struct LogProb<'a> {
    pub(crate) logits: &'a [f32],
    pub(crate) b: &'a [u32],
}

impl Op for LogProb<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let mut row = LogP::new();
        let (logits, rest) = self.logits.as_chunks();
        for (logits, &word) in logits.iter().zip(self.b) {
            row.push(&Word(*logits), word);
        }
        if let (1.., Some(word)) = (rest.len(), self.b.get(logits.len())) {
            row.push(&last(rest), word | absent(rest.len()));
        }
        row.total(l)
    }
}

/// See [`Kernels::log_prob_delta`](arm_core::kernels::Kernels::log_prob_delta).
pub(crate) struct LogProbDelta<'a> {
    pub(crate) logits: &'a mut [f32],
    pub(crate) b: &'a [u32],
}

impl Op for LogProbDelta<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let mut row = LogP::new();
        let (logits, rest) = self.logits.as_chunks_mut();
        for (logits, &word) in logits.iter_mut().zip(self.b) {
            *logits = row.push_delta(&Word(*logits), word).0;
        }
        if let (1.., Some(word)) = (rest.len(), self.b.get(logits.len())) {
            let delta = row.push_delta(&last(rest), word | absent(rest.len()));
            rest.copy_from_slice(&delta.0[..rest.len()]);
        }
        row.total(l)
    }
}
