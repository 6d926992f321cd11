//! Networks and settings as they were published.

use super::names::{CodingName, PriorName};
use super::{Network, Notation, SLOPE, activation};
use arm_core::{Activation, Layer};
use arm_data::Binarise;
use serde::{Deserialize, Serialize};

/// A network with its input width left open, and how it was trained where it was published. Stochastic layers have 200
/// units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// `x-[200] / [200]-x`, fixed prior
    Linear,
    /// `x-200-200-[200] / [200]-200-200-x` with LeakyReLU 0.1, fixed prior
    Nonlinear,
    /// `x-[200]-[200] / [200]-[200]-x`, learned prior
    TwoLayer,
    /// ARM paper, MNIST: `linear` with a learned prior and units -1 and 1
    MnistLinear,
    /// ARM paper, MNIST: `nonlinear`
    MnistNonlinear,
    /// ARM paper, MNIST: `two-layer`, its prior by plain gradient descent
    MnistTwoLayer,
    /// ARM paper, OMNIGLOT: `linear` with a learned prior
    OmniglotLinear,
    /// ARM paper, OMNIGLOT: `nonlinear` with LeakyReLU 0.3 and a learned prior
    OmniglotNonlinear,
    /// ARM paper, OMNIGLOT: `two-layer`, its prior by plain gradient descent
    OmniglotTwoLayer,
    /// ARM paper, structured prediction: the lower half of a row given the upper, `x-[200]-[200]-y`, units -1 and 1
    SbnLowerHalf,
    /// REBAR beside NVIL, MuProp and Concrete: `linear`, centred inputs, output biases from the data's mean
    RebarLinear,
    /// REBAR beside NVIL, MuProp and Concrete: `two-layer`, likewise
    RebarTwoLayer,
    /// DisARM and its successors: `linear`, centred inputs, output biases from the data's mean
    SuccessorsLinear,
    /// DisARM and its successors: `nonlinear` with LeakyReLU 0.3, likewise
    SuccessorsNonlinear,
    /// DisARM and its successors: four stochastic layers, likewise
    SuccessorsFourLayer,
}

/// The settings that go with a preset; a user's own win.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Learning rate of Adam.
    pub lr: f32,
    /// Examples a step.
    pub batch: usize,
    /// Epochs.
    pub epochs: u64,
    /// Decays (beta1, beta2) of the encoder's Adam.
    pub encoder_betas: (f32, f32),
    /// Rate of the gradient descent of a learned prior's logits; without it they are trained by Adam like the rest.
    pub prior_lr: Option<f32>,
    /// How grey levels become bits; `None` leaves bits and draws grey levels anew every epoch.
    pub binarise: Option<Binarise>,
    /// Rows of the validation split; `None` leaves those that the data have.
    pub valid: Option<usize>,
    /// What hidden units make of their sums.
    pub activation: Activation,
    /// The prior of the top stochastic layer.
    pub prior: PriorName,
    /// The numbers that the units of the input stand for.
    pub inputs: CodingName,
    /// Whether the units of stochastic layers stand for -1 and 1.
    pub signed: bool,
    /// Whether the output biases start at the logits of the data's mean.
    pub output_bias: bool,
    /// Where the numbers come from.
    pub source: &'static str,
}

/// Adam's usual decays.
const USUAL: (f32, f32) = (0.9, 0.999);

/// Activation of the published networks whose slope is not the usual one.
const STEEP: Activation = Activation::leaky_relu(0.3);

/// The decays of the encoder's Adam in the scripts for OMNIGLOT.
const SLOW: (f32, f32) = (0.5, 0.99999);

/// Of a network that is no preset.
pub const OWN: Recipe = Recipe {
    lr: 3e-4,
    batch: 50,
    epochs: 100,
    encoder_betas: USUAL,
    prior_lr: None,
    binarise: None,
    valid: None,
    activation: activation::USUAL,
    prior: PriorName::Fixed,
    inputs: CodingName::ZeroOne,
    signed: false,
    output_bias: false,
    source: "network of Yin & Zhou, ICLR 2019, table 1; settings of this project",
};

const MNIST: Recipe = Recipe {
    lr: 1e-4,
    epochs: 1200,
    source: "Yin & Zhou, ICLR 2019, table 1 and section 4.1, and the authors' scripts for MNIST",
    ..OWN
};

