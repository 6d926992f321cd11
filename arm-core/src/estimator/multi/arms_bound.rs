//! Tests: `tests/tests/estimators/bound.rs`, `two_units.rs`.

use super::arms::{dirichlet, draw, mark};
use super::bound::{bound, weights, without};
use crate::error::Error;
use crate::estimator::{Arms, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, UniformTransform};
use crate::numeric::window::{split_mut, window, window_mut};
use crate::shape::Shape;

/// [`Arms`] for the bound L of K samples: K independent samples make the bound, K more are antithetic to each other, and
/// for every k ARMS is applied to -L as a function of sample k, for which each of the latter takes its turn. Where f
/// contains log q, the gradient of f_k itself is added, times its normalised weight. Unbiased for -L.
///
/// Dimitriev & Zhou, ICML 2021, section 5. 2K evaluations of f. What is minimised and reported is -L of the independent
/// samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmsBound {
    /// Samples K, at least 2 and at most [`Arms::MOST`].
    pub samples: usize,
}

impl DrawRule for ArmsBound {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        draw(self.samples.wrapping_sub(1), p, q, u)
    }
}

impl Estimator for ArmsBound {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples.saturating_mul(2)
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        Arms::check_samples(self.samples)
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        let k = self.samples;
        let Some((own, antithetic)) = evaluated.f.split_at_checked(k) else { return };
        let Some((direct, signal)) = signal.split_at_mut_checked(k) else { return };
        weight.fill(0.0);
        weights(own, window_mut(weight, ..k));
        direct.fill(0.0);
        if evaluated.f_has_log_q {
            direct.iter_mut().zip(weight).for_each(|(d, w)| *d = *w);
        }
        signal.fill(0.0);
        for i in 0..k {
            let others = without(own, i);
            let with = |f: f32| {
                let mut sum = others;
                sum.push(-f);
                sum.value()
            };
            let mean = antithetic.iter().map(|&f| with(f)).sum::<f32>() / k as f32;
            for (s, &f) in signal.iter_mut().zip(antithetic) {
                *s += (mean - with(f)) / (k as f32 - 1.0);
            }
        }
    }

    fn objective(&self, evaluated: Evaluated<'_>, _: &[f32]) -> f32 {
        -bound(window(evaluated.f, ..self.samples)).value()
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        Some(self)
    }
}

impl UniformTransform for ArmsBound {
    fn transform(&self, _: usize, _: usize, u: &mut [f32]) {
        mark(u);
    }

    fn couples(&self) -> bool {
        true
    }

    fn couple(&self, rows: &mut [f32], stride: usize, width: usize) {
        let (own, antithetic) = split_mut(rows, self.samples * stride);
        mark(own);
        dirichlet(antithetic, stride, width);
    }
}
