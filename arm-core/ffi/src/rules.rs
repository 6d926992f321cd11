//! Estimators and optimisers chosen at run time: the engine is compiled once.

use crate::status::{Refusal, SBN_ERROR_SETTING};
use crate::types::*;
use arm_core::estimator::{Arm, DisArm, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::optim::{Adam, Momentum, Rule, Sgd};

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

/// The optimiser of a configuration.
pub(crate) fn rule(c: &sbn_config) -> Result<Rule, Refusal> {
    let sbn_config { rate, momentum, beta2, epsilon, .. } = *c;
    match c.optimiser {
        SBN_SGD => Ok(Rule::Sgd(Sgd { rate })),
        SBN_MOMENTUM => Ok(Rule::Momentum(Momentum { rate, momentum })),
        SBN_ADAM => Ok(Rule::Adam(Adam { rate, beta1: momentum, beta2, epsilon })),
        _ => Err(Refusal(SBN_ERROR_SETTING)),
    }
}
