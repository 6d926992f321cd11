use crate::estimator::{Arm, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, independent};

/// Local expectation gradients: for every unit v, p_v (1 - p_v) (f(b_v = 1) - f(b_v = 0)), the exact conditional
/// expectation given all other units. Unbiased.
///
/// Titsias & Lazaro-Gredilla, NeurIPS 2015. V + 1 evaluations of f for one layer of V units; for T layers one more for
/// every unit, whose layers above are sampled again. A flip below a linear decoder adds one row of weights to its
/// logits (outputs operations and as many logarithms of probabilities); any other flip is a pass through all that
/// lies above. One unit has no variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leg;

impl DrawRule for Leg {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Leg {
    const SECOND_PATHS: SecondPaths = SecondPaths::EveryFlip;

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Arm.signals(evaluated, signal, weight);
    }
}
