//! What a thread will read next, asked for while it computes.

use super::lanes::Lanes;
use crate::memory::LINE;
use std::cell::Cell;

/// Most of it: more would drive itself out of the second cache.
const MOST: usize = 640 << 10;

/// Memory to ask for, a few lines at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Soon {
    /// An address, which is never read from.
    at: usize,
    bytes: usize,
}

thread_local! {
    static SOON: Cell<Soon> = const { Cell::new(Soon::NOTHING) };
}

impl Soon {
    const NOTHING: Self = Soon { at: 0, bytes: 0 };

    /// The start of this memory.
    pub(crate) fn new(memory: &[f32]) -> Self {
        Soon { at: memory.as_ptr().addr(), bytes: size_of_val(memory).min(MOST) }
    }

    /// Leaves it to the next kernel of this thread that has time to ask. It is a matter of speed only.
    pub(crate) fn leave(self) {
        SOON.set(self);
    }

    /// What was left to this kernel.
    pub(super) fn take() -> Self {
        SOON.replace(Self::NOTHING)
    }

    /// Asks for the next two lines.
    #[inline(always)]
    pub(super) fn ask<L: Lanes>(&mut self, l: L) {
        if self.bytes > 0 {
            let lines = core::ptr::without_provenance::<f32>(self.at);
            l.prefetch(lines);
            l.prefetch(lines.wrapping_add(LINE));
            let step = 2 * LINE * size_of::<f32>();
            (self.at, self.bytes) = (self.at.wrapping_add(step), self.bytes.saturating_sub(step));
        }
    }
}
