//! From scores to alarms.

use crate::pointers::{apart, one};
use crate::status::*;
use crate::types::*;
use arm_core::stream::Detector;

const _: () = assert!(size_of::<sbn_detector>() == size_of::<Detector>());
const _: () = assert!(align_of::<sbn_detector>() == align_of::<Detector>());

/// A detector that has seen nothing yet; `rate` is the share of scores that may raise an alarm while nothing is wrong, in
/// [1e-6, 0.1]: after 80 / `rate` independent scores at most three times that share does; where scores come in stretches that
/// resemble each other, as days do, about that share in the mean over many of them. `SBN_ERROR_SETTING` for any other rate.
///
/// # Safety
///
/// `detector` points to one, or is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_detector_init(detector: *mut sbn_detector, rate: f32) -> i32 {
    let make = || {
        one(detector)?;
        // SAFETY: checked; of the same size and alignment.
        unsafe { detector.cast::<Detector>().write(Detector::new(rate)?) };
        Ok::<i32, Refusal>(SBN_OK)
    };
    make().unwrap_or_else(|Refusal(status)| status)
}

/// Takes in a score while what is watched is known to be well: the threshold follows. Learn from `sbn_score` when the network
/// has learned: while it learns it fits what it has just seen, and scores lower than it will later. A score that is NaN,
/// infinite or beyond 2^96 is ignored.
///
/// # Safety
///
/// `detector` was made by `sbn_detector_init`, or is null; nobody else uses it meanwhile: it is not claimed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_detector_learn(detector: *mut sbn_detector, score: f32) -> i32 {
    if let Err(Refusal(status)) = one(detector) {
        return status;
    }
    // SAFETY: checked; all its fields are numbers, for which any bits are valid.
    unsafe { (*detector.cast::<Detector>()).learn(score) };
    SBN_OK
}

/// Takes in a score: `SBN_ALARM` when the running mean is above the threshold, which stays where it is; 0 when it is not, or
/// when fewer than 64 were learned. A score that is NaN, infinite or beyond 2^96 is always `SBN_ALARM`, and is not taken in. Any
/// other is: of one that lies x times as far above the usual as the threshold does, the alarm lasts about 7.5 ln(x / 8) scores.
///
/// # Safety
///
/// As `sbn_detector_learn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_detector_watch(detector: *mut sbn_detector, score: f32) -> i32 {
    if let Err(Refusal(status)) = one(detector) {
        return status;
    }
    // SAFETY: as above.
    if unsafe { (*detector.cast::<Detector>()).watch(score) } { SBN_ALARM } else { SBN_OK }
}

/// Stores the running mean of the scores and the threshold.
///
/// # Safety
///
/// As `sbn_detector_learn`; `mean` and `threshold` point to a float each, or are null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_detector_levels(
    detector: *const sbn_detector,
    mean: *mut f32,
    threshold: *mut f32,
) -> i32 {
    let checked = one(detector).and_then(|own| apart(mean, own).and(apart(threshold, own)));
    if let Err(Refusal(status)) = checked {
        return status;
    }
    // SAFETY: checked.
    unsafe {
        let detector = &*detector.cast::<Detector>();
        mean.write(detector.mean());
        threshold.write(detector.threshold());
    }
    SBN_OK
}
