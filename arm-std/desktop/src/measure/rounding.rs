//! What it costs to round a model to integers.

use super::evaluate::{Mean, TEST, bound_of};
use super::{Rows, Unfinished, Work};
use crate::network::Model;

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
    ) -> Result<Rounding, Unfinished> {
        let of = |model: &Model| bound_of(model, seed, rows, 1, TEST, &mut Work::on(threads));
        let (before, after) = (of(model)?, of(rounded)?);
        let cost: Vec<f32> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
        Ok(Rounding { before: Mean::of(&before), after: Mean::of(&after), cost: Mean::of(&cost) })
    }
}
