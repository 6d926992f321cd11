//! What a run is made of: everything that decides its result.

use crate::data::{Binarise, DataError, Source, Splits, load};
use crate::network::{Inputs, Network, Notation, Preset, Ram, SLOPE, codings};
use crate::settings::Settings;
use arm_core::Prior;
use arm_core::estimator::{self, Baseline};
use arm_core::optim::{Adam, Rule, Sgd};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::str::FromStr;

/// The gradient estimators that the trainer offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum EstimatorName {
    /// Augment-REINFORCE-Merge
    Arm,
    /// Augment-REINFORCE
    Ar,
    /// REINFORCE, with an optional --baseline
    Reinforce,
    /// DisARM, also known as U2G
    Disarm,
    /// Leave-one-out REINFORCE with --samples samples
    Rloo,
    /// ARMS: --samples mutually antithetic samples
    Arms,
    /// Local expectation gradients: every unit flipped
    Leg,
    /// bitflip-1: one unit flipped
    Bitflip1,
    /// UGC: bitflip-1 for units near 0 or 1, DisARM for the others
    Ugc,
    /// VIMCO, for the bound of --samples samples
    Vimco,
    /// Local DisARM, for the bound of --samples samples
    LocalDisarm,
    /// Local DisARM, symmetrised, for the bound of --samples samples
    LocalDisarmSym,
    /// ARMS for the bound of --samples samples
    ArmsBound,
    /// REBAR: a control variate of relaxed samples; one stochastic layer
    Rebar,
    /// RELAX: REBAR with a net; one stochastic layer
    Relax,
    /// Double control variates with --samples samples
    DoubleCv,
    /// RODEO: discrete Stein operators, with --samples samples
    Rodeo,
    /// BIASED: straight-through
    #[value(alias = "straight-through")]
    #[serde(alias = "straight-through")]
    StraightThroughBiased,
    /// BIASED: Gumbel-softmax (Concrete) at temperature 2/3; one stochastic layer
    #[value(alias = "gumbel-softmax")]
    #[serde(alias = "gumbel-softmax")]
    GumbelSoftmaxBiased,
    /// Enumeration of every sample, for at most 12 units
    Exact,
}

impl EstimatorName {
    /// The name on the command line.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |v| v.get_name().into())
    }

    /// Whether it draws second paths through the upper layers, above an antithetic partner or a flipped unit.
    pub fn branches(self) -> bool {
        use EstimatorName::*;
        matches!(self, Arm | Disarm | Ugc | LocalDisarm | LocalDisarmSym | Leg | Bitflip1)
    }

    /// Whether it minimises the bound of several samples rather than the -ELBO.
    pub fn bound(self) -> bool {
        use EstimatorName::*;
        matches!(self, Vimco | LocalDisarm | LocalDisarmSym | ArmsBound)
    }

    /// Whether its mean is another than the gradient.
    pub fn biased(self) -> bool {
        matches!(self, EstimatorName::StraightThroughBiased | EstimatorName::GumbelSoftmaxBiased)
    }

    /// Whether it needs the gradient of f with respect to samples, which conditional networks do not give.
    pub fn needs_gradient(self) -> bool {
        use EstimatorName::*;
        self.biased() || matches!(self, Rebar | Relax | DoubleCv | Rodeo)
    }

    /// Whether it serves networks with one stochastic layer only.
    pub fn of_one_layer(self) -> bool {
        use EstimatorName::*;
        matches!(self, Rebar | Relax | GumbelSoftmaxBiased)
    }

    /// The numbers of samples that it can be set to; `None` where the number is its own.
    pub fn range(self) -> Option<(usize, usize)> {
        use EstimatorName::*;
        match self {
            Rloo | Vimco | DoubleCv | Rodeo => Some((2, 1024)),
            LocalDisarm | LocalDisarmSym => Some((1, 1024)),
            EstimatorName::Arms | ArmsBound => Some((2, estimator::Arms::MOST)),
            Rebar | Relax | StraightThroughBiased | GumbelSoftmaxBiased => None,
            Arm | Ar | Reinforce | Disarm | Leg | Bitflip1 | Ugc | Exact => None,
        }
    }
}

/// The baseline of REINFORCE as it is written: `none`, `moving` (decay 0.99) or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BaselineName {
    /// Nothing is subtracted.
    #[default]
    None,
    /// A moving average of f with decay 0.99.
    Moving,
    /// A constant in nats.
    Constant(f32),
}

impl BaselineName {
    /// The baseline before the first step.
    pub fn baseline(self) -> Baseline {
        match self {
            BaselineName::None => Baseline::None,
            BaselineName::Moving => Baseline::moving(0.99),
            BaselineName::Constant(c) => Baseline::Constant(c),
        }
    }
}

