use crate::estimator::{Arm, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, independent};

/// bitflip-1: one unit j, uniform on the V of a layer, is flipped: the gradient of its logit is
/// V p_j (1 - p_j) (f(b_j = 1) - f(b_j = 0)), that of every other is zero. Unbiased.
///
/// Kunes, Yin, Land, Haviv, Pe'er & Tavare, arXiv 2208.06124. Two evaluations of f for one layer, T + 1 for T layers.
/// One unit has no variance; V units have the less, the closer their probabilities are to 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BitFlip;

impl DrawRule for BitFlip {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for BitFlip {
    const SECOND_PATHS: SecondPaths = SecondPaths::OneFlip;

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Arm.signals(evaluated, signal, weight);
    }
}
