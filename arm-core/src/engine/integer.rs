//! Integers with an estimator.
//!
//! Tests: `tests/tests/estimators/integer.rs`.

use super::{Estimates, Samples, Total};
use crate::error::Error;
use crate::estimator::{Estimator, SecondPaths};
use crate::kernels::integer::{Independent, log_sum};
use crate::kernels::{Drawn, Integer, IntegerRule};
use crate::numeric::fixed::{FixedNats, to_float};
use crate::numeric::number::Nats;
use crate::shape::Shape;
use core::num::Saturating;

/// The rule of an estimator, which has one: that was [checked](Estimates::check).
#[inline(always)]
fn rule<E: Estimator>(estimator: &E) -> &dyn IntegerRule {
    match estimator.integer() {
        Some(integer) => integer,
        None => &Independent,
    }
}

impl Estimates for Integer {
    const EACH_SAMPLE: bool = true;
    type Total = FixedTotal;

    fn check<E: Estimator>(estimator: &E, shape: &Shape<'_>) -> Result<(), Error> {
        let pairs = matches!(estimator.second_paths(), SecondPaths::None | SecondPaths::Partner);
        if estimator.integer().is_none() || !pairs || shape.is_coded() {
            Err(Error::FloatOnly)
        } else {
            Ok(())
        }
    }

    fn sample<E: Estimator>(
        &self,
        estimator: &E,
        logits: &[i16],
        uniforms: &[i16],
        out: Drawn<'_, i16>,
    ) -> (FixedNats, FixedNats) {
        self.sample_by(rule(estimator), logits, uniforms, out)
    }

    fn draw<E: Estimator>(
        &self,
        estimator: &E,
        logits: &[i16],
        uniforms: &[i16],
        sample: &mut [u32],
    ) -> FixedNats {
        let out = Drawn { sample, partner: &mut [], score: &mut [] };
        self.sample_by(rule(estimator), logits, uniforms, out).0
    }

    fn signals<E: Estimator>(
        estimator: &E,
        Samples { f, .. }: Samples<'_, FixedNats>,
        signal: &mut [FixedNats],
        weight: &mut [FixedNats],
    ) -> FixedNats {
        if let Some(integer) = estimator.integer() {
            integer.integer_signals(f, signal, weight);
        }
        let n = (f.len() as i32).max(1);
        f.iter().fold(Saturating(0), |sum, f| sum + Saturating(f.0 / n))
    }
}

/// log of the mean of e^v in integers: each value adds an error below 2^-13 nats.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedTotal {
    /// log of the sum, and of the sum of as many ones.
    logs: Option<[i32; 2]>,
    beyond: bool,
}

impl Total<FixedNats> for FixedTotal {
    fn push(&mut self, v: FixedNats) {
        self.beyond |= !v.finite();
        self.logs = Some(match self.logs {
            None => [v.0, 0],
            Some([sum, ones]) => [log_sum(sum, v.0), log_sum(ones, 0)],
        });
    }

    fn value(&self) -> f32 {
        match self.logs {
            Some([sum, ones]) if !self.beyond => to_float(sum.saturating_sub(ones), 16),
            _ => f32::NEG_INFINITY,
        }
    }
}
