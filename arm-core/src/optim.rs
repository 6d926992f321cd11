//! Optimisers over slices of parameters.

use crate::error::Error;
use crate::kernels::{AdamRates, Kernels};
use crate::numeric::math::{TINY, powi, sqrt};

/// Largest learning rate that is accepted: with [`LIMIT`](crate::LIMIT) it bounds every update.
pub const MAX_RATE: f32 = 1.0e6;

/// An optimiser: it says what is done to the parameters, and [`Rule`] does it.
pub trait Optimiser {
    /// Moments kept for each parameter, at most 2: those of its [`Rule`], or the most where that is chosen at run time.
    const MOMENTS: usize;

    /// What it does, with its settings.
    fn rule(&self) -> Rule;

    /// Hands itself to `work`, which is not inlined; one that is chosen at run time hands over the one that was chosen.
    #[inline(always)]
    fn hand<W: WithOptimiser>(&self, work: W) -> W::Out
    where
        Self: Sized,
    {
        apart(self, work)
    }
}

/// Something to be done with an optimiser, whichever it is: it has the stack of that one then, not of all.
pub trait WithOptimiser {
    /// What comes of it.
    type Out;

    /// Does it.
    fn run<O: Optimiser>(self, optimiser: &O) -> Self::Out;
}

/// Not inlined: for one optimiser at a time.
#[inline(never)]
fn apart<O: Optimiser, W: WithOptimiser>(optimiser: &O, work: W) -> W::Out {
    work.run(optimiser)
}

/// What an optimiser does to parameters, with its settings. It is an optimiser itself, chosen at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Plain gradient descent.
    Sgd(Sgd),
    /// Gradient descent with momentum.
    Momentum(Momentum),
    /// Adam.
    Adam(Adam),
}

impl Rule {
    /// Moments kept for each parameter.
    #[inline(always)]
    pub const fn moments(&self) -> usize {
        match self {
            Rule::Sgd(_) => Sgd::MOMENTS,
            Rule::Momentum(_) => Momentum::MOMENTS,
            Rule::Adam(_) => Adam::MOMENTS,
        }
    }

    /// `Err(Setting)` when a setting is out of range.
    #[inline(always)]
    pub fn check(&self) -> Result<(), Error> {
        if self.is_valid() { Ok(()) } else { Err(Error::Setting) }
    }

    /// Whether all settings are in their range.
    #[inline(always)]
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Rule::Sgd(sgd) => valid_rate(sgd.rate),
            Rule::Momentum(momentum) => valid_rate(momentum.rate) && valid_decay(momentum.momentum),
            Rule::Adam(adam) => adam.is_valid(),
        }
    }

    /// Applies gradient `g` to parameters `w` in step `step` (from 0). `first` and `second` are the moments; those that
    /// the rule has not are left alone and may be empty.
    #[inline(always)]
    pub fn apply<K: Kernels>(
        &self,
        kernels: &K,
        step: u64,
        g: &[f32],
        first: &mut [f32],
        second: &mut [f32],
        w: &mut [f32],
    ) {
        match self {
            Rule::Sgd(sgd) => kernels.axpy(-sgd.rate, g, w),
            Rule::Momentum(m) => kernels.momentum(m.rate, m.momentum, g, first, w),
            Rule::Adam(adam) => adam.apply(kernels, step, g, first, second, w),
        }
    }
}

impl Optimiser for Rule {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn rule(&self) -> Rule {
        *self
    }

    #[inline(always)]
    fn hand<W: WithOptimiser>(&self, work: W) -> W::Out {
        match self {
            Rule::Sgd(sgd) => apart(sgd, work),
            Rule::Momentum(momentum) => apart(momentum, work),
            Rule::Adam(adam) => apart(adam, work),
        }
    }
}

/// An optimiser in one step: Adam's rates are computed once for all layers.
pub struct AtStep<'a, O> {
    optimiser: &'a O,
    /// From 0.
    step: u64,
    rates: Option<AdamRates>,
}

impl<'a, O: Optimiser> AtStep<'a, O> {
    /// In step `step` (from 0).
    #[inline(always)]
    pub(crate) fn new(optimiser: &'a O, step: u64) -> Self {
        AtStep { optimiser, step, rates: None }
    }

    #[inline(always)]
    pub(crate) fn rule(&self) -> Rule {
        self.optimiser.rule()
    }

    /// Adam's rates, if this is Adam.
    #[inline(always)]
    pub(crate) fn adam(&mut self) -> Option<AdamRates> {
        let Rule::Adam(adam) = self.rule() else { return None };
        Some(*self.rates.get_or_insert_with(|| adam.rates(self.step)))
    }

