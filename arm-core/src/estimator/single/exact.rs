//! Tests: `tests/tests/estimators/closed_forms.rs`, `tests/tests/engine/gradients.rs`.

use crate::error::Error;
use crate::estimator::{
    DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths, UniformTransform, independent,
};
use crate::numeric::math::exp;
use crate::shape::Shape;

/// Exact enumeration, the oracle: the sum over all 2^V joint samples of q(b) f(b) (b - p). No variance.
///
/// For networks of at most 12 stochastic units in all; needs 2^V evaluations of f and as many rows of scratch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact {
    units: usize,
}

impl Exact {
    /// Most stochastic units that are enumerated.
    pub const MAX_UNITS: usize = 12;

    /// The oracle for `shape`; an error for an invalid shape, `Err(Unsupported)` when it has more than [`MAX_UNITS`](Self::MAX_UNITS) units.
    pub fn new(shape: &Shape<'_>) -> Result<Self, Error> {
        shape.check()?;
        let units = (0..shape.stochastic_layers()).map(|t| shape.stochastic_width(t)).sum();
        if units <= Self::MAX_UNITS { Ok(Exact { units }) } else { Err(Error::Unsupported) }
    }
}

impl DrawRule for Exact {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}

impl Estimator for Exact {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        1 << self.units
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        if Exact::new(shape)? == *self { Ok(()) } else { Err(Error::Unsupported) }
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        for (((s, w), f), log_q) in signal.iter_mut().zip(weight).zip(evaluated.f).zip(evaluated.log_q) {
            *w = exp(*log_q);
            *s = *w * f;
        }
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        Some(self)
    }
}

impl UniformTransform for Exact {
    /// Below every p for a unit that is one in joint sample `s` and above every p otherwise.
    fn transform(&self, s: usize, units_before: usize, u: &mut [f32]) {
        for (i, u) in u.iter_mut().enumerate() {
            let bit = s.checked_shr((units_before + i) as u32).unwrap_or(0);
            *u = if bit & 1 == 1 { -1.0 } else { 2.0 };
        }
    }
}
