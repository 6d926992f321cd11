//! The law of one Bernoulli unit.
//!
//! Tests: `kernels/simd/tests.rs`, `tests/tests/estimators/unbiased.rs`.

/// How one unit is drawn.
pub trait DrawRule {
    /// From p = sigmoid(phi), q = sigmoid(-phi) and a uniform u.
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit;

    /// [`draw`](Self::draw) of a vector of units, which is what kernels with vectors ask for. Of a rule without branches
    /// and calls the compiler makes vector instructions by itself: there is nothing to write.
    #[inline(always)]
    fn draw_lanes(&self, p: &[f32; LANES], q: &[f32; LANES], u: &[f32; LANES]) -> DrawnLanes
    where
        Self: Sized,
    {
        let mut out = DrawnLanes { sample: [0; LANES], partner: [0; LANES], score: [0.0; LANES] };
        for i in 0..LANES {
            let unit = self.draw(p[i], q[i], u[i]);
            out.sample[i] = 0u32.wrapping_sub(u32::from(unit.sample));
            out.partner[i] = 0u32.wrapping_sub(u32::from(unit.partner));
            out.score[i] = unit.score;
        }
        out
    }

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

/// Units of a vector.
pub const LANES: usize = 16;

/// Units that were drawn together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnLanes {
    /// The samples b: all bits of a word set for one.
    pub sample: [u32; LANES],
    /// The antithetic partners.
    pub partner: [u32; LANES],
    /// What the learning signals are multiplied with.
    pub score: [f32; LANES],
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