impl FromStr for BaselineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<f32>()) {
            ("none", _) => Ok(BaselineName::None),
            ("moving", _) => Ok(BaselineName::Moving),
            (_, Ok(c)) if c.is_finite() => Ok(BaselineName::Constant(c)),
            _ => Err(format!("`{text}` is no baseline; give none, moving or a finite number of nats")),
        }
    }
}

/// The numbers that the units of the input stand for, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CodingName {
    /// 0 and 1
    ZeroOne,
    /// -1 and 1
    Signed,
    /// 0 and 1 minus the mean of each unit over the train split
    Centred,
}

/// The prior of the top stochastic layer, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PriorName {
    /// Every unit is 1 with probability 1/2
    Fixed,
    /// Every unit has a logit that is trained
    Learned,
}

impl PriorName {
    /// The prior.
    pub fn prior(self) -> Prior {
        match self {
            PriorName::Fixed => Prior::Fixed,
            PriorName::Learned => Prior::Learned,
        }
    }
}

/// How grey levels become bits, as it is written: `auto`, `none`, `dynamic` or a threshold in [0, 1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BinariseName {
    /// Bits stay bits, grey levels are drawn anew every epoch.
    #[default]
    Auto,
    /// A choice.
    Chosen(Binarise),
}

impl BinariseName {
    /// The choice, if one was made.
    pub fn choice(self) -> Option<Binarise> {
        match self {
            BinariseName::Auto => None,
            BinariseName::Chosen(how) => Some(how),
        }
    }
}

impl FromStr for BinariseName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse::<f32>()) {
            ("auto", _) => Ok(BinariseName::Auto),
            ("none", _) => Ok(BinariseName::Chosen(Binarise::AsIs)),
            ("dynamic", _) => Ok(BinariseName::Chosen(Binarise::Dynamic)),
            (_, Ok(t)) if (0.0..1.0).contains(&t) => Ok(BinariseName::Chosen(Binarise::Threshold(t))),
            _ => {
                Err(format!("`{text}` is no binarisation; give auto, none, dynamic or a threshold in [0, 1)"))
            }
        }
    }
}

/// `TryFrom<String>` and `Into<String>` for what is written as one word.
macro_rules! written {
    ($name:ty, $value:ident => $text:expr) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from($value: $name) -> String {
                $text
            }
        }
    };
}

written!(BaselineName, name => match name {
    BaselineName::None => "none".into(),
    BaselineName::Moving => "moving".into(),
    BaselineName::Constant(c) => c.to_string(),
});
written!(BinariseName, name => match name {
    BinariseName::Auto => "auto".into(),
    BinariseName::Chosen(Binarise::AsIs) => "none".into(),
    BinariseName::Chosen(Binarise::Dynamic) => "dynamic".into(),
    BinariseName::Chosen(Binarise::Threshold(t)) => t.to_string(),
});

/// Everything that decides the result of a run. It is read as [`Settings`] are, so that what an older version did not
/// write yet is the preset's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Settings", rename_all = "kebab-case")]
pub struct Config {
    /// Where the settings come from that the user left open.
    pub preset: Option<Preset>,
    /// The layers; `None` until [`network`](Self::network) has chosen them for the data.
    pub network: Option<Notation>,
    /// Memory of a device that the layers are then chosen for; `None` where only the data decide.
    #[serde(skip_serializing)]
    pub fit_ram: Option<Ram>,
    /// Slope of LeakyReLU below zero.
    pub slope: f32,
    /// The prior of the top stochastic layer.
    pub prior: PriorName,
    /// The data set: `strokes`, a file or a folder.
    pub data: PathBuf,
    /// How grey levels become bits.
    pub binarise: BinariseName,
    /// Rows of the validation split, its last; the others are trained on. `None` leaves the split.
    pub valid: Option<usize>,
    /// The numbers that the units of the input stand for.
    pub inputs: CodingName,
    /// Whether the units of stochastic layers stand for -1 and 1 instead of 0 and 1.
    pub signed_units: bool,
    /// Whether the output biases start at the logits of the mean of the train split.
    pub output_bias: bool,
    /// The gradient estimator.
    pub estimator: EstimatorName,
    /// Samples of the estimators that draw several.
    pub samples: usize,
    /// Baseline of REINFORCE.
    pub baseline: BaselineName,
    /// Whether antithetic partners draw their upper layers on their own.
    pub independent_uniforms: bool,
    /// Examples a step.
    pub batch: usize,
    /// Steps in all.
    pub steps: u64,
    /// Learning rate of Adam.
    pub lr: f32,
    /// Decay of the first moment of the encoder's Adam.
    pub encoder_beta1: f32,
    /// Decay of the second moment of the encoder's Adam.
    pub encoder_beta2: f32,
    /// Rate of the gradient descent of the prior's logits; without it they are trained by Adam like the rest.
    pub prior_lr: Option<f32>,
    /// Seed of everything random.
    pub seed: u64,
    /// Epochs without a better validation bound after which training stops; 0 for never.
    pub patience: u64,
    /// Whether every step is on the first batch of the first epoch.
    pub overfit_one_batch: bool,
    /// Samples of the importance-weighted bound at the end.
    pub nll_samples: usize,
    /// Images, spread evenly over the test split, that the final figures are computed for; 0 for all.
    pub nll_images: usize,
}

