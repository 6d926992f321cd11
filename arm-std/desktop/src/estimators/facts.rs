//! What can be known of an estimator without making it.

use std::ops::RangeInclusive;

/// What decides how often f is evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Samples of the estimators that draw several.
    pub(super) samples: usize,
    /// Stochastic layers.
    pub(super) layers: usize,
    /// Stochastic units of all layers.
    pub(super) units: usize,
}

/// What is known of an estimator; said in full where [`EstimatorName`](super::EstimatorName) gives it away.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) evaluations: fn(Sizes) -> usize,
    pub(super) samples: Option<RangeInclusive<usize>>,
    pub(super) second_paths: bool,
    pub(super) bound: bool,
    pub(super) biased: bool,
    pub(super) gradient_of_f: bool,
    pub(super) one_layer: bool,
    pub(super) baseline: bool,
    pub(super) integers: bool,
    pub(super) variance: fn(OneUnit) -> Option<f64>,
}

/// An unbiased estimator of the gradient of the -ELBO that serves every network and has nothing to set.
pub(super) const fn evaluations(evaluations: fn(Sizes) -> usize) -> Facts {
    Facts {
        evaluations,
        samples: None,
        second_paths: false,
        bound: false,
        biased: false,
        gradient_of_f: false,
        one_layer: false,
        baseline: false,
        integers: false,
        variance: |_| None,
    }
}

impl Facts {
    pub(super) fn samples(self, range: RangeInclusive<usize>) -> Facts {
        Facts { samples: Some(range), ..self }
    }

    pub(super) fn second_paths(self) -> Facts {
        Facts { second_paths: true, ..self }
    }

    pub(super) fn bound(self) -> Facts {
        Facts { bound: true, ..self }
    }

    pub(super) fn biased(self) -> Facts {
        Facts { biased: true, ..self }
    }

    pub(super) fn gradient_of_f(self) -> Facts {
        Facts { gradient_of_f: true, ..self }
    }

    pub(super) fn one_layer(self) -> Facts {
        Facts { one_layer: true, ..self }
    }

    pub(super) fn baseline(self) -> Facts {
        Facts { baseline: true, ..self }
    }

    pub(super) fn integers(self) -> Facts {
        Facts { integers: true, ..self }
    }

    pub(super) fn variance(self, variance: fn(OneUnit) -> Option<f64>) -> Facts {
        Facts { variance, ..self }
    }
}

/// A network of one unit, whose f has two values: the variance of an estimate of the gradient with respect to its logit has a
/// closed form for many estimators.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneUnit {
    /// f of the unit at 0.
    pub(super) f0: f64,
    /// f of the unit at 1.
    pub(super) f1: f64,
    /// The probability of 1.
    pub(super) p: f64,
    /// Samples of the estimators that draw several.
    pub(super) samples: usize,
}

impl OneUnit {
    /// The squared difference of f.
    fn square(self) -> f64 {
        (self.f1 - self.f0).powi(2)
    }

    /// p (1 - p).
    fn pq(self) -> f64 {
        self.p * (1.0 - self.p)
    }

    pub(super) fn arm(self) -> Option<f64> {
        let m = self.p.min(1.0 - self.p);
        Some(self.square() * (m / 2.0 - 2.0 * m.powi(2) + 8.0 * m.powi(3) / 3.0 - m.powi(4)))
    }

    pub(super) fn ar(self) -> Option<f64> {
        let OneUnit { f0, f1, p, .. } = self;
        let c = (1.0 - 2.0 * p).powi(3);
        Some((f1 * f1 * (1.0 - c) + f0 * f0 * (1.0 + c)) / 6.0 - self.square() * self.pq() * self.pq())
    }

    pub(super) fn reinforce(self) -> Option<f64> {
        let OneUnit { f0, f1, p, .. } = self;
        Some(self.pq() * ((1.0 - p) * f1 + p * f0).powi(2))
    }

    pub(super) fn disarm(self) -> Option<f64> {
        let m = self.p.min(1.0 - self.p);
        Some(self.square() * m * (1.0 - m).powi(2) * (1.0 - 2.0 * m) / 2.0)
    }

    /// Two samples of ARMS are those of DisARM.
    pub(super) fn arms(self) -> Option<f64> {
        if self.samples == 2 { self.disarm() } else { None }
    }

    pub(super) fn rloo(self) -> Option<f64> {
        let pq = self.pq();
        (self.samples == 2).then(|| self.square() * pq * (1.0 - 2.0 * pq) / 2.0)
    }

    /// Of one unit the exact conditional expectation is the gradient.
    pub(super) fn none(self) -> Option<f64> {
        Some(0.0)
    }
}
