//! What can go wrong, as a value.

use core::fmt;

/// The reason a call was refused. The model is then as it was before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The shape contradicts itself: see [`Shape::check`](crate::Shape::check) for the rules;
    /// [`Shape::flaw`](crate::Shape::flaw) says which, and the layer.
    Shape,
    /// A buffer has the wrong length (in elements of the buffer).
    Size {
        /// Elements the call needs.
        needed: usize,
        /// Elements it was given.
        given: usize,
    },
    /// An input has the wrong number of units.
    Width {
        /// Units the shape asks for.
        needed: usize,
        /// Units that were given.
        given: usize,
    },
    /// A setting (learning rate, momentum, number of samples, ...) is outside its documented range.
    Setting,
    /// An f-value was NaN or infinite.
    Objective,
    /// An activation or a gradient was NaN or larger than [`LIMIT`](crate::LIMIT); the step was not taken.
    Diverged,
    /// This estimator cannot serve this network.
    Unsupported,
    /// Bytes of parameters are cut off, or have a tail.
    Length {
        /// Bytes there should be (as far as that is known).
        needed: usize,
        /// Bytes there are.
        given: usize,
    },
    /// These bytes are no parameters at all.
    Magic,
    /// Bytes of a version that is no longer read.
    Older,
    /// Bytes of a version that this code does not know yet.
    Newer,
    /// Bytes with a wrong checksum.
    Corrupt,
    /// Bytes that hold the parameters of another network.
    OtherShape,
    /// A parameter is NaN, infinite or larger than [`LIMIT`](crate::LIMIT).
    Parameter,
    /// No slot of the record holds parameters.
    Empty,
    /// A step is under way: see [`Learner::poll`](crate::Learner::poll).
    Busy,
    /// The network, the estimator or the call needs a cargo feature of this crate that was left out; of a network
    /// [`Shape::flaw`](crate::Shape::flaw) says which.
    LeftOut,
    /// Numbers without exponents do not do this: the estimator, the coding of units or the optimiser needs floats.
    FloatOnly,
    /// Bytes that hold parameters of the other kind: floats, or integers of 16 bits.
    OtherNumbers,
    /// This network is not for this call: see [`Objective::check`](crate::objective::Objective::check).
    OtherObjective,
}

impl Error {
    /// A stable negative code for C. Zero means success and is never returned.
    pub const fn code(self) -> i32 {
        match self {
            Error::Shape => -1,
            Error::Size { .. } => -2,
            Error::Width { .. } => -3,
            Error::Setting => -4,
            Error::Objective => -5,
            Error::Diverged => -6,
            Error::Unsupported => -7,
            Error::Length { .. } => -8,
            Error::Magic => -9,
            Error::Older => -10,
            Error::Newer => -11,
            Error::Corrupt => -12,
            Error::OtherShape => -13,
            Error::Parameter => -14,
            Error::Empty => -15,
            Error::Busy => -16,
            Error::LeftOut => -17,
            Error::FloatOnly => -18,
            Error::OtherNumbers => -19,
            Error::OtherObjective => -20,
        }
    }

    /// The message, without the numbers that some variants carry.
    pub const fn message(self) -> &'static str {
        match self {
            Error::Shape => {
                "shape: the layers contradict each other or what is around them; its flaw says how"
            }
            Error::Size { .. } => {
                "size: a buffer has the wrong length; take it from the shape's const functions"
            }
            Error::Width { .. } => {
                "width: the input has another number of units than the shape, or bits set beyond the last"
            }
            Error::Setting => {
                "setting: a number is out of range: a rate, decay or number of samples, levels or sizes of windows, slots of flash"
            }
            Error::Objective => "objective: f returned NaN or infinity; no step was taken",
            Error::Diverged => "diverged: an activation or gradient is NaN or huge; no step was taken",
            Error::Unsupported => "unsupported: this estimator cannot serve this network",
            Error::Length { .. } => {
                "length: the parameter bytes are cut off or have a tail; nothing was loaded"
            }
            Error::Magic => "magic: these bytes are no parameters of a network; nothing was loaded",
            Error::Older => "older: the bytes are of a version that is no longer read; save the model again",
            Error::Newer => "newer: the bytes are of a later version; update this program to load them",
            Error::Corrupt => "corrupt: the bytes do not match their checksum; nothing was loaded",
            Error::OtherShape => "other shape: the bytes belong to a network of other layers than this one",
            Error::Parameter => "parameter: a parameter is NaN, infinite or beyond 2^24; nothing was changed",
            Error::Empty => "empty: no slot of the record holds parameters; save a model first",
            Error::Busy => "busy: a step is under way; poll until it is done",
            Error::LeftOut => {
                "left out: this needs a feature that arm-core was built without; enable batch (examples, samples), \
                 codings, prior, ragged (widths) or stacks"
            }
            Error::FloatOnly => {
                "float only: integers do not do this; use SGD with arm, disarm, ar, reinforce or rloo and units of 0 and 1, \
                 or floats"
            }
            Error::OtherNumbers => {
                "other numbers: the bytes hold parameters of the other kind, floats or 16-bit integers; nothing was loaded"
            }
            Error::OtherObjective => {
                "other objective: this network is for another call; one whose decoder gives the input back has step, score and \
                 sample, one with a target step_conditional and score_conditional, one without a decoder step_black_box"
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}

/// `Err(Size)` unless `given` equals `needed`.
pub(crate) const fn exact_size(needed: usize, given: usize) -> Result<(), Error> {
    if needed == given { Ok(()) } else { Err(Error::Size { needed, given }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_negative() {
        let size = Error::Size { needed: 1, given: 0 };
        let width = Error::Width { needed: 1, given: 0 };
        let all = [
            Error::Shape,
            size,
            width,
            Error::Setting,
            Error::Objective,
            Error::Diverged,
            Error::Unsupported,
            Error::Length { needed: 1, given: 0 },
            Error::Magic,
            Error::Older,
            Error::Newer,
            Error::Corrupt,
            Error::OtherShape,
            Error::Parameter,
            Error::Empty,
            Error::Busy,
            Error::LeftOut,
            Error::FloatOnly,
            Error::OtherNumbers,
            Error::OtherObjective,
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(a.code() < 0 && !a.message().is_empty());
            assert!(all.iter().skip(i + 1).all(|b| b.code() != a.code()));
        }
    }
}