const OMNIGLOT: Recipe = Recipe {
    batch: 25,
    prior: PriorName::Learned,
    prior_lr: Some(0.01),
    encoder_betas: SLOW,
    source: "Yin & Zhou, ICLR 2019, table 1 and section 4.1, and the authors' scripts for OMNIGLOT",
    ..MNIST
};

/// Two million steps of 24 out of 50,000 images. The rate is that of the code; the paper takes the best of five.
const REBAR: Recipe = Recipe {
    lr: 1e-3,
    batch: 24,
    epochs: 960,
    encoder_betas: (0.9, 0.99999),
    prior: PriorName::Learned,
    inputs: CodingName::Centred,
    signed: true,
    output_bias: true,
    source: "Tucker et al., NeurIPS 2017, and the authors' code: two million steps (beta2 as there in the encoder only)",
    ..MNIST
};

/// A million steps of 50 out of 50,000 images.
const SUCCESSORS: Recipe = Recipe {
    epochs: 1000,
    prior: PriorName::Learned,
    prior_lr: Some(0.01),
    inputs: CodingName::Centred,
    signed: true,
    output_bias: true,
    source: "Dong, Mnih & Tucker, NeurIPS 2020, section 5, and the authors' scripts: a million steps",
    ..MNIST
};

impl Preset {
    /// The network for rows of `units` units, with units 0 and 1. A conditional one takes the first half of a row as its
    /// input.
    pub fn network(self, units: usize) -> Network {
        let (notation, recipe) = (self.notation(), self.recipe());
        let inputs = if notation.conditional() { units / 2 } else { units };
        let end = if notation.conditional() { units - inputs } else { units };
        let network = notation.with_widths(inputs, end).activated(recipe.activation);
        Network { prior: recipe.prior.prior(), ..network }
    }

    /// The layers.
    pub fn notation(self) -> Notation {
        let (b, h) = (Layer::bernoulli(200), Layer::hidden(200, SLOPE));
        match self {
            Preset::Linear
            | Preset::MnistLinear
            | Preset::OmniglotLinear
            | Preset::RebarLinear
            | Preset::SuccessorsLinear => Notation::open(vec![b], vec![]),
            Preset::Nonlinear
            | Preset::MnistNonlinear
            | Preset::OmniglotNonlinear
            | Preset::SuccessorsNonlinear => Notation::open(vec![h, h, b], vec![h, h]),
            Preset::TwoLayer | Preset::MnistTwoLayer | Preset::OmniglotTwoLayer | Preset::RebarTwoLayer => {
                Notation::open(vec![b, b], vec![b])
            }
            Preset::SuccessorsFourLayer => Notation::open(vec![b; 4], vec![b; 3]),
            Preset::SbnLowerHalf => Notation::open_conditional(vec![b, b]),
        }
    }

    /// How it was trained.
    pub const fn recipe(self) -> Recipe {
        match self {
            Preset::Linear | Preset::Nonlinear => OWN,
            Preset::TwoLayer => Recipe { prior: PriorName::Learned, ..OWN },
            Preset::MnistLinear => Recipe {
                prior: PriorName::Learned,
                prior_lr: Some(0.01),
                inputs: CodingName::Signed,
                signed: true,
                ..MNIST
            },
            Preset::MnistNonlinear => MNIST,
            Preset::MnistTwoLayer => Recipe { prior: PriorName::Learned, prior_lr: Some(0.01), ..MNIST },
            Preset::OmniglotLinear => OMNIGLOT,
            Preset::OmniglotNonlinear => {
                Recipe { lr: 5e-5, batch: 20, epochs: 800, activation: STEEP, ..OMNIGLOT }
            }
            Preset::OmniglotTwoLayer => Recipe { encoder_betas: USUAL, ..OMNIGLOT },
            Preset::SbnLowerHalf => Recipe {
                batch: 100,
                epochs: 2000,
                binarise: Some(Binarise::Threshold(0.5)),
                valid: Some(5000),
                inputs: CodingName::Signed,
                signed: true,
                source: "Yin & Zhou, ICLR 2019, section 4.2, and the authors' script: MNIST at threshold 0.5",
                ..MNIST
            },
            Preset::RebarLinear | Preset::RebarTwoLayer => REBAR,
            Preset::SuccessorsNonlinear => Recipe { activation: STEEP, ..SUCCESSORS },
            Preset::SuccessorsLinear | Preset::SuccessorsFourLayer => SUCCESSORS,
        }
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |v| v.get_name().into())
    }
}
