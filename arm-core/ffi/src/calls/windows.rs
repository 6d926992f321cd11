//! Samples of a sensor in, windows of packed bits out. One side, which may be an interrupt, pushes samples; the other takes
//! windows. The two never wait for each other.

use super::learn::slice_of_step;
use super::queue::{HEAD_WORDS, Head, Parts, READY, drop_oldest, indices, next, oldest, parts, waiting};
use crate::block::open;
use crate::by_kind::{by_kind, per_kind};
use crate::kind::{Kind, Net};
use crate::pointers::{Span, apart, check, one, slice, slice_mut};
use crate::status::*;
use crate::types::*;
use arm_core::bits::words;
use core::sync::atomic::Ordering;

/// Bytes of memory for windows; `usize::MAX` where that cannot be counted.
fn bytes(levels: usize, samples: usize, queue: usize) -> usize {
    let bits = samples.checked_mul(levels);
    let all = bits.and_then(|bits| words(bits).checked_mul(queue.checked_add(1)?));
    let all = all.and_then(|n| n.checked_add(levels)?.checked_add(HEAD_WORDS)?.checked_mul(4));
    all.unwrap_or(usize::MAX)
}

/// Makes windows of `samples` samples in `memory` of `bytes` bytes (`SBN_WINDOWS_BYTES`), of which `queue` can wait, and
/// stores the handle in `windows`. A window starts `step` samples after the one before it.
///
/// A sample becomes a bit for each of `count` ascending `levels`: whether it is above it; sample i of a window has the
/// bits from i `count` on. Errors: `SBN_ERROR_SETTING` for levels that are not finite or do not ascend, or sizes of zero,
/// or a step above `samples`; `_SIZE`, `_NULL`, `_MISALIGNED`, `_OVERLAP`.
///
/// # Safety
///
/// Pointers that are not null point to what their types say, `bytes` bytes in the case of `memory`.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn sbn_windows_init(
    windows: *mut *mut sbn_windows,
    memory: *mut u32,
    bytes: usize,
    levels: *const f32,
    count: u32,
    samples: u32,
    step: u32,
    queue: u32,
) -> i32 {
    let make = || {
        let (out, block) = (one(windows)?, check(memory, bytes / 4)?);
        one(memory)?;
        out.clear_of(block)?;
        // SAFETY: checked.
        unsafe { windows.write(core::ptr::null_mut()) };
        check(levels, count as usize)?.clear_of(block)?;
        // SAFETY: checked; there by the caller's promise.
        let given = unsafe { slice(levels, count as usize) };
        let ascend = given.iter().zip(given.iter().skip(1)).all(|(a, b)| a < b);
        let sound = ascend && given.iter().all(|level| level.is_finite());
        if !sound || count == 0 || step == 0 || step > samples || queue == 0 || queue > u32::MAX / 2 {
            return Err(Refusal(SBN_ERROR_SETTING));
        }
        let needed = self::bytes(count as usize, samples as usize, queue as usize);
        if needed > bytes {
            return Err(Refusal(SBN_ERROR_SIZE));
        }
        let head = Head {
            mark: READY,
            levels: count,
            samples,
            step,
            queue,
            filled: 0,
            unsound: 0,
            dropped: 0,
            tail: 0,
            head: 0,
        };
        // SAFETY: checked, and there is room; nobody refers to it yet.
        unsafe {
            memory.write_bytes(0, needed / 4);
            let to = memory.add(HEAD_WORDS).cast::<f32>();
            given.iter().enumerate().for_each(|(i, level)| to.add(i).write(*level));
            memory.cast::<Head>().write(head);
            windows.write(memory.cast());
        }
        Ok(SBN_OK)
    };
    make().unwrap_or_else(|Refusal(status)| status)
}

/// Takes in one sample: 0, or `SBN_WINDOW` when it completed a window, `SBN_FULL` when that was dropped because the queue is
/// full, `SBN_UNSOUND` when the sample was NaN or infinite and was dropped itself.
///
/// It may be called by an interrupt while the others are running. Cost: its bits; for the last sample of a window also a
/// copy and a shift of the window.
///
/// # Safety
///
/// `windows` is from `sbn_windows_init`; nobody else pushes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_windows_push(windows: *mut sbn_windows, sample: f32) -> i32 {
    // SAFETY: the caller's promise.
    let Parts { head, levels, window, queue, words } = match unsafe { parts(windows) } {
        Ok(parts) => parts,
        Err(Refusal(status)) => return status,
    };
    // SAFETY: what only this side writes, and what `sbn_windows_init` has made.
    let (levels, window, filled, unsound, dropped) = unsafe {
        let levels = slice(levels, (*head).levels as usize);
        (levels, slice_mut(window, words), &mut (*head).filled, &mut (*head).unsound, &mut (*head).dropped)
    };
    if !sample.is_finite() {
        *unsound = unsound.saturating_add(1);
        return SBN_UNSOUND;
    }
    let first = *filled as usize * levels.len();
    for (i, level) in levels.iter().enumerate() {
        if let Some(word) = window.get_mut((first + i) / 32) {
            *word |= u32::from(sample > *level) << ((first + i) % 32);
        }
    }
    *filled += 1;
    // SAFETY: settings, which nobody writes.
    let (samples, step, length) = unsafe { ((*head).samples, (*head).step, (*head).queue) };
    if *filled < samples {
        return SBN_OK;
    }
    // SAFETY: these words are only accessed as atomic ones.
    let (tail, taken) = unsafe { indices(head) };
    let (put, out) = (tail.load(Ordering::Relaxed), taken.load(Ordering::Acquire));
    let room = waiting(put, out, length) < length;
    if room {
        let at = if put >= length { put - length } else { put };
        // SAFETY: a window that is free, which the other side does not read before `tail` says so.
        let place = unsafe { slice_mut(queue.add(at as usize * words), words) };
        place.iter_mut().zip(&*window).for_each(|(to, from)| *to = *from);
        tail.store(next(put, length), Ordering::Release);
    } else {
        *dropped = dropped.saturating_add(1);
    }
    arm_core::bits::shift_down(window, step as usize * levels.len());
    *filled = samples - step;
    if room { SBN_WINDOW } else { SBN_FULL }
}

