//! What it costs to round a model to integers.

use super::evaluate::{Mean, TEST, Work, bound_of};
use super::rows::Rows;
use crate::network::Model;
use arm_core::Error;

/// The mean -ELBO of rows under a model, under another, and their difference row by row, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// As it is.
    pub before: Mean,
    /// Rounded, in its own arithmetic.
    pub after: Mean,
    /// `after` minus `before`. Both draw from the same uniforms, so it is known better than either.
    pub cost: Mean,
}

impl Rounding {
    /// Of `rows`, with one sample each from `seed`. Errors: no rows.
    pub fn of(
        model: &Model,
        rounded: &Model,
        rows: Rows<'_>,
        seed: u64,
        threads: usize,
    ) -> Result<Rounding, Error> {
        let of = |model: &Model| {
            let work = Work { threads, peers: None, leave: &mut || false };
            bound_of(model, seed, rows, 1, TEST, work).map(Option::unwrap_or_default)
        };
        let (before, after) = (of(model)?, of(rounded)?);
        let cost: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        Ok(Rounding { before: Mean::of(&before), after: Mean::of(&after), cost: Mean::of(&cost) })
    }
}
