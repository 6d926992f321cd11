//! Networks described at run time: their notation, the presets of the papers, what they cost, models of them as files of a
//! desktop and of a device, and sources for firmware. Nothing here trains.
//!
//! ```
//! use arm_network::{Model, Network};
//!
//! let network: Network = "16-[4] / [4]-16".parse()?;
//! let model = Model::new(network.clone(), vec![0.5; network.shape().params()]);
//! assert_eq!(Model::from_bytes(&model.to_bytes()?)?, model);
//! assert_eq!(network.notation(), "16-[4] / [4]-16");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as arm_network;

pub mod activation;
mod budget;
mod cost;
pub mod export;
mod family;
mod model;
mod names;
mod notation;
mod preset;
mod split_rows;

pub use activation::{ActivationFields, SLOPE};
pub use budget::{Budget, Ram};
pub use cost::Cost;
pub use family::{NARROW_RATE, WIDE};
pub use model::{Extras, Model, ModelError, Vectors, copy_rows, read_file};
pub use names::{CodingName, NumbersName, PriorName};
pub use notation::{Notation, NotationError};
pub use preset::{OWN, Preset, Recipe};
pub use split_rows::SplitRows;

use arm_core::{Coding, Codings, Layer, Prior, Shape};
use serde::{Deserialize, Serialize};

/// A dense layer, as it is written in configuration files and models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerKind {
    /// Deterministic units.
    Hidden {
        /// Number of units.
        width: usize,
        /// Its activation.
        #[serde(flatten)]
        activation: ActivationFields,
    },
    /// Stochastic units.
    Bernoulli {
        /// Number of units.
        width: usize,
    },
}

impl From<LayerKind> for Layer {
    fn from(kind: LayerKind) -> Layer {
        match kind {
            LayerKind::Hidden { width, activation } => Layer::Hidden { width, activation: activation.into() },
            LayerKind::Bernoulli { width } => Layer::bernoulli(width),
        }
    }
}

impl From<Layer> for LayerKind {
    fn from(layer: Layer) -> LayerKind {
        match layer {
            Layer::Hidden { width, activation } => LayerKind::Hidden { width, activation: activation.into() },
            Layer::Bernoulli { width } => LayerKind::Bernoulli { width },
        }
    }
}

/// The numbers that the units of the input stand for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// 0 and 1.
    #[default]
    ZeroOne,
    /// -1 and 1.
    Signed,
    /// 0 and 1 minus these means of the units.
    Centred(Vec<f32>),
}

/// A variational auto-encoder, or a network for the conditional likelihood of one part of a row given the other, that
/// owns its description.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Units of the input.
    pub inputs: usize,
    /// Layers from the input up to b_T.
    pub encoder: Vec<Layer>,
    /// Layers from above b_T down to the input, or of a conditional network up to the target.
    pub decoder: Vec<Layer>,
    /// The prior of b_T.
    pub prior: Prior,
    /// The numbers that units stand for: see [`codings`]; `None` for 0 and 1.
    pub codings: Option<&'static Codings<'static>>,
    /// Whether it is a conditional network: the units of a row behind the first `inputs` are its target.
    pub conditional: bool,
}

/// The numbers that the units of the input stand for, and whether those of stochastic layers stand for -1 and 1. What it
/// gives is kept as long as the process lives, since a [`Shape`] only borrows it: make it once for a network.
pub fn codings(x: &Inputs, signed: bool) -> Option<&'static Codings<'static>> {
    let x = match x {
        Inputs::ZeroOne if !signed => return None,
        Inputs::ZeroOne => Coding::ZeroOne,
        Inputs::Signed => Coding::Signed,
        Inputs::Centred(means) => Coding::Centred(means.clone().leak()),
    };
    Some(Box::leak(Box::new(Codings { x, b: if signed { Coding::Signed } else { Coding::ZeroOne } })))
}

/// What [`Network`] is written as.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    inputs: usize,
    encoder: Vec<LayerKind>,
    decoder: Vec<LayerKind>,
    learned_prior: bool,
    #[serde(default, skip_serializing_if = "plain")]
    x: Inputs,
    #[serde(default, skip_serializing_if = "no")]
    signed: bool,
    #[serde(default, skip_serializing_if = "no")]
    conditional: bool,
}