impl Config {
    /// The data set, binarised and split. Errors: the data.
    pub fn splits(&self) -> Result<Splits, DataError> {
        let mut splits = load(&self.data)?.binarise(self.binarise.choice())?;
        if let Some(valid) = self.valid {
            splits.keep_valid(valid);
        }
        Ok(splits)
    }

    /// The network for rows such as those of `train`; where its layers were left open, they are chosen for these rows and
    /// noted. Errors: layers that contradict the rows, or that no network fits into the memory.
    pub fn network(&mut self, train: &Source) -> Result<Network, String> {
        let (columns, prior) = (train.cols(), self.prior.prior());
        let notation = match (&self.network, self.fit_ram) {
            (Some(notation), _) => notation.clone(),
            (None, Some(ram)) => Notation::fitting(ram, columns, prior)?,
            (None, None) => Notation::for_columns(columns),
        };
        let network = notation.network(columns).map_err(|e| e.to_string())?.sloped(self.slope);
        (self.network, self.fit_ram) = (Some(notation), None);
        let x = match self.inputs {
            CodingName::ZeroOne => Inputs::ZeroOne,
            CodingName::Signed => Inputs::Signed,
            CodingName::Centred => Inputs::Centred(train.means().into_iter().take(network.inputs).collect()),
        };
        Ok(Network { prior, codings: codings(&x, self.signed_units), ..network })
    }

    /// Where the settings come from, for who reads the output; empty for those of this project.
    pub fn source(&self) -> Option<String> {
        let preset = self.preset?;
        let own = self.network.as_ref().is_some_and(|network| *network != preset.notation());
        let but = if own { ", but with a network of your own" } else { "" };
        Some(format!("{}: {}{but}", preset.name(), preset.recipe().source))
    }

    /// What a notation does not tell of the network, where it is not as usual: `LeakyReLU 0.3, learned prior`.
    pub fn beyond_notation(&self) -> String {
        let mut words = Vec::new();
        if self.slope != SLOPE && self.network.as_ref().is_none_or(Notation::has_hidden) {
            words.push(format!("LeakyReLU {}", self.slope));
        }
        if self.prior == PriorName::Learned {
            words.push("learned prior".into());
        }
        match self.inputs {
            CodingName::ZeroOne => {}
            CodingName::Signed => words.push("inputs -1 and 1".into()),
            CodingName::Centred => words.push("centred inputs".into()),
        }
        if self.signed_units {
            words.push("stochastic units -1 and 1".into());
        }
        words.join(", ")
    }

