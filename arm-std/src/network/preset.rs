//! Networks and settings as they were published.

use super::Network;
use crate::data::Binarise;
use arm_core::{Layer, Prior};
use serde::{Deserialize, Serialize};

/// A network with its input width left open, and how it was trained where it was published. Stochastic layers have 200
/// units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// `x-[200] / [200]-x`, inputs {0, 1}, fixed prior
    Linear,
    /// `x-200-200-[200] / [200]-200-200-x` with LeakyReLU 0.1, inputs {0, 1}, fixed prior
    Nonlinear,
    /// `x-[200]-[200] / [200]-[200]-x`, inputs {0, 1}, learned prior
    TwoLayer,
    /// ARM paper, MNIST: `nonlinear`, trained as published
    MnistNonlinear,
    /// ARM paper, MNIST: `two-layer`, prior by SGD
    MnistTwoLayer,
    /// ARM paper, OMNIGLOT: `linear` with a learned prior
    OmniglotLinear,
    /// ARM paper, OMNIGLOT: `nonlinear` with LeakyReLU 0.3 and a learned prior
    OmniglotNonlinear,
    /// ARM paper, OMNIGLOT: `two-layer`
    OmniglotTwoLayer,
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
    /// Where the numbers come from.
    pub source: &'static str,
}

/// Adam's usual decays.
const USUAL: (f32, f32) = (0.9, 0.999);

/// The decays of the encoder's Adam in the scripts for OMNIGLOT.
const SLOW: (f32, f32) = (0.5, 0.99999);

const OWN: Recipe = Recipe {
    lr: 3e-4,
    batch: 50,
    epochs: 100,
    encoder_betas: USUAL,
    prior_lr: None,
    binarise: None,
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
    prior_lr: Some(0.01),
    encoder_betas: SLOW,
    source: "Yin & Zhou, ICLR 2019, table 1 and section 4.1, and the authors' scripts for OMNIGLOT",
    ..MNIST
};

impl Preset {
    /// The network for `inputs` input units.
    pub fn network(self, inputs: usize) -> Network {
        use Prior::{Fixed, Learned};
        let b = Layer::bernoulli(200);
        let h = |slope| Layer::hidden(200, slope);
        let x = Layer::bernoulli(inputs);
        let linear = || (vec![b], vec![x]);
        let nonlinear = |slope| (vec![h(slope), h(slope), b], vec![h(slope), h(slope), x]);
        let two = || (vec![b, b], vec![b, x]);
        let ((encoder, decoder), prior) = match self {
            Preset::Linear => (linear(), Fixed),
            Preset::Nonlinear | Preset::MnistNonlinear => (nonlinear(0.1), Fixed),
            Preset::TwoLayer | Preset::MnistTwoLayer | Preset::OmniglotTwoLayer => (two(), Learned),
            Preset::OmniglotLinear => (linear(), Learned),
            Preset::OmniglotNonlinear => (nonlinear(0.3), Learned),
        };
        Network { inputs, encoder, decoder, prior }
    }

    /// How it was trained.
    pub const fn recipe(self) -> Recipe {
        match self {
            Preset::Linear | Preset::Nonlinear | Preset::TwoLayer => OWN,
            Preset::MnistNonlinear => MNIST,
            Preset::MnistTwoLayer => Recipe { prior_lr: Some(0.01), ..MNIST },
            Preset::OmniglotLinear => OMNIGLOT,
            Preset::OmniglotNonlinear => Recipe { lr: 5e-5, batch: 20, epochs: 800, ..OMNIGLOT },
            Preset::OmniglotTwoLayer => Recipe { encoder_betas: USUAL, ..OMNIGLOT },
        }
    }

    /// The name on the command line.
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map_or_else(String::new, |v| v.get_name().into())
    }
}
