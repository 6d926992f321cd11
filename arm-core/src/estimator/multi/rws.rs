use super::bound::{LogMeanExp, bound, weights};
use crate::error::Error;
use crate::estimator::{DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, independent};
use crate::shape::Shape;

/// BIASED: another objective for q. Reweighted wake-sleep, the wake phase of q: -sum over k of w_k (b_k - p), w_k the
/// normalised importance weights of K samples. It estimates the gradient of the Kullback-Leibler divergence of q from the
/// true posterior p(b | x) (where f contains no log q, from the law proportional to e^-f), not that of f or of -L.
///
/// Bornschein & Bengio, ICLR 2015, eq. 9; Le, Kosiorek, Siddharth, Teh & Wood, UAI 2019. K evaluations of f. Even as that
/// gradient it is right for many samples only. All else is trained by the bound L of K samples, which is what is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rws {
    /// Samples K, at least 2 (the weight of one is always 1) and at most 1024.
    pub samples: usize,
}

impl DrawRule for Rws {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Rws {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        if (2..=1024).contains(&self.samples) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        weights(evaluated.f, weight);
        // f of an auto-encoder contains log q already.
        let log_weight = |(f, log_q): (&f32, &f32)| if evaluated.f_has_log_q { -f } else { -f - log_q };
        let of_samples = || evaluated.f.iter().zip(evaluated.log_q).map(log_weight);
        let mut sum = LogMeanExp::new();
        of_samples().for_each(|w| sum.push(w));
        signal.iter_mut().zip(of_samples()).for_each(|(s, w)| *s = -sum.share(w));
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        -bound(evaluated.f).value()
    }
}
