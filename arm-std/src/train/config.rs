//! What a run is made of: everything that decides its result.

use crate::data::{BinariseName, Columns, DataError, Loaded, Selection, Source, Splits, load_columns};
use crate::estimators::{BaselineName, Choice, EstimatorName};
use crate::network::{
    CodingName, Inputs, Network, Notation, NumbersName, Preset, PriorName, Ram, activation, codings,
};
use crate::train::Settings;
use arm_core::Activation;
use arm_core::optim::{Adam, Rule, Sgd};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// The model whose parameters it begins with; `None` for random ones.
    pub start: Option<PathBuf>,
    /// What hidden units make of their sums.
    #[serde(flatten, serialize_with = "activation::serialize")]
    pub activation: Activation,
    /// The prior of the top stochastic layer.
    pub prior: PriorName,
    /// The data set: `strokes`, a file or a folder.
    pub data: PathBuf,
    /// The columns that are read; `None` for all.
    pub columns: Option<Columns>,
    /// Columns that are left out of those.
    pub drop: Option<Columns>,
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
    /// The numbers that are computed with.
    #[serde(skip_serializing_if = "NumbersName::is_float")]
    pub numbers: NumbersName,
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
    /// Learning rate of Adam, in integers of plain gradient descent.
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
    /// The estimator with its settings.
    pub fn choice(&self) -> Choice {
        Choice { name: self.estimator, samples: self.samples, baseline: self.baseline }
    }

    /// The data set as it was found, with what was assumed of it. Errors: the data.
    pub fn load(&self) -> Result<Loaded, DataError> {
        let selection = Selection { columns: self.columns.clone(), drop: self.drop.clone() };
        load_columns(&self.data, &selection)
    }

    /// The data set, binarised and split. Errors: the data.
    pub fn splits(&self) -> Result<Splits, DataError> {
        self.split(self.load()?)
    }

    /// A data set, binarised and split. Errors: grey levels where none are taken.
    pub fn split(&self, loaded: Loaded) -> Result<Splits, DataError> {
        let mut splits = loaded.binarise(self.binarise.choice())?;
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
            (None, Some(ram)) => Notation::fitting(ram, columns, prior, self.numbers)?,
            (None, None) => Notation::for_columns(columns),
        };
        let network = notation.network(columns).map_err(|e| e.to_string())?.activated(self.activation);
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
        if self.activation != activation::USUAL && self.network.as_ref().is_none_or(Notation::has_hidden) {
            words.push(activation::in_words(self.activation));
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

    /// What trains the parameters, in words: `Adam 0.003`, `SGD 0.001 in i16`.
    pub fn optimiser(&self) -> String {
        match self.numbers {
            NumbersName::F32 => format!("Adam {}", self.lr),
            NumbersName::I16 => format!("SGD {} in i16", self.lr),
        }
    }

    /// The optimiser of each dense layer of `network` in floats.
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
    use crate::data::Binarise;
    use arm_core::Prior;

    /// A small configuration.
    pub(crate) fn example() -> Config {
        Config {
            preset: Some(Preset::TwoLayer),
            network: Some(Preset::TwoLayer.notation()),
            fit_ram: None,
            start: None,
            activation: activation::USUAL,
            prior: PriorName::Learned,
            data: "x/y".into(),
            columns: "0-7,\"a,b\"".parse().ok(),
            drop: "id".parse().ok(),
            binarise: BinariseName::Chosen(Binarise::Threshold(0.5)),
            valid: Some(3),
            inputs: CodingName::Signed,
            signed_units: true,
            output_bias: true,
            numbers: NumbersName::F32,
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
        assert_eq!(
            beyond(Config { activation: Activation::leaky_relu(0.3), ..plain }),
            "LeakyReLU 0.3, learned prior"
        );
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
}