    /// See [`Rule::apply`].
    #[inline(always)]
    pub(crate) fn apply<K: Kernels>(
        &mut self,
        k: &K,
        g: &[f32],
        m: &mut [f32],
        v: &mut [f32],
        w: &mut [f32],
    ) {
        match self.adam() {
            Some(rates) => k.adam(rates, g, m, v, w),
            None => self.rule().apply(k, self.step, g, m, v, w),
        }
    }
}

/// Whether it is in [0, [`MAX_RATE`]]: by its bits, which are in the order of what is not negative. There may be no code that compares
/// floats.
fn valid_rate(rate: f32) -> bool {
    rate.to_bits() <= MAX_RATE.to_bits() || rate.to_bits() == 1 << 31
}

/// Whether it is in [0, 1), by its bits too.
fn valid_decay(decay: f32) -> bool {
    decay.to_bits() < 1f32.to_bits() || decay.to_bits() == 1 << 31
}

/// Plain stochastic gradient descent: w -= rate g. A batch of one needs no gradient storage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// Learning rate, in [0, [`MAX_RATE`]].
    pub rate: f32,
}

impl Optimiser for Sgd {
    const MOMENTS: usize = 0;

    #[inline(always)]
    fn rule(&self) -> Rule {
        Rule::Sgd(*self)
    }
}

/// Gradient descent with momentum (Polyak 1964): v = momentum v + g, w -= rate v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Learning rate, in [0, [`MAX_RATE`]].
    pub rate: f32,
    /// Share of the velocity that is kept, in [0, 1).
    pub momentum: f32,
}

impl Optimiser for Momentum {
    const MOMENTS: usize = 1;

    #[inline(always)]
    fn rule(&self) -> Rule {
        Rule::Momentum(*self)
    }
}

/// Adam (Kingma & Ba, ICLR 2015, algorithm 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate, in [0, [`MAX_RATE`]].
    pub rate: f32,
    /// Decay of the first moment, in [0, 1).
    pub beta1: f32,
    /// Decay of the second moment, in [0, 1).
    pub beta2: f32,
    /// Added to the denominator, in [2^-32, 1).
    pub epsilon: f32,
}

/// Smallest epsilon of Adam: with the limits of gradients and rates it keeps every update below 2^100.
const MIN_EPSILON: f32 = 1.0 / (1u64 << 32) as f32;

// What takes `self` is inlined and hands over numbers: a rule need not lie on the stack for it.
impl Adam {
    /// Adam with the usual decays 0.9 and 0.999 and epsilon 1e-8.
    pub const fn new(rate: f32) -> Self {
        Adam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    /// The rates of step `step` (from 0).
    #[inline(always)]
    pub fn rates(&self, step: u64) -> AdamRates {
        let t = step.saturating_add(1);
        let (rate, scale) = corrected(self.rate, self.beta1, self.beta2, t);
        AdamRates { beta1: self.beta1, beta2: self.beta2, rate, scale, epsilon: self.epsilon }
    }

    fn apply<K: Kernels>(&self, k: &K, step: u64, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        k.adam(self.rates(step), g, m, v, w);
    }

    #[inline(always)]
    fn is_valid(&self) -> bool {
        valid_adam(self.rate, self.beta1, self.beta2, self.epsilon)
    }
}

impl Optimiser for Adam {
    const MOMENTS: usize = 2;

