//! Estimators and optimisers chosen at run time: the engine is compiled once.

use crate::status::{Refusal, SBN_ERROR_SETTING};
use crate::types::*;
use arm_core::estimator::relaxed::Relaxation;
use arm_core::estimator::*;
use arm_core::kernels::RuleWork;
use arm_core::optim::{Adam, Momentum, Rule, Sgd};
use arm_core::{Error, Shape};

/// An estimator that was chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    /// Asked for at every step: looked up once.
    samples: usize,
    kind: Kind,
}

/// Every estimator that needs f alone.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Arm(Arm),
    DisArm(DisArm),
    Ar(Ar),
    Reinforce(Reinforce),
    BitFlip(BitFlip),
    Leg(Leg),
    Ugc(Ugc),
    Rloo(Rloo),
    Vimco(Vimco),
    Arms(Arms),
    ArmsBound(ArmsBound),
    LocalDisArm(LocalDisArm),
    Ovis(Ovis),
    Rws(Rws),
}

/// What `$work` is for the estimator that was chosen.
macro_rules! chosen {
    ($self:expr, $e:ident => $work:expr) => {
        match $self {
            Kind::Arm($e) => $work,
            Kind::DisArm($e) => $work,
            Kind::Ar($e) => $work,
            Kind::Reinforce($e) => $work,
            Kind::BitFlip($e) => $work,
            Kind::Leg($e) => $work,
            Kind::Ugc($e) => $work,
            Kind::Rloo($e) => $work,
            Kind::Vimco($e) => $work,
            Kind::Arms($e) => $work,
            Kind::ArmsBound($e) => $work,
            Kind::LocalDisArm($e) => $work,
            Kind::Ovis($e) => $work,
            Kind::Rws($e) => $work,
        }
    };
}

fn paths<E: Estimator>(_: &E) -> SecondPaths {
    E::SECOND_PATHS
}

impl Chosen {
    /// That of a configuration; what it does not use must be zero.
    pub(crate) fn new(c: &sbn_config) -> Result<Self, Refusal> {
        let samples = c.samples as usize;
        let alone = samples <= 1;
        let plain = c.decay == 0.0;
        let baseline = if plain { Baseline::None } else { Baseline::moving(c.decay) };
        let kind = match c.estimator {
            SBN_ARM if alone && plain => Kind::Arm(Arm),
            SBN_DISARM if alone && plain => Kind::DisArm(DisArm),
            SBN_AR if alone && plain => Kind::Ar(Ar),
            SBN_REINFORCE if alone => Kind::Reinforce(Reinforce { baseline }),
            SBN_BITFLIP if alone && plain => Kind::BitFlip(BitFlip),
            SBN_LEG if alone && plain => Kind::Leg(Leg),
            SBN_UGC if alone && plain => Kind::Ugc(Ugc),
            SBN_RLOO if plain => Kind::Rloo(Rloo { samples }),
            SBN_VIMCO if plain => Kind::Vimco(Vimco { samples }),
            SBN_ARMS if plain => Kind::Arms(Arms { samples }),
            SBN_ARMS_BOUND if plain => Kind::ArmsBound(ArmsBound { samples }),
            SBN_LOCAL_DISARM if plain => Kind::LocalDisArm(LocalDisArm { samples, symmetrised: false }),
            SBN_OVIS if plain => Kind::Ovis(Ovis { samples }),
            SBN_RWS if plain => Kind::Rws(Rws { samples }),
            _ => return Err(Refusal(SBN_ERROR_SETTING)),
        };
        let samples = chosen!(&kind, e => e.samples());
        Ok(Chosen { samples, kind })
    }
}

impl DrawRule for Chosen {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        chosen!(&self.kind, e => e.draw(p, q, u))
    }

    #[inline(always)]
    fn resolve<W: RuleWork>(&self, work: W) -> W::Output {
        chosen!(&self.kind, e => work.with(e))
    }
}

#[deny(clippy::missing_trait_methods)]
impl Estimator for Chosen {
    const SECOND_PATHS: SecondPaths = SecondPaths::PartnerOrFlip;

    #[inline]
    fn second_paths(&self) -> SecondPaths {
        chosen!(&self.kind, e => paths(e))
    }

    #[inline(always)]
    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        chosen!(&self.kind, e => e.check(shape))
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        chosen!(&self.kind, e => Estimator::signals(e, evaluated, signal, weight));
    }

    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
        chosen!(&self.kind, e => e.objective(evaluated, weight))
    }

    fn flips_from(&self, width: usize) -> f32 {
        chosen!(&self.kind, e => e.flips_from(width))
    }

    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        chosen!(&self.kind, e => e.uniform_transform())
    }

    fn pair_signals(&self) -> Option<&dyn PairSignals> {
        chosen!(&self.kind, e => e.pair_signals())
    }

    fn learned(&self) -> Option<&dyn Learned> {
        chosen!(&self.kind, e => e.learned())
    }

    fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
        chosen!(&mut self.kind, e => e.learned_mut())
    }

    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        chosen!(&self.kind, e => Estimator::integer(e))
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        None
    }
}

/// An estimator that was chosen, where numbers are integers: of those that work there none flips units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InIntegers(pub Chosen);

impl DrawRule for InIntegers {
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        self.0.draw(p, q, u)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Estimator for InIntegers {
    const SECOND_PATHS: SecondPaths = SecondPaths::Partner;

    fn second_paths(&self) -> SecondPaths {
        self.0.second_paths()
    }

    fn samples(&self) -> usize {
        self.0.samples
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        self.0.check(shape)
    }

    fn signals(&self, evaluated: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        self.0.signals(evaluated, signal, weight);
    }

    fn objective(&self, evaluated: Evaluated<'_>, weight: &[f32]) -> f32 {
        self.0.objective(evaluated, weight)
    }

    fn flips_from(&self, _width: usize) -> f32 {
        0.0
    }

    // With either there are no signals of integers.
    fn uniform_transform(&self) -> Option<&dyn UniformTransform> {
        None
    }

    fn pair_signals(&self) -> Option<&dyn PairSignals> {
        None
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        None
    }

    fn learned(&self) -> Option<&dyn Learned> {
        self.0.learned()
    }

    fn learned_mut(&mut self) -> Option<&mut dyn Learned> {
        self.0.learned_mut()
    }

    fn integer(&self) -> Option<&dyn IntegerEstimator> {
        self.0.integer()
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

/// Its learning rate.
pub(crate) fn rate_of(rule: &mut Rule) -> &mut f32 {
    match rule {
        Rule::Sgd(o) => &mut o.rate,
        Rule::Momentum(o) => &mut o.rate,
        Rule::Adam(o) => &mut o.rate,
    }
}
