//! Tests: `tests/tests/estimators/unbiased.rs`, `closed_forms.rs`, `two_units.rs`.

use crate::error::{Error, exact_size};
use crate::estimator::{
    Baseline, DrawRule, DrawnUnit, Estimator, Evaluated, IntegerEstimator, Learned, SecondPaths, independent,
};
use crate::shape::Shape;

/// REINFORCE: (f(b) - c) (b - p), with an optional baseline c that does not depend on b. Unbiased.
///
/// Williams, Machine Learning 1992. One evaluation of f. One unit has variance p (1-p) ((1-p) f(1) + p f(0))^2 where
/// f(1), f(0) are taken after subtracting c.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reinforce {
    /// What is subtracted from f.
    pub baseline: Baseline,
}

impl DrawRule for Reinforce {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Reinforce {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        self.baseline.check()
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        let c = self.baseline.value();
        for (s, f) in signal.iter_mut().zip(evaluated.f) {
            *s = f - c;
        }
        weight.fill(1.0);
    }

    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Some(self)
    }

    fn learned(&self) -> Option<&dyn Learned> {
        Some(self)
    }

    fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
        Some(self)
    }
}

impl Learned for Reinforce {
    fn observe(&mut self, mean_f: f32) {
        self.baseline.observe(mean_f);
    }

    fn state(&self) -> &[f32] {
        match &self.baseline {
            Baseline::Moving { mean, .. } => mean.as_slice(),
            _ => &[],
        }
    }

    fn set_state(&mut self, state: &[f32]) -> Result<(), Error> {
        match (&mut self.baseline, state) {
            (Baseline::Moving { mean, .. }, [] | [_]) => *mean = state.first().copied(),
            _ => exact_size(0, state.len())?,
        }
        Ok(())
    }
}
