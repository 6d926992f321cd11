//! Tests: `tests/tests/estimators/bound.rs`, `two_units.rs`.

use crate::error::Error;
use crate::estimator::multi::bound::{bound, replaced, weights};
use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, PairSignals, Row, SecondPaths};
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::math::significant;
use crate::shape::Shape;

/// Local DisARM, for the bound L of K samples: for every k DisARM of -L as a function of b_k alone, and, where f contains
/// log q, the gradient of f_k itself times its normalised weight. Unbiased for -L.
///
/// Dong, Mnih & Tucker, NeurIPS 2020, section 4. 2K evaluations of f for one layer, (T + 1) K for T layers. What is
/// minimised and reported is -L of the samples, not of their partners. One sample makes it [`DisArm`](crate::estimator::DisArm).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDisArm {
    /// Samples K, at least 1 and at most 1024.
    pub samples: usize,
    /// Whether to average with what the partners give when they take the place of the samples; no more evaluations.
    pub symmetrised: bool,
}

impl DrawRule for LocalDisArm {
    /// The score is b - p, from which p, b and so the score of DisARM follow.
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        let sample = u > q;
        DrawnUnit { sample, partner: u < p, score: if sample { q } else { -p } }
    }
}

impl Estimator for LocalDisArm {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        if (1..=1024).contains(&self.samples) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.iter_mut().zip(evaluated.f).for_each(|(s, f)| *s = *f);
        weights(evaluated.f, weight);
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        -bound(evaluated.f).value()
    }

    fn pair_signals(&self) -> Option<&dyn PairSignals> {
        Some(self)
    }
}

impl PairSignals for LocalDisArm {
    fn signals(&self, samples: usize, f: &[f32], difference: &mut [f32], partner: &mut [f32]) {
        let of_examples =
            chunks(f, samples).zip(chunks_mut(difference, samples)).zip(chunks_mut(partner, samples));
        for ((f, difference), partner) in of_examples {
            partner.iter_mut().zip(f).zip(&*difference).for_each(|((p, f), d)| *p = f - d);
            let (own, other) = (bound(f), bound(partner));
            for (k, ((d, f_k), partner_k)) in difference.iter_mut().zip(f).zip(&*partner).enumerate() {
                *d = replaced(f, k, *partner_k) - own.value();
                if self.symmetrised {
                    *d = 0.5 * (*d + other.value() - replaced(partner, k, *f_k));
                }
            }
            partner.iter_mut().for_each(|p| *p = other.share(-*p));
        }
    }

    fn gradient(&self, row: Row<'_>, scores: &mut [f32]) {
        for ((score, b), partner) in scores.iter_mut().zip(row.sample.iter()).zip(row.partner.iter()) {
            let s = *score;
            let half = 0.5 * s.abs().max(1.0 - s.abs());
            let pair = if b == partner { 0.0 } else { half.copysign(s) };
            let direct = if self.symmetrised {
                let s_partner = s + f32::from(u8::from(partner)) - f32::from(u8::from(b));
                0.5 * (row.weight * s + row.partner_weight * s_partner)
            } else {
                row.weight * s
            };
            *score = significant(pair * row.signal + direct);
        }
    }
}
