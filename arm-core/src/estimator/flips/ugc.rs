use crate::estimator::{Arm, DisArm, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use crate::numeric::math::ln;

/// Unbiased gradient variance clipping: [`BitFlip`](crate::estimator::BitFlip) for units with min(p, 1 - p) <= 1 / (2V) of a layer
/// of V units, [`DisArm`] for all others. Unbiased; usually, not always, with less variance than DisARM:
/// f = XOR at φ = (-2, 0) is an exception.
///
/// Kunes, Yin, Land, Haviv, Pe'er & Tavare, arXiv 2208.06124. At most three evaluations of f for one layer, 2T + 1 for T
/// layers: none for a pair that agrees, none when the unit that was drawn is not to be flipped. One unit has no
/// variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ugc;

impl DrawRule for Ugc {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        DisArm.draw(p, q, u)
    }
}

impl Estimator for Ugc {
    const SECOND_PATHS: SecondPaths = SecondPaths::PartnerOrFlip;

    /// The logit of 1 - 1 / (2V).
    fn flips_from(&self, width: usize) -> f32 {
        ln(width.saturating_mul(2).saturating_sub(1).max(1) as f32)
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Arm.signals(evaluated, signal, weight);
    }
}
