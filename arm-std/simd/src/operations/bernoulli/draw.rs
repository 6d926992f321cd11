//! Units drawn by a rule.
//!
//! A rule is called for a word of units at a time: all but the rule is compiled once, not for each of them.

use super::{BIT, LogP, N, Normaliser, Word, absent, add, below_zero, last, totals};
use crate::lanes::{Lanes, Op};
use arm_core::estimator::DrawRule;
use arm_core::kernels::Drawn;
use arm_core::math::exp_neg_abs;

/// What a rule takes, and what it makes of it.
pub(crate) struct Units {
    p: Word,
    q: Word,
    u: Word,
    /// All ones for a unit that is on.
    b: Word<u32>,
    partner: Word<u32>,
    score: Word,
}

/// A rule that draws units.
pub(crate) type UnitRule<'a> = &'a dyn Fn(&mut Units);

/// Draws units by a rule.
pub(crate) struct ByRule<'a, R> {
    pub(crate) rule: &'a R,
    pub(crate) units: &'a mut Units,
}

impl<R: DrawRule> Op for ByRule<'_, R> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) {
        let Units { p, q, u, b, partner, score } = self.units;
        for i in 0..N {
            let unit = self.rule.draw(p.0[i], q.0[i], u.0[i]);
            b.0[i] = 0u32.wrapping_sub(u32::from(unit.sample));
            partner.0[i] = 0u32.wrapping_sub(u32::from(unit.partner));
            score.0[i] = unit.score;
        }
    }
}

/// 32 units that were drawn.
pub(super) struct DrawnWord {
    pub(super) sample: u32,
    pub(super) partner: u32,
    pub(super) score: Word,
    /// First terms of log q of the sample and of its partner.
    pub(super) log_q: Word,
    pub(super) log_q_partner: Word,
    pub(super) e: Word,
}

impl DrawnWord {
    /// Those of the word `absent` are not there.
    #[inline(always)]
    pub(super) fn new<L: Lanes>(l: L, rule: UnitRule<'_>, phi: &Word, u: &Word, absent: u32) -> Self {
        let mut units = Units {
            p: Word([0.0; N]),
            q: Word([0.0; N]),
            u: *u,
            b: Word([0; N]),
            partner: Word([0; N]),
            score: Word([0.0; N]),
        };
        let mut e = Word([0.0; N]);
        for (i, e) in e.0.iter_mut().enumerate() {
            let phi = phi.0[i];
            *e = exp_neg_abs(phi);
            let large = 1.0 / (1.0 + *e);
            let small = *e * large;
            (units.p.0[i], units.q.0[i]) = if phi >= 0.0 { (large, small) } else { (small, large) };
        }
        rule(&mut units);
        let (mut log_q, mut log_q_partner) = (Word([0.0; N]), Word([0.0; N]));
        for (i, bit) in BIT.iter().enumerate() {
            let (phi, on) = (phi.0[i], absent & bit != 0);
            let (b, partner) = (on || units.b.0[i] != 0, on || units.partner.0[i] != 0);
            log_q.0[i] = below_zero(if b { phi } else { -phi });
            log_q_partner.0[i] = below_zero(if partner { phi } else { -phi });
        }
        let (sample, partner) = (l.pack(&units.b.0) & !absent, l.pack(&units.partner.0) & !absent);
        DrawnWord { sample, partner, score: units.score, log_q, log_q_partner, e }
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
    fn push(&mut self, units: &DrawnWord) {
        add(&units.log_q, &mut self.log_q);
        add(&units.log_q_partner, &mut self.log_q_partner);
        self.normaliser.push(&units.e);
    }
}

/// See [`Kernels::sample`](arm_core::kernels::Kernels::sample).
pub(crate) struct Sample<'a> {
    pub(crate) rule: UnitRule<'a>,
    pub(crate) logits: &'a [f32],
    pub(crate) uniforms: &'a [f32],
    pub(crate) out: Drawn<'a>,
}

impl Op for Sample<'_> {
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
            let units = DrawnWord::new(l, self.rule, &Word(*phi), &Word(*u), 0);
            (*sample, *partner) = (units.sample, units.partner);
            *score = units.score.0;
            row.push(&units);
        }
        if let (1.., Some((sample, partner))) = (phi_rest.len(), words.next()) {
            let absent = absent(phi_rest.len());
            let units = DrawnWord::new(l, self.rule, &last(phi_rest), &last(u_rest), absent);
            (*sample, *partner) = (units.sample, units.partner);
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
pub(crate) struct Draw<'a> {
    pub(crate) rule: UnitRule<'a>,
    pub(crate) logits: &'a [f32],
    pub(crate) uniforms: &'a [f32],
    pub(crate) sample: &'a mut [u32],
}

impl Op for Draw<'_> {
    type Out = f32;

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> f32 {
        let n = self.logits.len().min(self.uniforms.len());
        let (phi, phi_rest) = self.logits[..n].as_chunks();
        let (u, u_rest) = self.uniforms[..n].as_chunks();
        let mut words = self.sample.iter_mut();
        let mut row = LogP::new();
        for ((phi, u), sample) in phi.iter().zip(u).zip(&mut words) {
            let units = DrawnWord::new(l, self.rule, &Word(*phi), &Word(*u), 0);
            *sample = units.sample;
            row.add(&units.log_q, &units.e);
        }
        if let (1.., Some(sample)) = (phi_rest.len(), words.next()) {
            let absent = absent(phi_rest.len());
            let units = DrawnWord::new(l, self.rule, &last(phi_rest), &last(u_rest), absent);
            *sample = units.sample;
            row.add(&units.log_q, &units.e);
        }
        row.total(l)
    }
}
