use crate::error::Error;
use crate::estimator::{
    DrawRule, DrawnUnit, Estimator, Evaluated, IntegerEstimator, SecondPaths, independent,
};
use crate::shape::Shape;

/// Leave-one-out REINFORCE with K independent samples: mean over k of (f_k - mean of the other f) (b_k - p). Unbiased.
///
/// Salimans & Knowles 2014; Kool, van Hoof & Welling 2019; "LOORF" in Dimitriev & Zhou, ICML 2021. K evaluations of f.
/// One unit has variance delta^2 p (1-p) (1 - 2p(1-p)) / 2 at K = 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rloo {
    /// Samples K, at least 2 and at most 1024.
    pub samples: usize,
}

impl DrawRule for Rloo {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Rloo {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        if (2..=1024).contains(&self.samples) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        let k = self.samples as f32;
        let mean = evaluated.f.iter().sum::<f32>() / k;
        for (s, f) in signal.iter_mut().zip(evaluated.f) {
            *s = (f - mean) / (k - 1.0);
        }
        weight.fill(1.0 / k);
    }

    #[inline(always)]
    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        Some(self)
    }
}
