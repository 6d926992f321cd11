//! The law of one Bernoulli unit.

/// How one unit is drawn.
pub trait DrawRule {
    /// From p = sigmoid(phi), q = sigmoid(-phi) and a uniform u.
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit;

    /// Does `work` with this rule. One that stands for several, of which one is chosen at run time, hands on that one:
    /// vector kernels ask once for a row, and are compiled for each of them.
    #[inline(always)]
    fn resolve<W: RuleWork>(&self, work: W) -> W::Output
    where
        Self: Sized,
    {
        work.with(self)
    }
}

/// What can be done with any rule: see [`DrawRule::resolve`].
pub trait RuleWork {
    /// What comes of it.
    type Output;

    /// Does it.
    fn with<R: DrawRule>(self, rule: &R) -> Self::Output;
}

/// One unit that was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnUnit {
    /// The sample b.
    pub sample: bool,
    /// Its antithetic partner; any value where the estimator asks for none.
    pub partner: bool,
    /// What the learning signal is multiplied with.
    pub score: f32,
}

impl DrawnUnit {
    /// A unit without a partner.
    #[inline(always)]
    pub const fn alone(sample: bool, score: f32) -> Self {
        DrawnUnit { sample, partner: sample, score }
    }
}

/// An independent draw b = 1\[u < p\] with the score of REINFORCE, b - p.
#[inline(always)]
pub fn independent(p: f32, q: f32, u: f32) -> DrawnUnit {
    if u < p { DrawnUnit::alone(true, q) } else { DrawnUnit::alone(false, -p) }
}

/// Plain draws, for evaluation.
pub(crate) struct Independent;

impl DrawRule for Independent {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        independent(p, q, u)
    }
}