    /// The optimiser of each dense layer of `network`.
    pub fn optimisers(&self, network: &Network) -> Vec<Rule> {
        let (encoder, layers) = (network.encoder.len(), network.shape().network_layers());
        let adam = Adam::new(self.lr);
        let of_encoder = Adam { beta1: self.encoder_beta1, beta2: self.encoder_beta2, ..adam };
        let rule = |layer: usize| match self.prior_lr {
            _ if layer < encoder => Rule::Adam(of_encoder),
            Some(rate) if layer >= layers => Rule::Sgd(Sgd { rate }),
            _ => Rule::Adam(adam),
        };
        (0..network.shape().dense_layers()).map(rule).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small configuration.
    pub(crate) fn example() -> Config {
        Config {
            preset: Some(Preset::TwoLayer),
            network: Some(Preset::TwoLayer.notation()),
            fit_ram: None,
            slope: 0.1,
            prior: PriorName::Learned,
            data: "x/y".into(),
            binarise: BinariseName::Chosen(Binarise::Threshold(0.5)),
            valid: Some(3),
            inputs: CodingName::Signed,
            signed_units: true,
            output_bias: true,
            estimator: EstimatorName::Rloo,
            samples: 4,
            baseline: BaselineName::None,
            independent_uniforms: false,
            batch: 50,
            steps: 1000,
            lr: 1e-4,
            encoder_beta1: 0.5,
            encoder_beta2: 0.99999,
            prior_lr: Some(0.01),
            seed: 3,
            patience: 0,
            overfit_one_batch: false,
            nll_samples: 100,
            nll_images: 2000,
        }
    }

    #[test]
    fn a_configuration_survives_toml() {
        let text = toml::to_string(&example()).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), example());
    }

    #[test]
    fn a_configuration_of_a_preset_alone_is_read_as_it_was_meant() {
        let now = toml::to_string(&example()).unwrap();
        let new = ["network", "slope", "prior "];
        let old: String = now
            .lines()
            .filter(|line| !new.iter().any(|key| line.starts_with(key)))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(old.lines().count() + 3, now.lines().count(), "{now}");
        assert_eq!(toml::from_str::<Config>(&old).unwrap(), example());
    }

    #[test]
    fn layers_that_were_left_open_are_chosen_for_the_data_and_noted() {
        let train = Source::Fixed(crate::data::BitTable::new(20, 64));
        let open = Config { preset: None, network: None, inputs: CodingName::ZeroOne, ..example() };
        let mut config = open.clone();
        let network = config.network(&train).unwrap();
        assert_eq!(network.notation(), "64-32-[16] / [16]-32-64");
        assert_eq!(config.network, Some("x-32-[16] / [16]-32-x".parse().unwrap()));
        assert_eq!(config.clone().network(&train), Ok(network));
        assert_eq!(toml::from_str::<Config>(&toml::to_string(&config).unwrap()).unwrap(), config);

        let mut fitted = Config { fit_ram: Some(Ram(32 << 10)), ..open.clone() };
        let network = fitted.network(&train).unwrap();
        assert_eq!((network.notation().as_str(), fitted.fit_ram), ("64-42-[21] / [21]-42-64", None));
        assert_eq!(network.prior, Prior::Learned);

        let mut other = Config { network: Some("65-[4] / [4]-65".parse().unwrap()), ..open };
        assert!(other.network(&train).unwrap_err().contains("64 columns"));
    }

    #[test]
    fn what_the_notation_does_not_tell_is_told() {
        let beyond = |config: Config| config.beyond_notation();
        assert_eq!(beyond(example()), "learned prior, inputs -1 and 1, stochastic units -1 and 1");
        let network = Some("x-4-[8] / [8]-x".parse().unwrap());
        let plain = Config { inputs: CodingName::ZeroOne, signed_units: false, network, ..example() };
        let fixed = Config { prior: PriorName::Fixed, ..plain.clone() };
        assert_eq!(beyond(fixed), "");
        assert_eq!(beyond(Config { slope: 0.3, ..plain }), "LeakyReLU 0.3, learned prior");
    }

    #[test]
    fn encoder_decoder_and_prior_have_their_own_optimisers() {
        let network = Preset::TwoLayer.network(6);
        let rules = example().optimisers(&network);
        let betas = |rule: &Rule| match rule {
            Rule::Adam(adam) => (adam.rate, adam.beta1, adam.beta2),
            Rule::Sgd(sgd) => (sgd.rate, 0.0, 0.0),
            Rule::Momentum(momentum) => (momentum.rate, momentum.momentum, 0.0),
        };
        let betas: Vec<_> = rules.iter().map(betas).collect();
        let (encoder, decoder) = ((1e-4, 0.5, 0.99999), (1e-4, 0.9, 0.999));
        assert_eq!(betas, [encoder, encoder, decoder, decoder, (0.01, 0.0, 0.0)]);
        let all_adam = Config { prior_lr: None, ..example() }.optimisers(&network);
        assert_eq!(all_adam[4], all_adam[3]);
    }

    #[test]
    fn words_survive_writing() {
        for name in [BaselineName::None, BaselineName::Moving, BaselineName::Constant(-1.5)] {
            assert_eq!(String::from(name).parse(), Ok(name));
        }
        for name in ["auto", "none", "dynamic", "0.5"] {
            assert_eq!(String::from(name.parse::<BinariseName>().unwrap()), name);
        }
    }

    #[test]
    fn words_are_checked() {
        assert!("NaN".parse::<BaselineName>().is_err() && "inf".parse::<BaselineName>().is_err());
        assert!("1".parse::<BinariseName>().is_err() && "-0.1".parse::<BinariseName>().is_err());
        assert_eq!("0.25".parse(), Ok(BinariseName::Chosen(Binarise::Threshold(0.25))));
    }
}
