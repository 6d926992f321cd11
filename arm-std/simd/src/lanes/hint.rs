//! What a thread will read next, asked for while it computes.

use crate::lanes::Lanes;
use crate::memory::LINE;
use std::cell::Cell;

/// Most of it: more would drive itself out of the second cache.
const MOST: usize = 640 << 10;

/// Bytes that are asked for at a time: two lines.
const STEP: usize = 2 * LINE * size_of::<f32>();

/// Memory to ask for, a few lines at a time.
#[derive(Clone, Copy, Debug)]
pub struct Soon {
    /// An address, which is never read from.
    at: usize,
    /// Where the last lines begin: what lies behind them is not asked for.
    last: usize,
}

thread_local! {
    static SOON: Cell<Option<Soon>> = const { Cell::new(None) };
}

impl Soon {
    /// The start of this memory.
    pub fn new(memory: &[f32]) -> Self {
        let at = memory.as_ptr().addr();
        Soon { at, last: at + size_of_val(memory).min(MOST).saturating_sub(STEP) }
    }

    /// Leaves it to the next kernel of this thread that has time to ask. It is a matter of speed only.
    pub fn leave(self) {
        SOON.set(Some(self));
    }

    /// Takes back what no kernel has taken.
    pub fn take_back() {
        SOON.set(None);
    }

    /// What was left to this kernel, if anything.
    pub(crate) fn take() -> Option<Self> {
        SOON.take()
    }

    /// Whether there is more to ask for than the last lines, where that costs less than asking.
    #[inline(always)]
    pub(crate) fn more(&self) -> bool {
        self.at < self.last
    }

    /// Asks for the next two lines.
    #[inline(always)]
    pub(crate) fn ask<L: Lanes>(&mut self, l: L) {
        let lines = core::ptr::without_provenance::<f32>(self.at);
        l.prefetch(lines);
        l.prefetch(lines.wrapping_add(LINE));
        self.at = (self.at + STEP).min(self.last);
    }
}
