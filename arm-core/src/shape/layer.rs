//! What a layer looks like, and where its parameters are.
//!
//! Tests: `shape/tests.rs`.

use super::Activation;

/// One dense layer, conditioned on the layer before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layer {
    /// Deterministic units.
    Hidden {
        /// Number of units.
        width: usize,
        /// Of their sums.
        activation: Activation,
    },
    /// Stochastic units: the layer computes logits, the units are Bernoulli.
    Bernoulli {
        /// Number of units.
        width: usize,
    },
}

impl Layer {
    /// A hidden layer of LeakyReLU with this slope below zero, in [0, 1]; see [`Layer::Hidden`].
    pub const fn hidden(width: usize, slope: f32) -> Self {
        Layer::Hidden { width, activation: Activation::leaky_relu(slope) }
    }

    /// A stochastic layer; see [`Layer::Bernoulli`].
    pub const fn bernoulli(width: usize) -> Self {
        Layer::Bernoulli { width }
    }

    /// Number of units.
    pub const fn width(self) -> usize {
        match self {
            Layer::Hidden { width, .. } | Layer::Bernoulli { width } => width,
        }
    }

    /// Whether the units are Bernoulli.
    pub const fn stochastic(self) -> bool {
        matches!(self, Layer::Bernoulli { .. })
    }

    /// Its activation; [`Activation::LINEAR`] for logits.
    pub const fn activation(self) -> Activation {
        match self {
            Layer::Hidden { activation, .. } => activation,
            Layer::Bernoulli { .. } => Activation::LINEAR,
        }
    }
}

/// The prior p(b_T) of the top stochastic layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// Logits fixed at zero: V ln 2 nats.
    Fixed,
    /// Logits learned, from zero.
    Learned,
}

/// Where a dense layer is and what it maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dense {
    /// Offset of its first row in the parameters; `inputs` rows of weights are followed by the row of biases.
    pub offset: usize,
    /// Units it reads.
    pub inputs: usize,
    /// Units it computes.
    pub outputs: usize,
    /// Floats from one row to the next.
    pub stride: usize,
    /// Its activation.
    pub activation: Activation,
}

impl Dense {
    /// Rows of its parameter matrix: one for each input, and the biases.
    pub const fn rows(&self) -> usize {
        self.inputs + 1
    }

    /// Floats of its parameter matrix, padding included.
    pub const fn len(&self) -> usize {
        self.rows().wrapping_mul(self.stride)
    }

    /// Whether it has no parameters.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
