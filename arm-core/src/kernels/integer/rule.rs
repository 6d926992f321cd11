//! The law of one Bernoulli unit in integers.

/// One unit that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerUnit {
    /// The sample b.
    pub sample: bool,
    /// Its antithetic partner; any value where the estimator asks for none.
    pub partner: bool,
    /// What the learning signal is multiplied with, with 15 bits behind the point.
    pub score: i16,
}

/// How one unit is drawn: [`DrawRule`](crate::estimator::DrawRule) in integers.
pub trait IntegerRule {
    /// From p 2^16, which may be 2^16, and a uniform u = (k + 1/2) 2^-16.
    fn draw(&self, p: u32, k: u32) -> IntegerUnit;
}

/// An independent draw with probability p, and the score of REINFORCE, b - p.
#[inline(always)]
pub(crate) fn independent(p: u32, k: u32) -> IntegerUnit {
    let sample = k < p;
    // At most 2^15 - 1: p is 0 or 2^16 only where b cannot be the other value.
    let score = if sample { (65_536 - p) >> 1 } else { p >> 1 } as i32;
    IntegerUnit { sample, partner: sample, score: if sample { score } else { -score } as i16 }
}

/// Plain draws, for evaluation.
pub(crate) struct Independent;

impl IntegerRule for Independent {
    fn draw(&self, p: u32, k: u32) -> IntegerUnit {
        independent(p, k)
    }
}
