//! How activations are written: in models and settings, in sources, in words.

use super::Network;
use arm_core::{Activation, Layer};
use serde::{Deserialize, Serialize};

/// Slope below zero of the hidden layers of a notation, which does not tell it.
pub const SLOPE: f32 = 0.1;

/// The activation of the hidden layers of a notation.
pub const USUAL: Activation = Activation::leaky_relu(SLOPE);

/// What models and settings hold of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivationFields {
    /// Slope of LeakyReLU below zero.
    pub slope: f32,
}

impl From<ActivationFields> for Activation {
    fn from(fields: ActivationFields) -> Activation {
        Activation::leaky_relu(fields.slope)
    }
}

impl From<Activation> for ActivationFields {
    fn from(activation: Activation) -> ActivationFields {
        ActivationFields { slope: activation.slope() }
    }
}

/// Writes [`ActivationFields`], for `#[serde(flatten, serialize_with)]`. Errors: those of the serializer.
pub fn serialize<S: serde::Serializer>(activation: &Activation, to: S) -> Result<S::Ok, S::Error> {
    ActivationFields::from(*activation).serialize(to)
}

/// In words: `LeakyReLU 0.3`.
pub fn in_words(activation: Activation) -> String {
    format!("LeakyReLU {}", activation.slope())
}

/// A hidden layer in Rust.
pub(crate) fn in_rust(width: usize, activation: Activation) -> String {
    format!("Layer::hidden({width}, {:?})", activation.slope())
}

/// A hidden layer in C.
pub(crate) fn in_c(below: usize, width: usize, activation: Activation) -> String {
    format!("H({below}, {width}, {:?}f)", activation.slope())
}

impl Network {
    /// The same network with this activation in every hidden layer.
    pub fn activated(mut self, activation: Activation) -> Network {
        for layer in self.encoder.iter_mut().chain(&mut self.decoder) {
            if let Layer::Hidden { activation: its, .. } = layer {
                *its = activation;
            }
        }
        self
    }

    /// The activation of the first of its hidden layers.
    pub fn activation(&self) -> Option<Activation> {
        self.encoder.iter().chain(&self.decoder).find_map(|layer| match layer {
            Layer::Hidden { activation, .. } => Some(*activation),
            Layer::Bernoulli { .. } => None,
        })
    }
}
