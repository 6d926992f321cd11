//! Networks as they are written: `784-200-[200] / [200]-200-784`, brackets around stochastic layers.

mod read;
#[cfg(test)]
mod tests;

use super::Network;
use arm_core::{Layer, Prior};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// A network as it is written, perhaps with `x` for a width that the data decide: `x-32-[16] / [16]-32-x`.
///
/// The layers are those from the input to the top stochastic layer and, behind the slash, from there down to the input.
/// Without a slash it is a conditional network, whose target comes last: `x-[20]-[20]-8`. See `docs/networks.md`.
///
/// ```
/// use arm_network::{Network, Notation};
/// let network: Network = "64-32-[16] / [16]-32-64".parse()?;
/// assert_eq!(network.shape().params(), 5264);
/// let open: Notation = "x-32-[16] / [16]-32-x".parse()?;
/// assert_eq!(open.network(64)?, network);
/// assert_eq!(network.notation(), "64-32-[16] / [16]-32-64");
/// # Ok::<(), arm_network::NotationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Notation {
    /// Units of the input; `None` for `x`.
    input: Option<usize>,
    encoder: Vec<Layer>,
    /// Without the last layer.
    decoder: Vec<Layer>,
    /// Units of the last layer; `None` for `x`, or `y` of a conditional network.
    end: Option<usize>,
    conditional: bool,
}

/// Why a notation is no network: what is expected, above the notation with the place marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotationError {
    what: String,
    text: String,
    /// The place, in characters.
    at: Range<usize>,
}

impl NotationError {
    fn new(what: impl Into<String>, text: &str, at: Range<usize>) -> Self {
        // What is shown is one line.
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        NotationError { what: what.into(), text, at }
    }
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carets = "^".repeat(self.at.len().max(1));
        write!(f, "{}\n  {}\n  {:indent$}{carets}", self.what, self.text, "", indent = self.at.start)
    }
}

impl std::error::Error for NotationError {}

impl Notation {
    /// How `network` is written.
    pub fn of(network: &Network) -> Notation {
        let mut decoder = network.decoder.clone();
        let end = decoder.pop().map(|layer| layer.width());
        Notation {
            input: Some(network.inputs),
            encoder: network.encoder.clone(),
            decoder,
            end,
            conditional: network.conditional,
        }
    }

    /// An auto-encoder of `x` with these layers around it.
    pub(super) fn open(encoder: Vec<Layer>, decoder: Vec<Layer>) -> Notation {
        Notation { input: None, encoder, decoder, end: None, conditional: false }
    }

    /// A conditional network of `x` and `y` with this chain between them.
    pub(super) fn open_conditional(chain: Vec<Layer>) -> Notation {
        Notation { input: None, encoder: chain, decoder: vec![], end: None, conditional: true }
    }

    /// Whether it is a conditional network.
    pub fn conditional(&self) -> bool {
        self.conditional
    }

    /// Whether it has layers of LeakyReLU.
    pub fn has_hidden(&self) -> bool {
        self.encoder.iter().chain(&self.decoder).any(|layer| !layer.stochastic())
    }

    /// Number of stochastic layers.
    pub fn stochastic_layers(&self) -> usize {
        self.encoder.iter().filter(|layer| layer.stochastic()).count()
    }

    /// The network for rows of `columns` units, with LeakyReLU [`SLOPE`](crate::SLOPE), a fixed prior and units 0 and 1. `x` is the
    /// whole row; of a conditional network it is what the target leaves of it, `y` what the input leaves, and with both
    /// open `x` is the first half. Errors: numbers that contradict the row.
    pub fn network(&self, columns: usize) -> Result<Network, NotationError> {
        let text = self.to_string();
        let error = |what: String, at| Err(NotationError::new(what, &text, at));
        let all = text.chars().count();
        let (input, end) = (self.input_word().len(), self.end_word().len());
        let (at_input, at_end) = (0..input, all - end..all);
        let rest = |taken: usize| columns.checked_sub(taken).filter(|&rest| rest > 0);
        let (x, y) = match (self.input, self.end) {
            (Some(n), _) if !self.conditional && n != columns => {
                let what = format!("rows of the data have {columns} columns, not {n}: write {columns}, or x");
                return error(what, at_input);
            }
            _ if !self.conditional => (columns, columns),
            (Some(x), Some(y)) if Some(columns) != x.checked_add(y) => {
                let what = format!("{x} and {y} columns, but rows of the data have {columns}");
                return error(what, at_end);
            }
            (Some(x), Some(y)) => (x, y),
            (None, Some(y)) => match rest(y) {
                Some(x) => (x, y),
                None => return error(format!("a row of {columns} columns leaves none for x"), at_end),
            },
            (Some(x), None) => match rest(x) {
                Some(y) => (x, y),
                None => return error(format!("a row of {columns} columns leaves none for y"), at_input),
            },
            (None, None) if columns < 2 => {
                return error(format!("a row of {columns} columns cannot be halved into x and y"), at_input);
            }
            (None, None) => (columns / 2, columns - columns / 2),
        };
        let network = self.with_widths(x, y);
        match network.shape().check() {
            Ok(()) => Ok(network),
            Err(e) => error(format!("with {columns} columns: {}", e.message()), 0..all),
        }
    }

    /// The network of an input of `x` and a last layer of `y` units.
    pub(super) fn with_widths(&self, x: usize, y: usize) -> Network {
        let mut decoder = self.decoder.clone();
        decoder.push(Layer::bernoulli(y));
        Network {
            inputs: x,
            encoder: self.encoder.clone(),
            decoder,
            prior: Prior::Fixed,
            codings: None,
            conditional: self.conditional,
        }
    }

    fn input_word(&self) -> String {
        self.input.map_or_else(|| "x".into(), |n| n.to_string())
    }

    fn end_word(&self) -> String {
        let open = if self.conditional { "y" } else { "x" };
        self.end.map_or_else(|| open.into(), |n| n.to_string())
    }
}

/// A layer behind what comes before it.
struct Dashed<'a>(&'a Layer);

impl fmt::Display for Dashed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Layer::Bernoulli { width } => write!(f, "-[{width}]"),
            Layer::Hidden { width, .. } => write!(f, "-{width}"),
        }
    }
}

impl fmt::Display for Notation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.input_word())?;
        self.encoder.iter().try_for_each(|layer| Dashed(layer).fmt(f))?;
        if !self.conditional {
            write!(f, " / [{}]", self.encoder.last().map_or(0, |top| top.width()))?;
        }
        self.decoder.iter().try_for_each(|layer| Dashed(layer).fmt(f))?;
        write!(f, "-{}", self.end_word())
    }
}

impl From<Notation> for String {
    fn from(notation: Notation) -> String {
        notation.to_string()
    }
}

impl TryFrom<String> for Notation {
    type Error = NotationError;

    fn try_from(text: String) -> Result<Notation, NotationError> {
        text.parse()
    }
}
