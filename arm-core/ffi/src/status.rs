//! Status codes, and a text for each.

use arm_core::Error;
use core::ffi::{CStr, c_char};

/// Done.
pub const SBN_OK: i32 = 0;
/// A step is under way: poll again.
pub const SBN_WORKING: i32 = 1;
/// No step is under way.
pub const SBN_IDLE: i32 = 2;
/// A window is complete and waits.
pub const SBN_WINDOW: i32 = 3;
/// A window is complete, and was dropped because no more can wait.
pub const SBN_FULL: i32 = 4;
/// A sample was NaN or infinite, and was dropped.
pub const SBN_UNSOUND: i32 = 5;
/// The scores are above the threshold.
pub const SBN_ALARM: i32 = 6;
/// The layers contradict each other or what is around them: `sbn_explain`.
pub const SBN_ERROR_SHAPE: i32 = -1;
/// A buffer is too short or too long.
pub const SBN_ERROR_SIZE: i32 = -2;
/// The input has the wrong number of words, or bits set beyond its units.
pub const SBN_ERROR_WIDTH: i32 = -3;
/// A setting is out of range.
pub const SBN_ERROR_SETTING: i32 = -4;
/// The objective returned NaN or infinity, in integers a number beyond ±8191.
pub const SBN_ERROR_OBJECTIVE: i32 = -5;
/// The step would have used NaN or a huge number.
pub const SBN_ERROR_DIVERGED: i32 = -6;
/// The estimator cannot serve the network.
pub const SBN_ERROR_UNSUPPORTED: i32 = -7;
/// The bytes are cut off or have a tail.
pub const SBN_ERROR_LENGTH: i32 = -8;
/// The bytes are no parameters.
pub const SBN_ERROR_MAGIC: i32 = -9;
/// The bytes are of an older version that is not read.
pub const SBN_ERROR_OLDER: i32 = -10;
/// The bytes are of a newer version.
pub const SBN_ERROR_NEWER: i32 = -11;
/// The bytes do not match their checksum.
pub const SBN_ERROR_CORRUPT: i32 = -12;
/// The bytes belong to another network.
pub const SBN_ERROR_OTHER_SHAPE: i32 = -13;
/// A parameter is NaN, infinite or huge.
pub const SBN_ERROR_PARAMETER: i32 = -14;
/// No slot of the record holds parameters.
pub const SBN_ERROR_EMPTY: i32 = -15;
/// A step is under way, or a call from inside a callback.
pub const SBN_ERROR_BUSY: i32 = -16;
/// The library was built without a feature of arm-core that this needs.
pub const SBN_ERROR_LEFT_OUT: i32 = -17;
/// Integers do not do this: see `SBN_USE_INTEGERS`.
pub const SBN_ERROR_FLOAT_ONLY: i32 = -18;
/// Bytes or parameters of the other kind, floats or 16-bit integers.
pub const SBN_ERROR_OTHER_NUMBERS: i32 = -19;
/// This network is for another call: `sbn_step`, `sbn_score` and `sbn_sample` for one whose decoder gives the input back,
/// `sbn_step_conditional` and `sbn_score_conditional` for one with a target, `sbn_step_black_box` for one without a decoder.
pub const SBN_ERROR_OTHER_OBJECTIVE: i32 = -20;
/// A pointer is null.
pub const SBN_ERROR_NULL: i32 = -101;
/// A pointer is not aligned for its type.
pub const SBN_ERROR_MISALIGNED: i32 = -102;
/// Two buffers overlap that must not.
pub const SBN_ERROR_OVERLAP: i32 = -103;
/// This is no network that `sbn_init` made, or its first words were overwritten.
pub const SBN_ERROR_MEMORY: i32 = -104;
/// The caller's own sink or source said so.
pub const SBN_ERROR_CALLBACK: i32 = -105;

/// A negative status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub i32);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal(error.code())
    }
}

/// What went wrong and what to do, for any status; never null. Without allocation, locale or formatting.
#[unsafe(no_mangle)]
pub extern "C" fn sbn_message(status: i32) -> *const c_char {
    text(status).as_ptr()
}

