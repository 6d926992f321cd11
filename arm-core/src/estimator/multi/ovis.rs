use super::bound::{bound, weights, without};
use crate::error::Error;
use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, independent};
use crate::numeric::math::ln_called;
use crate::shape::Shape;

/// OVIS, for the bound L of K samples: -sum over k of (L - v_k - c_k) (b_k - p) with the control variate that is optimal
/// for many samples, c_k = L_k + log(1 - 1 / K), where L_k is the bound of the K - 1 other samples and v_k the normalised
/// weight of sample k. The factor in brackets is -log(1 - v_k) - v_k: what weighs little hardly counts. Unbiased for -L.
///
/// Lievin, Dittadi, Christensen & Winther, NeurIPS 2020, eq. 17 at gamma = 0; at gamma = 1 its last term is -1 / K, the same
/// but for 1 / K^2. (The published code has v_k in the place of 1 / K there, which depends on sample k, and so another
/// mean.) Where f does not contain log q, v_k and that term are left out. K evaluations of f. What is minimised and
/// reported is -L.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ovis {
    /// Samples K, at least 2 and at most 1024.
    pub samples: usize,
}

impl DrawRule for Ovis {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Ovis {
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
        let few = ln_called(1.0 - 1.0 / f.len() as f32);
        for (k, (s, w)) in signal.iter_mut().zip(weight).enumerate() {
            let direct = if evaluated.f_has_log_q { *w + few } else { 0.0 };
            *s = without(f, k).value() - all + direct;
        }
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        -bound(evaluated.f).value()
    }
}
