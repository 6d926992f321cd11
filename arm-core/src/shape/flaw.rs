//! What is wrong with a shape, and where.
//!
//! Tests: `shape/tests.rs`.

/// What is wrong with a shape: see [`Shape::flaw`](super::Shape::flaw). Layers are counted from 0, those of the encoder
/// before those of the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The chain is empty, or its last layer is not Bernoulli.
    Top,
    /// A decoder's last layer is not Bernoulli.
    Bottom,
    /// A layer has no units, or too many.
    Width(usize),
    /// A slope outside [0, 1].
    Slope(usize),
    /// The input has too many units, or rows are padded to too much.
    Input,
    /// More layers than are accepted, or more parameters than can be addressed.
    Size,
    /// A Bernoulli layer of the decoder that is not as wide as the layer it is to give back.
    Mirror(usize),
    /// The decoder's Bernoulli layers are not as many as those of the chain (of a conditional network, not one).
    Count,
    /// A learned prior or a target without a decoder.
    Decoder,
    /// Means of x outside [0, 1] or of another number than its units, or means of stochastic units.
    Means,
    /// It needs the feature `stacks`: more than one stochastic layer.
    NeedsStacks,
    /// It needs the feature `batch`: padded rows.
    NeedsBatch,
    /// It needs the feature `codings`.
    NeedsCodings,
    /// It needs the feature `prior`.
    NeedsPrior,
    /// It needs the feature `ragged`: a layer whose width is no multiple of 16.
    NeedsRagged(usize),
}

impl Flaw {
    /// Whether there is no code for it in this build; otherwise it contradicts itself.
    pub(crate) const fn left_out(self) -> bool {
        use Flaw::*;
        matches!(self, NeedsStacks | NeedsBatch | NeedsCodings | NeedsPrior | NeedsRagged(_))
    }

    /// The layer that it is about.
    pub const fn layer(self) -> Option<usize> {
        match self {
            Flaw::Width(i) | Flaw::Slope(i) | Flaw::Mirror(i) | Flaw::NeedsRagged(i) => Some(i),
            _ => None,
        }
    }

    /// What is wrong and what to do, without the layer.
    pub const fn message(self) -> &'static str {
        match self.text().to_str() {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    /// [`message`](Self::message) for C.
    pub const fn text(self) -> &'static core::ffi::CStr {
        match self {
            Flaw::Top => c"the chain is empty or does not end in a Bernoulli layer: add one",
            Flaw::Bottom => c"the decoder does not end in a Bernoulli layer: add one as wide as the input or the target",
            Flaw::Width(_) => c"a layer has no units, or more than 16384",
            Flaw::Slope(_) => c"the slope of a hidden layer is not in [0, 1]",
            Flaw::Input => c"the input has more than 16384 units, or rows are padded to more than 1024 floats",
            Flaw::Size => c"there are more than 64 layers, or more parameters than can be addressed",
            Flaw::Mirror(_) => c"a Bernoulli layer of the decoder has another width than the layer it gives back",
            Flaw::Count => {
                c"the decoder has not as many Bernoulli layers as the encoder (a conditional network has one, the target)"
            }
            Flaw::Decoder => c"a learned prior or a target needs a decoder",
            Flaw::Means => c"means are not in [0, 1], not as many as units of the input, or those of stochastic units",
            Flaw::NeedsStacks => c"several stochastic layers need the feature stacks of arm-core",
            Flaw::NeedsBatch => c"padded rows need the feature batch of arm-core",
            Flaw::NeedsCodings => c"units that stand for other numbers than 0 and 1 need the feature codings of arm-core",
            Flaw::NeedsPrior => c"a learned prior needs the feature prior of arm-core",
            Flaw::NeedsRagged(_) => c"a width that is no multiple of 16 needs the feature ragged of arm-core",
        }
    }
}

impl core::fmt::Display for Flaw {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())?;
        match self.layer() {
            Some(layer) => write!(f, " (layer {layer})"),
            None => Ok(()),
        }
    }
}
