//! Log-probabilities of bits, and their gradient.

use super::{BIT, LogP, N, Word, absent, below_zero, last};
use crate::lanes::{Lanes, Op};
use arm_core::math::exp_neg_abs;

/// 32 units with given bits.
pub(super) struct Given {
    /// First terms of log p.
    pub(super) first: Word,
    pub(super) e: Word,
}

impl Given {
    #[inline(always)]
    pub(super) fn new(phi: &Word, word: u32) -> Self {
        let (mut first, mut e) = (Word([0.0; N]), Word([0.0; N]));
        for (i, bit) in BIT.iter().enumerate() {
            let phi = phi.0[i];
            first.0[i] = below_zero(if word & bit != 0 { phi } else { -phi });
            e.0[i] = exp_neg_abs(phi);
        }
        Given { first, e }
    }

    /// [`new`](Self::new), and the derivatives of -log p.
    #[inline(always)]
    pub(super) fn with_delta(phi: &Word, word: u32) -> (Self, Word) {
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
        (Given { first, e }, delta)
    }
}

impl LogP {
    /// Adds 32 units with the bits `word`.
    #[inline(always)]
    fn push(&mut self, phi: &Word, word: u32) {
        let given = Given::new(phi, word);
        self.add(&given.first, &given.e);
    }

    /// [`push`](Self::push), and the derivatives of -log p.
    #[inline(always)]
    fn push_delta(&mut self, phi: &Word, word: u32) -> Word {
        let (given, delta) = Given::with_delta(phi, word);
        self.add(&given.first, &given.e);
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