fn plain(x: &Inputs) -> bool {
    *x == Inputs::ZeroOne
}

fn no(flag: &bool) -> bool {
    !flag
}

impl Network {
    /// The shape that the engine works with.
    pub fn shape(&self) -> Shape<'_> {
        let shape = match self.conditional {
            true => Shape::conditional(self.inputs, &self.encoder, &self.decoder),
            false => Shape::vae(self.inputs, &self.encoder, &self.decoder, self.prior),
        };
        self.codings.map_or(shape, |codings| shape.coded(codings))
    }

    /// Units of a row of data: input, and target of a conditional network.
    pub fn units(&self) -> usize {
        self.inputs + self.shape().targets()
    }

    /// The dense layers' names: `encoder.0`, .., `decoder.0`, .., `prior`.
    pub fn layer_names(&self) -> Vec<String> {
        let encoder = (0..self.encoder.len()).map(|i| format!("encoder.{i}"));
        let decoder = (0..self.decoder.len()).map(|i| format!("decoder.{i}"));
        let prior = (self.prior == Prior::Learned).then(|| "prior".into());
        encoder.chain(decoder).chain(prior).collect()
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        let kinds = |layers: &[Layer]| layers.iter().map(|&l| l.into()).collect();
        let written = Written {
            inputs: self.inputs,
            encoder: kinds(&self.encoder),
            decoder: kinds(&self.decoder),
            learned_prior: self.prior == Prior::Learned,
            x: match self.shape().x_coding() {
                Coding::ZeroOne => Inputs::ZeroOne,
                Coding::Signed => Inputs::Signed,
                Coding::Centred(means) => Inputs::Centred(means.to_vec()),
            },
            signed: self.shape().b_coding() == Coding::Signed,
            conditional: self.conditional,
        };
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads [`to_json`](Self::to_json) back. Errors: the text, or a shape that breaks the rules of [`Shape::check`].
    pub fn from_json(text: &str) -> Result<Network, String> {
        let w: Written = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let layers = |kinds: Vec<LayerKind>| kinds.into_iter().map(Layer::from).collect();
        let network = Network {
            inputs: w.inputs,
            encoder: layers(w.encoder),
            decoder: layers(w.decoder),
            prior: if w.learned_prior { Prior::Learned } else { Prior::Fixed },
            codings: codings(&w.x, w.signed),
            conditional: w.conditional,
        };
        network.shape().check().map_err(|e| e.message().to_string())?;
        Ok(network)
    }

    /// How it is written, such as `784-200-[200] / [200]-200-784`; brackets are stochastic layers. What it reads as,
    /// `text.parse::<Network>()`, has the same layers, with slope [`SLOPE`], a fixed prior and units 0 and 1.
    pub fn notation(&self) -> String {
        Notation::of(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn presets_keep_the_rules_and_survive_json() {
        for &preset in Preset::value_variants() {
            let mut network = preset.network(784);
            network.codings = codings(&Inputs::Centred(vec![0.25; network.inputs]), preset.recipe().signed);
            assert_eq!(network.shape().check(), Ok(()));
            assert_eq!(Network::from_json(&network.to_json()), Ok(network));
        }
        assert_eq!(Preset::TwoLayer.network(784).notation(), "784-[200]-[200] / [200]-[200]-784");
        assert_eq!(Preset::SbnLowerHalf.network(784).notation(), "392-[200]-[200]-392");
        assert_eq!(Preset::Nonlinear.network(16).notation(), "16-200-200-[200] / [200]-200-200-16");
    }

    #[test]
    fn a_network_that_breaks_the_rules_is_refused() {
        let mut network = Preset::Linear.network(10);
        network.decoder = vec![Layer::bernoulli(11)];
        assert!(Network::from_json(&network.to_json()).unwrap_err().contains("shape"));
        assert!(Network::from_json("{}").is_err());
    }
}
