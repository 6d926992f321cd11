//! Estimators and optimisers chosen at run time: the engine is compiled once.

use crate::status::{Refusal, SBN_ERROR_SETTING};
use crate::types::*;
use arm_core::Error;
use arm_core::estimator::{Arm, DisArm, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::kernels::{AdamRates, Kernels};
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Pair {
    Arm,
    DisArm,
}

impl Pair {
    pub(crate) fn new(kind: u32) -> Result<Self, Refusal> {
        match kind {
            SBN_ARM => Ok(Pair::Arm),
            SBN_DISARM => Ok(Pair::DisArm),
            _ => Err(Refusal(SBN_ERROR_SETTING)),
        }
    }
}

impl DrawRule for Pair {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        match self {
            Pair::Arm => Arm.draw(p, q, u),
            Pair::DisArm => DisArm.draw(p, q, u),
        }
    }
}

impl Estimator for Pair {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        // The same for both.
        Arm.signals(evaluated, signal, weight);
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    Sgd(Sgd),
    Momentum(Momentum),
    Adam(Adam),
}

impl Rule {
    pub(crate) fn new(c: &sbn_config) -> Result<Self, Refusal> {
        let sbn_config { rate, momentum, beta2, epsilon, .. } = *c;
        match c.optimiser {
            SBN_SGD => Ok(Rule::Sgd(Sgd { rate })),
            SBN_MOMENTUM => Ok(Rule::Momentum(Momentum { rate, momentum })),
            SBN_ADAM => Ok(Rule::Adam(Adam { rate, beta1: momentum, beta2, epsilon })),
            _ => Err(Refusal(SBN_ERROR_SETTING)),
        }
    }
}

impl Optimiser for Rule {
    const MOMENTS: usize = 2;

    fn moments(&self) -> usize {
        match self {
            Rule::Sgd(_) => 0,
            Rule::Momentum(_) => 1,
            Rule::Adam(_) => 2,
        }
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Rule::Sgd(o) => o.check(),
            Rule::Momentum(o) => o.check(),
            Rule::Adam(o) => o.check(),
        }
    }

    fn in_place(&self) -> Option<f32> {
        if let Rule::Sgd(o) = self { o.in_place() } else { None }
    }

    fn in_place_adam(&self, step: u64) -> Option<AdamRates> {
        if let Rule::Adam(o) = self { o.in_place_adam(step) } else { None }
    }

    fn apply<K: Kernels>(&self, k: &K, step: u64, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        match self {
            Rule::Sgd(o) => o.apply(k, step, g, m, v, w),
            Rule::Momentum(o) => o.apply(k, step, g, m, v, w),
            Rule::Adam(o) => o.apply(k, step, g, m, v, w),
        }
    }
}
