//! The memory of windows: what only the side that pushes samples writes, what only the other writes, and the queue between them.

use crate::pointers::{Span, one};
use crate::status::*;
use crate::types::*;
use arm_core::bits::words;
use core::sync::atomic::{AtomicU32, Ordering};

pub(super) const READY: u32 = u32::from_le_bytes(*b"SBNW");

/// The head of the memory: settings, what only the side that pushes writes, what only the other writes.
#[repr(C)]
pub(super) struct Head {
    pub(super) mark: u32,
    pub(super) levels: u32,
    pub(super) samples: u32,
    pub(super) step: u32,
    pub(super) queue: u32,
    pub(super) filled: u32,
    pub(super) unsound: u32,
    pub(super) dropped: u32,
    /// Windows put in and taken out, modulo twice the length of the queue.
    pub(super) tail: u32,
    pub(super) head: u32,
}

pub(super) const HEAD_WORDS: usize = size_of::<Head>() / 4;
const _: () = assert!(HEAD_WORDS == SBN_WINDOWS_WORDS as usize);

/// What the settings say, checked.
pub(super) struct Parts {
    pub(super) head: *mut Head,
    pub(super) levels: *mut f32,
    pub(super) window: *mut u32,
    pub(super) queue: *mut u32,
    /// Words of a window.
    pub(super) words: usize,
}

impl Parts {
    /// All of their memory.
    pub(super) fn span(&self) -> Span {
        // SAFETY: settings, which nobody writes.
        let queue = unsafe { (*self.head).queue } as usize;
        let before = self.queue.addr().wrapping_sub(self.head.addr()) / 4;
        Span::of(self.head.cast::<u32>(), before.wrapping_add(queue.wrapping_mul(self.words)))
    }
}

/// # Safety
///
/// `windows` came from `sbn_windows_init`, or fails the checks here.
pub(super) unsafe fn parts(windows: *const sbn_windows) -> Result<Parts, Refusal> {
    let head = windows.cast_mut().cast::<Head>();
    one(head)?;
    // SAFETY: checked; a mark is followed by the rest of a head.
    unsafe {
        if (*head).mark != READY {
            return Err(Refusal(SBN_ERROR_MEMORY));
        }
        let levels = head.cast::<u32>().add(HEAD_WORDS);
        let count = (*head).levels as usize;
        let words = words((*head).samples as usize * count);
        let window = levels.add(count);
        Ok(Parts { head, levels: levels.cast(), window, queue: window.add(words), words })
    }
}

/// # Safety
///
/// `head` is that of windows; both words are only accessed by way of this function while two sides are at work.
pub(super) unsafe fn indices<'a>(head: *mut Head) -> (&'a AtomicU32, &'a AtomicU32) {
    // SAFETY: aligned and there.
    unsafe { (AtomicU32::from_ptr(&raw mut (*head).tail), AtomicU32::from_ptr(&raw mut (*head).head)) }
}

pub(super) fn next(index: u32, length: u32) -> u32 {
    if index + 1 >= 2 * length { 0 } else { index + 1 }
}

pub(super) fn waiting(put: u32, out: u32, length: u32) -> u32 {
    if put >= out { put - out } else { put + 2 * length - out }
}

/// The oldest window that waits.
///
/// # Safety
///
/// Nobody else takes windows.
pub(super) unsafe fn oldest(parts: &Parts) -> Option<*mut u32> {
    // SAFETY: the words are only accessed as atomic ones; the queue has so many windows.
    unsafe {
        let (tail, taken) = indices(parts.head);
        let (put, out) = (tail.load(Ordering::Acquire), taken.load(Ordering::Relaxed));
        let length = (*parts.head).queue;
        let at = if out >= length { out - length } else { out };
        (put != out).then(|| parts.queue.add(at as usize * parts.words))
    }
}

/// # Safety
///
/// There is one, and nobody else takes windows.
pub(super) unsafe fn drop_oldest(parts: &Parts) {
    // SAFETY: as in `oldest`.
    unsafe {
        let (_, taken) = indices(parts.head);
        taken.store(next(taken.load(Ordering::Relaxed), (*parts.head).queue), Ordering::Release);
    }
}
