//! The law of one Bernoulli unit.

/// How one unit is drawn.
pub trait Unit {
    /// From p = sigmoid(phi), q = sigmoid(-phi) and a uniform u: the sample, its antithetic partner (any value where the
    /// estimator is not paired) and the score.
    fn unit(&self, p: f32, q: f32, u: f32) -> (bool, bool, f32);
}

/// An independent draw b = 1\[u < p\] with the score of REINFORCE, b - p.
#[inline(always)]
pub(crate) fn score_function(p: f32, q: f32, u: f32) -> (bool, bool, f32) {
    if u < p { (true, true, q) } else { (false, false, -p) }
}

/// Plain draws, for evaluation.
pub(crate) struct Independent;

impl Unit for Independent {
    #[inline(always)]
    fn unit(&self, p: f32, q: f32, u: f32) -> (bool, bool, f32) {
        score_function(p, q, u)
    }
}
