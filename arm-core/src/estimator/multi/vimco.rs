use super::bound::{bound, replaced, weights};
use crate::error::Error;
use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, independent};
use crate::shape::Shape;

/// VIMCO, for the bound L of K samples: -sum over k of (L - L_k) (b_k - p), L_k with the mean of the other f in the place
/// of f_k, and, where f contains log q, the gradient of f_k itself, times its normalised weight. Unbiased for -L.
///
/// Mnih & Rezende, ICML 2016, eq. 9 and 10. K evaluations of f. What is minimised and reported is -L.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vimco {
    /// Samples K, at least 2 (one has no others to compare with) and at most 1024.
    pub samples: usize,
}

impl DrawRule for Vimco {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Vimco {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        if (2..=1024).contains(&self.samples) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        let f = evaluated.f;
        weights(f, weight);
        let all = bound(f).value();
        let sum: f32 = f.iter().sum();
        for (k, ((s, f_k), w)) in signal.iter_mut().zip(f).zip(weight).enumerate() {
            let others = (sum - f_k) / (f.len() as f32 - 1.0);
            *s = replaced(f, k, others) - all + if evaluated.f_has_log_q { *w } else { 0.0 };
        }
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        -bound(evaluated.f).value()
    }
}