/// Takes the oldest window out of the queue, into the `x_words` words at `x`; `SBN_IDLE` when there is none.
///
/// # Safety
///
/// `windows` is from `sbn_windows_init`, `x` points to so many words; nobody else takes windows meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_windows_next(windows: *mut sbn_windows, x: *mut u32, x_words: usize) -> i32 {
    let take = || {
        // SAFETY: the caller's promise.
        let parts = unsafe { parts(windows)? };
        check(x, x_words)?.clear_of(parts.span())?;
        if x_words != parts.words {
            return Err(Refusal(SBN_ERROR_WIDTH));
        }
        // SAFETY: the caller's promise.
        let Some(window) = (unsafe { oldest(&parts) }) else { return Ok(SBN_IDLE) };
        // SAFETY: checked; C need not have written to them.
        unsafe { x.copy_from_nonoverlapping(window, x_words) };
        // SAFETY: there was a window.
        unsafe { drop_oldest(&parts) };
        Ok(SBN_OK)
    };
    take().unwrap_or_else(|Refusal(status)| status)
}

/// A bounded amount of learning: goes on with the network's step as `sbn_poll` does, or begins one on the oldest window.
/// `SBN_OK` when a step is done; its f, for an anomaly detector the score of the window, is then stored in `f`.
///
/// Errors: those of `sbn_begin` and `sbn_poll`; the window is gone then, the network as it was. `_WIDTH`, and the window still
/// waits, where windows have other than as many bits as the network has inputs; `_OVERLAP` for an `f` in the memory of either.
///
/// # Safety
///
/// As `sbn_windows_next` and `sbn_poll`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_windows_poll(
    windows: *mut sbn_windows,
    net: *mut sbn_network,
    budget: usize,
    f: *mut f32,
) -> i32 {
    by_kind!(net, windows_poll(windows, net, budget, f))
}

per_kind! {
    fn windows_poll(windows: *mut sbn_windows, net: *mut sbn_network, budget: usize, f: *mut f32) -> i32;
}

/// # Safety
///
/// As [`sbn_windows_poll`]; `net` is not null, and aligned.
unsafe fn windows_poll<N: Kind>(
    windows: *mut sbn_windows,
    net: *mut sbn_network,
    budget: usize,
    f: *mut f32,
) -> i32 {
    // SAFETY: the caller's promise.
    let parts = match unsafe { parts(windows) } {
        Ok(parts) => parts,
        Err(Refusal(status)) => return status,
    };
    let poll = |net: &mut Net<N>| {
        // SAFETY: checked before; the caller's own.
        match unsafe { slice_of_step::<N>(net, budget, f) } {
            SBN_IDLE => {
                // SAFETY: the caller's promise.
                let Some(window) = (unsafe { oldest(&parts) }) else { return Ok(SBN_IDLE) };
                // SAFETY: settings, which nobody writes.
                let bits = unsafe { (*parts.head).samples as usize * (*parts.head).levels as usize };
                if bits != net.shape().inputs() {
                    return Err(Refusal(SBN_ERROR_WIDTH));
                }
                // SAFETY: the other side does not write to a window that waits.
                let begun = N::begin(net, unsafe { slice(window, parts.words) });
                // SAFETY: there was a window.
                unsafe { drop_oldest(&parts) };
                begun?;
                Ok(SBN_WORKING)
            }
            status => Ok(status),
        }
    };
    let arguments = |block| {
        Span::of(parts.head, 1).clear_of(block)?;
        apart(f, parts.span())?;
        apart(f, block)
    };
    // SAFETY: the caller's promise.
    unsafe { open::<N>(net, arguments, poll) }
}

/// Stores the number of windows that wait, of windows dropped because the queue was full, and of samples dropped because
/// they were no numbers; any of the three may be null.
///
/// # Safety
///
/// As `sbn_windows_next`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sbn_windows_counts(
    windows: *const sbn_windows,
    waiting: *mut u32,
    dropped: *mut u32,
    unsound: *mut u32,
) -> i32 {
    let count = || {
        // SAFETY: the caller's promise.
        let parts = unsafe { parts(windows)? };
        let head = parts.head;
        // SAFETY: words that the other side may be writing are read whole.
        let counts = unsafe {
            let (tail, taken) = indices(head);
            let (put, out) = (tail.load(Ordering::Acquire), taken.load(Ordering::Relaxed));
            let dropped = (&raw const (*head).dropped).read_volatile();
            let unsound = (&raw const (*head).unsound).read_volatile();
            [self::waiting(put, out, (*head).queue), dropped, unsound]
        };
        for (out, count) in [waiting, dropped, unsound].into_iter().zip(counts) {
            if !out.is_null() {
                apart(out, parts.span())?;
                // SAFETY: checked.
                unsafe { out.write(count) };
            }
        }
        Ok(SBN_OK)
    };
    count().unwrap_or_else(|Refusal(status)| status)
}
