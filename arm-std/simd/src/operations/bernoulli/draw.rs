//! Units drawn by a rule.

use super::{BIT, LogP, N, Normaliser, Word, absent, add, below_zero, last, totals};
use crate::lanes::{Lanes, Op};
use arm_core::estimator::{DrawRule, DrawnUnit};
use arm_core::kernels::Drawn;
use arm_core::math::exp_neg_abs;

/// 32 units drawn by a rule.
pub(super) struct Units {
    /// All ones for a unit that is on.
    pub(super) b: Word<u32>,
    pub(super) partner: Word<u32>,
    pub(super) score: Word,
    /// First terms of log q of the sample and of its partner.
    pub(super) log_q: Word,
    pub(super) log_q_partner: Word,
    pub(super) e: Word,
}

impl Units {
    #[inline(always)]
    pub(super) fn draw<E: DrawRule>(rule: &E, phi: &Word, u: &Word, absent: u32) -> Self {
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
