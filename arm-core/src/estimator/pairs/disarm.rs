use crate::estimator::{Arm, DrawRule, DrawnUnit, Estimator, Evaluated, IntegerEstimator, SecondPaths};

/// DisARM, also known as U2G: ARM with the uniforms integrated out given the pair,
/// (f(b) - f(b~)) (b - b~) sigmoid(|phi|) / 2. Unbiased, with no more variance than ARM.
///
/// Dong, Mnih & Tucker, NeurIPS 2020, eq. 6; Yin, Ho, Yan, Qian & Zhou, arXiv 2006.06448. One unit has variance
/// delta^2 m (1 - m)^2 (1 - 2m) / 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DisArm;

impl DrawRule for DisArm {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        let (sample, partner) = (u > q, u < p);
        let half = 0.5 * if p > q { p } else { q };
        let score = if sample == partner { 0.0 } else { half };
        DrawnUnit { sample, partner, score: if sample { score } else { -score } }
    }
}

impl Estimator for DisArm {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Arm.signals(evaluated, signal, weight);
    }

    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Some(self)
    }
}
