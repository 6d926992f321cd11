//! All that is known of an estimator by its name: a row of [`estimators!`] each, from what the help says to how it is made.

use super::any::{AnyEstimator, Law};
use super::choice::Choice;
use super::facts::{Facts, OneUnit, evaluations};
use super::{DoubleCv, GumbelSoftmax, MuProp, Nvil, ReinMax, Relax, Rodeo, StraightThrough};
use arm_core::estimator::*;
use arm_core::{Error, Shape};
use serde::{Deserialize, Serialize};

/// The most samples of the estimators that take any number.
const MANY: usize = 1024;

/// Hidden units of the net of RELAX: those of the paper.
const RELAX_HIDDEN: usize = 137;

/// Hidden units of the baseline of NVIL: those of the paper.
const NVIL_HIDDEN: usize = 100;

/// Seed of the nets of NVIL, RELAX and RODEO.
const NET_SEED: u64 = 1;

/// Rows of help, name, facts, estimator and the law of its draws, which may use the settings (a [`Choice`]) and the shape by
/// the names given first.
macro_rules! estimators {
    ($choice:ident, $shape:ident; $($(#[$attribute:meta])* $name:ident: $facts:expr => $estimator:expr, $law:expr;)*) => {
        /// The gradient estimators that the trainer offers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum EstimatorName {
            $($(#[$attribute])* $name,)*
        }

        impl EstimatorName {
            /// What is known of it.
            pub(super) fn facts(self) -> Facts {
                match self {
                    $(EstimatorName::$name => $facts,)*
                }
            }
        }

        impl Choice {
            /// The estimator, ready for a network of this shape. Errors: one that cannot serve the shape, or its settings.
            pub fn estimator(&self, $shape: &Shape<'_>) -> Result<AnyEstimator, Error> {
                let $choice = self;
                let estimator = match self.name {
                    $(EstimatorName::$name => AnyEstimator::new($estimator, $law),)*
                };
                estimator.check($shape)?;
                Ok(estimator)
            }
        }
    };
}

estimators! { choice, shape;
    /// Augment-REINFORCE-Merge
    Arm: evaluations(|n| 1 + n.layers).second_paths().integers().variance(OneUnit::arm) => Arm, Law::Arm;
    /// Augment-REINFORCE
    Ar: evaluations(|_| 1).integers().variance(OneUnit::ar) => Ar, Law::Ar;
    /// REINFORCE, with an optional --baseline
    Reinforce: evaluations(|_| 1).baseline().integers().variance(OneUnit::reinforce)
        => Reinforce { baseline: choice.baseline.baseline() }, Law::Independent;
    /// NVIL: REINFORCE with a net's baseline, centred; BIASED by a factor, 1 / max(1, standard deviation)
    Nvil: evaluations(|_| 1).biased() => Nvil::new(shape, NVIL_HIDDEN, NET_SEED), Law::Relaxed;
    /// DisARM, also known as U2G
    Disarm: evaluations(|n| 1 + n.layers).second_paths().integers().variance(OneUnit::disarm) => DisArm, Law::DisArm;
    /// Leave-one-out REINFORCE with --samples samples
    Rloo: evaluations(|n| n.samples).samples(2..=MANY).integers().variance(OneUnit::rloo)
        => Rloo { samples: choice.samples }, Law::Independent;
    /// ARMS: --samples mutually antithetic samples
    Arms: evaluations(|n| n.samples).samples(2..=Arms::MOST).variance(OneUnit::arms)
        => Arms { samples: choice.samples }, Law::Arms(choice.samples);
    /// Local expectation gradients: every unit flipped
    Leg: evaluations(|n| 1 + n.units).second_paths().variance(OneUnit::none) => Leg, Law::Independent;
    /// bitflip-1: one unit flipped
    Bitflip1: evaluations(|n| 1 + n.layers).second_paths().variance(OneUnit::none) => BitFlip, Law::Independent;
    /// UGC: bitflip-1 for units near 0 or 1, DisARM for the others
    Ugc: evaluations(|n| 1 + 2 * n.layers).second_paths().variance(OneUnit::none) => Ugc, Law::DisArm;
    /// VIMCO, for the bound of --samples samples
    Vimco: evaluations(|n| n.samples).samples(2..=MANY).bound() => Vimco { samples: choice.samples }, Law::Independent;
    /// OVIS, for the bound of --samples samples
    Ovis: evaluations(|n| n.samples).samples(2..=MANY).bound() => Ovis { samples: choice.samples }, Law::Independent;
    /// Local DisARM, for the bound of --samples samples
    LocalDisarm: evaluations(|n| n.samples * (1 + n.layers)).samples(1..=MANY).bound().second_paths()
        => LocalDisArm { samples: choice.samples, symmetrised: false }, Law::LocalDisArm;
    /// Local DisARM, symmetrised, for the bound of --samples samples
    LocalDisarmSym: evaluations(|n| n.samples * (1 + n.layers)).samples(1..=MANY).bound().second_paths()
        => LocalDisArm { samples: choice.samples, symmetrised: true }, Law::LocalDisArm;
    /// ARMS for the bound of --samples samples
    ArmsBound: evaluations(|n| 2 * n.samples).samples(2..=Arms::MOST).bound()
        => ArmsBound { samples: choice.samples }, Law::Arms(choice.samples);
    /// MuProp: f linearised at the probabilities; one stochastic layer
    Muprop: evaluations(|_| 2).gradient_of_f().one_layer() => MuProp, Law::Relaxed;
    /// REBAR: a control variate of relaxed samples; one stochastic layer
    Rebar: evaluations(|_| 3).gradient_of_f().one_layer() => Relax::rebar(0.1, 1.0), Law::Relaxed;
    /// RELAX: REBAR with a net; one stochastic layer
    Relax: evaluations(|_| 3).gradient_of_f().one_layer()
        => Relax::with_net(0.1, 1.0, shape, RELAX_HIDDEN, NET_SEED), Law::Relaxed;
    /// Double control variates with --samples samples
    DoubleCv: evaluations(|n| n.samples).samples(2..=MANY).gradient_of_f()
        => DoubleCv::new(choice.samples, shape.stochastic_layers(), 0.0), Law::Relaxed;
    /// RODEO: discrete Stein operators, with --samples samples
    Rodeo: evaluations(|n| n.samples).samples(2..=MANY).gradient_of_f()
        => Rodeo::new(choice.samples, shape.stochastic_layers(), (0.0, 0.0), NET_SEED), Law::Relaxed;
    /// BIASED: straight-through
    #[value(alias = "straight-through")]
    #[serde(alias = "straight-through")]
    StraightThroughBiased: evaluations(|_| 1).gradient_of_f().biased() => StraightThrough, Law::Relaxed;
    /// BIASED: ReinMax; for bits the same as ZGR
    #[value(aliases = ["reinmax", "zgr"])]
    #[serde(alias = "reinmax", alias = "zgr")]
    ReinmaxBiased: evaluations(|_| 1).gradient_of_f().biased() => ReinMax, Law::Relaxed;
    /// BIASED: Gumbel-softmax (Concrete) at temperature 2/3; one stochastic layer
    #[value(alias = "gumbel-softmax")]
    #[serde(alias = "gumbel-softmax")]
    GumbelSoftmaxBiased: evaluations(|_| 2).gradient_of_f().biased().one_layer()
        => GumbelSoftmax::default(), Law::Relaxed;
    /// BIASED: reweighted wake-sleep with --samples samples: the encoder follows the posterior, all else the bound
    #[value(alias = "rws")]
    #[serde(alias = "rws")]
    RwsBiased: evaluations(|n| n.samples).samples(2..=MANY).bound().biased()
        => Rws { samples: choice.samples }, Law::Independent;
    /// Enumeration of every sample, for at most 12 units
    Exact: evaluations(|n| 1 << n.units.min(Exact::MAX_UNITS)).variance(OneUnit::none)
        => Exact::new(shape)?, Law::Independent;
}
