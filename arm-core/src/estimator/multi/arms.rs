//! Tests: `tests/tests/estimators/unbiased.rs`, `closed_forms.rs`, `two_units.rs`.

use crate::error::Error;
use crate::estimator::{
    DrawRule, DrawnUnit, Estimator, Evaluated, Rloo, SecondPaths, UniformTransform, independent,
};
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::math::{exp, ln, powi};
use crate::shape::Shape;

/// ARMS: leave-one-out REINFORCE with n samples that are antithetic to each other by a Dirichlet copula, corrected for
/// their correlation: sum over i of (f_i - mean f) (b_i - p) / (n - 1) times p (1 - p) / (p - P11). Unbiased.
///
/// Dimitriev & Zhou, ICML 2021, section 4. n evaluations of f. P11 is the probability that two samples are both one; two
/// samples make it [`DisArm`](crate::estimator::DisArm). Above the first stochastic layer, where the samples no longer share their
/// logits, units are drawn independently and it is [`Rloo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arms {
    /// Samples n, at least 2 and at most [`MOST`](Self::MOST).
    pub samples: usize,
}

impl Arms {
    /// Most samples: with more, rounding in the n-th root and power becomes a bias that can be seen (1e-5 here).
    pub const MOST: usize = 128;

    pub(super) fn check_samples(samples: usize) -> Result<(), Error> {
        if (2..=Self::MOST).contains(&samples) { Ok(()) } else { Err(Error::Setting) }
    }
}

/// u becomes -u, the mark of a unit that is drawn on its own.
pub(super) fn mark(u: &mut [f32]) {
    u.iter_mut().for_each(|u| *u = -*u);
}

/// Makes rows of independent uniforms those of a Dirichlet copula: (1 - d_i)^(n - 1), d ~ Dirichlet(1, .., 1).
pub(super) fn dirichlet(rows: &mut [f32], stride: usize, width: usize) {
    let n = rows.len().checked_div(stride).unwrap_or(0);
    for row in chunks_mut(rows, stride) {
        row.iter_mut().take(width).for_each(|u| *u = -ln(*u));
    }
    for i in 0..width {
        let total: f32 = chunks(rows, stride).filter_map(|row| row.get(i)).sum();
        for u in rows.iter_mut().skip(i).step_by(stride.max(1)) {
            *u = powi(1.0 - *u / total, n.saturating_sub(1) as u32);
        }
    }
}

/// A unit of ARMS with n = `powers` + 1 samples, or, for a marked uniform, one drawn on its own.
#[inline(always)]
pub(super) fn draw(powers: usize, p: f32, q: f32, u: f32) -> DrawnUnit {
    if u < 0.0 {
        return independent(p, q, -u);
    }
    let (small, large) = if p < q { (p, q) } else { (q, p) };
    let b = if p < q { u < p } else { 1.0 - u < p };
    // P11 for p < 1/2, and the probability of two zeros otherwise.
    let root = if small > 1e-30 { exp(ln(small) / powers as f32) } else { 0.0 };
    let both = if root > 0.5 { powi(2.0 * root - 1.0, powers as u32) } else { 0.0 };
    let factor = if both > 0.0 { large * small / (small - both) } else { large };
    DrawnUnit::alone(b, if b { q * factor } else { -p * factor })
}

impl DrawRule for Arms {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        draw(self.samples.wrapping_sub(1), p, q, u)
    }
}

impl Estimator for Arms {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, _: &Shape<'_>) -> Result<(), Error> {
        Self::check_samples(self.samples)
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        Rloo { samples: self.samples }.signals(evaluated, signal, weight);
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        Some(self)
    }
}

impl UniformTransform for Arms {
    fn transform(&self, _: usize, _: usize, u: &mut [f32]) {
        mark(u);
    }

    fn couples(&self) -> bool {
        true
    }

    fn couple(&self, rows: &mut [f32], stride: usize, width: usize) {
        dirichlet(rows, stride, width);
    }
}