    #[inline(always)]
    fn rule(&self) -> Rule {
        Rule::Adam(*self)
    }
}

#[inline(never)]
fn valid_adam(rate: f32, beta1: f32, beta2: f32, epsilon: f32) -> bool {
    let epsilons = MIN_EPSILON.to_bits()..1f32.to_bits();
    valid_rate(rate) && valid_decay(beta1) && valid_decay(beta2) && epsilons.contains(&epsilon.to_bits())
}

/// Adam's rate and scale, corrected for moments that began at zero, in step `t` (from 1).
#[inline(never)]
fn corrected(rate: f32, beta1: f32, beta2: f32, t: u64) -> (f32, f32) {
    // Later ones are nothing beside one as well.
    let t = u32::try_from(t).unwrap_or(u32::MAX);
    // A microcontroller neither foresees branches nor is slow with subnormal numbers: there the shorter code is faster.
    let power = |beta| if cfg!(target_os = "none") { powi(beta, t) } else { power(beta, t) };
    (rate / (1.0 - power(beta1)), 1.0 / sqrt(1.0 - power(beta2)))
}

/// beta^t, or zero for what is nothing beside one, without subnormal numbers.
#[inline(always)]
fn power(beta: f32, mut t: u32) -> f32 {
    let (mut factor, mut power) = (beta, 1.0);
    while t > 0 {
        // The last factor is no larger.
        if factor < TINY {
            return 0.0;
        }
        // Looked up: no processor would foresee a branch.
        power *= [1.0, factor][t as usize & 1];
        factor *= factor;
        t >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Portable;

    #[test]
    fn first_steps_by_hand() {
        let (mut w, mut v) = ([1.0f32], [0.0]);
        Sgd { rate: 0.5 }.rule().apply(&Portable, 0, &[2.0], &mut [], &mut [], &mut w);
        assert_eq!(w, [0.0]);
        let m = Momentum { rate: 0.5, momentum: 0.5 };
        m.rule().apply(&Portable, 0, &[2.0], &mut v, &mut [], &mut w);
        m.rule().apply(&Portable, 1, &[2.0], &mut v, &mut [], &mut w);
        assert_eq!((w, v), ([-2.5], [3.0]));
    }

    #[test]
    fn adam_follows_algorithm_1() {
        let adam = Adam::new(0.01);
        let (b1, b2) = (f64::from(adam.beta1), f64::from(adam.beta2));
        let (mut w, mut m, mut v) = ([0.3f32, 1.0], [0.0; 2], [0.0; 2]);
        let (mut wd, mut md, mut vd) = ([0.3f64, 1.0], [0.0f64; 2], [0.0f64; 2]);
        for t in 0..200u64 {
            let g = [(t as f32 * 0.7).sin(), 1e-3];
            adam.rule().apply(&Portable, t, &g, &mut m, &mut v, &mut w);
            for i in 0..2 {
                let g = f64::from(g[i]);
                md[i] = b1 * md[i] + (1.0 - b1) * g;
                vd[i] = b2 * vd[i] + (1.0 - b2) * g * g;
                let (mh, vh) = (md[i] / (1.0 - b1.powi(t as i32 + 1)), vd[i] / (1.0 - b2.powi(t as i32 + 1)));
                wd[i] -= 0.01 * mh / (vh.sqrt() + 1e-8);
            }
        }
        for i in 0..2 {
            // 200 roundings of half an ULP of 1.
            assert!((f64::from(w[i]) - wd[i]).abs() < 1.2e-5, "{w:?} {wd:?}");
        }
    }

    #[test]
    fn corrections_are_those_of_whole_powers() {
        for beta in [0.0, 1e-6, 0.5, 0.9, 0.999, 0.999_999] {
            for t in (1..3000).chain([4096, 88_000, 1 << 20, 1 << 31, u32::MAX]) {
                assert_eq!((1.0 - power(beta, t)).to_bits(), (1.0 - powi(beta, t)).to_bits(), "{beta} {t}");
            }
        }
        let largest = 1.0 - f32::EPSILON / 2.0;
        for t in [u64::from(u32::MAX), 1 << 32, 1 << 40, u64::MAX] {
            assert_eq!(corrected(0.1, largest, largest, t), (0.1, 1.0), "{t}");
        }
    }

    #[test]
    fn settings_are_checked() {
        assert!(Sgd { rate: 0.0 }.rule().check().is_ok());
        assert!(Sgd { rate: -0.0 }.rule().check().is_ok() && Sgd { rate: MAX_RATE }.rule().check().is_ok());
        for rate in [-1.0, -1e-45, f32::NAN, -f32::NAN, f32::INFINITY, 2e6] {
            assert_eq!(Sgd { rate }.rule().check(), Err(Error::Setting));
            assert_eq!(Adam::new(rate).rule().check(), Err(Error::Setting));
        }
        let refused = [1.0, -0.1, -1e-8, f32::INFINITY, f32::NAN, -f32::NAN];
        let decays = refused.map(|x| (x, false)).into_iter().chain([(-0.0, true), (0.99999994, true)]);
        for (x, valid) in decays {
            let (m, adam) = (Momentum { rate: 0.1, momentum: x }, Adam::new(0.1));
            let rules = [m.rule(), Adam { beta1: x, ..adam }.rule(), Adam { beta2: x, ..adam }.rule()];
            assert_eq!(rules.map(|rule| rule.check().is_ok()), [valid; 3], "{x}");
        }
        for (x, valid) in refused.map(|x| (x, false)).into_iter().chain([(MIN_EPSILON, true), (0.9, true)]) {
            assert_eq!(Adam { epsilon: x, ..Adam::new(0.1) }.rule().check().is_ok(), valid, "{x}");
        }
        assert!(Adam { epsilon: 0.0, ..Adam::new(0.1) }.rule().check().is_err());
        assert!(Adam { epsilon: f32::MIN_POSITIVE, ..Adam::new(0.1) }.rule().check().is_err());
    }

    #[test]
    fn moments_are_those_of_the_rule() {
        fn check<O: Optimiser>(optimiser: O) {
            let rule = optimiser.rule();
            assert_eq!((O::MOMENTS, rule.rule()), (rule.moments(), rule));
        }
        check(Sgd { rate: 0.1 });
        check(Momentum { rate: 0.1, momentum: 0.5 });
        check(Adam::new(0.1));
    }
}