fn text(status: i32) -> &'static CStr {
    match status {
        SBN_OK => c"ok",
        SBN_WORKING => c"working: a step is under way; poll again",
        SBN_IDLE => c"idle: no step is under way",
        SBN_WINDOW => c"window: one is complete and waits",
        SBN_FULL => c"full: a window was dropped because no more can wait; take them out in time",
        SBN_UNSOUND => c"unsound: a sample was NaN or infinite and was dropped",
        SBN_ALARM => c"alarm: the running mean of the scores is above the threshold",
        SBN_ERROR_SHAPE => {
            c"shape: the layers contradict each other or what is around them; sbn_explain says how"
        }
        SBN_ERROR_SIZE => c"size: a buffer has the wrong length; take it from the macros of sbn.h",
        SBN_ERROR_WIDTH => {
            c"width: the input does not have as many units as the network, or bits beyond them"
        }
        SBN_ERROR_SETTING => {
            c"setting: a number is out of range: of sbn_config, of samples, levels or windows, a detector's rate, slots of flash"
        }
        SBN_ERROR_OBJECTIVE => c"objective: f returned NaN or infinity; no step was taken",
        SBN_ERROR_DIVERGED => c"diverged: an activation or gradient is NaN or huge; no step was taken",
        SBN_ERROR_UNSUPPORTED => c"unsupported: this estimator cannot serve this network",
        SBN_ERROR_LENGTH => c"length: the parameter bytes are cut off or have a tail; nothing was loaded",
        SBN_ERROR_MAGIC => c"magic: these bytes are no parameters of a network; nothing was loaded",
        SBN_ERROR_OLDER => c"older: the bytes are of a version that is no longer read; save the model again",
        SBN_ERROR_NEWER => c"newer: the bytes are of a later version; update this program to load them",
        SBN_ERROR_CORRUPT => c"corrupt: the bytes do not match their checksum; nothing was loaded",
        SBN_ERROR_OTHER_SHAPE => c"other shape: the bytes belong to a network of other layers than this one",
        SBN_ERROR_PARAMETER => c"parameter: a parameter is NaN, infinite or beyond 2^24; nothing was changed",
        SBN_ERROR_EMPTY => c"empty: no slot of the record holds parameters; save a model first",
        SBN_ERROR_BUSY => c"busy: a step is under way, or this is a call from a callback; finish that first",
        SBN_ERROR_LEFT_OUT => {
            c"left out: the library was built without a feature of arm-core that this needs"
        }
        SBN_ERROR_FLOAT_ONLY => c"float only: integers do not do this",
        SBN_ERROR_OTHER_NUMBERS => {
            c"other numbers: bytes or parameters of the other kind, floats or 16-bit integers; nothing was loaded"
        }
        SBN_ERROR_OTHER_OBJECTIVE => {
            c"other objective: this network is for another call; with a decoder sbn_step, with a target sbn_step_conditional, without either sbn_step_black_box"
        }
        SBN_ERROR_NULL => c"null: a pointer is null",
        SBN_ERROR_MISALIGNED => c"misaligned: a pointer is not aligned for what it points to",
        SBN_ERROR_OVERLAP => c"overlap: two buffers share memory and must not",
        SBN_ERROR_MEMORY => c"memory: no network is here; call sbn_init, and look for a stray write",
        SBN_ERROR_CALLBACK => c"callback: the sink or source returned an error of its own",
        _ => c"unknown status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_arm_core() {
        let (needed, given) = (1, 0);
        for (error, code) in [
            (Error::Shape, SBN_ERROR_SHAPE),
            (Error::Size { needed, given }, SBN_ERROR_SIZE),
            (Error::Width { needed, given }, SBN_ERROR_WIDTH),
            (Error::Setting, SBN_ERROR_SETTING),
            (Error::Objective, SBN_ERROR_OBJECTIVE),
            (Error::Diverged, SBN_ERROR_DIVERGED),
            (Error::Unsupported, SBN_ERROR_UNSUPPORTED),
            (Error::Length { needed, given }, SBN_ERROR_LENGTH),
            (Error::Magic, SBN_ERROR_MAGIC),
            (Error::Older, SBN_ERROR_OLDER),
            (Error::Newer, SBN_ERROR_NEWER),
            (Error::Corrupt, SBN_ERROR_CORRUPT),
            (Error::OtherShape, SBN_ERROR_OTHER_SHAPE),
            (Error::Parameter, SBN_ERROR_PARAMETER),
            (Error::Empty, SBN_ERROR_EMPTY),
            (Error::Busy, SBN_ERROR_BUSY),
            (Error::LeftOut, SBN_ERROR_LEFT_OUT),
            (Error::FloatOnly, SBN_ERROR_FLOAT_ONLY),
            (Error::OtherNumbers, SBN_ERROR_OTHER_NUMBERS),
            (Error::OtherObjective, SBN_ERROR_OTHER_OBJECTIVE),
        ] {
            assert_eq!(error.code(), code);
            let (ours, theirs) = (text(code).to_str().unwrap(), error.message());
            assert_eq!(ours.split(':').next(), theirs.split(':').next());
        }
        for code in (-105..=-101).chain(-20..=6) {
            assert_ne!(text(code), c"unknown status", "{code}");
        }
        assert_eq!((text(-21), text(7)), (c"unknown status", c"unknown status"));
    }
}
