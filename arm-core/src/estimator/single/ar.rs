use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, IntegerEstimator, SecondPaths};

/// Augment-REINFORCE: f(1\[u < sigmoid(phi)\]) (1 - 2u). Unbiased.
///
/// Yin & Zhou, ICLR 2019, eq. 15. One evaluation of f. One unit has variance
/// (f1^2 (1 - (1-2p)^3) + f0^2 (1 + (1-2p)^3)) / 6 - (delta p (1-p))^2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ar;

impl DrawRule for Ar {
    #[inline(always)]
    fn draw(&self, p: f32, _q: f32, u: f32) -> DrawnUnit {
        DrawnUnit::alone(u < p, 1.0 - 2.0 * u)
    }
}

impl Estimator for Ar {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        for (s, f) in signal.iter_mut().zip(evaluated.f) {
            *s = *f;
        }
        weight.fill(1.0);
    }

    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Some(self)
    }
}
