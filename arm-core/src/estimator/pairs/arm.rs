use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, IntegerEstimator, SecondPaths};

/// Augment-REINFORCE-Merge: (f(1\[u > sigmoid(-phi)\]) - f(1\[u < sigmoid(phi)\])) (u - 1/2). Unbiased.
///
/// Yin & Zhou, ICLR 2019, Theorem 1; Proposition 2 for stacks of layers. Two evaluations of f for one layer, T + 1
/// samples for T layers. One unit has variance delta^2 (m/2 - 2m^2 + 8m^3/3 - m^4), delta = f(1) - f(0),
/// m = min(p, 1 - p).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arm;

impl DrawRule for Arm {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        DrawnUnit { sample: u > q, partner: u < p, score: u - 0.5 }
    }
}

impl Estimator for Arm {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0);
    }

    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Some(self)
    }
}
