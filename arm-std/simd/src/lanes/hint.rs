//! What a thread will read next, asked for while it computes.

use super::Lanes;
use crate::memory::LINE;

/// Most of it: more would drive itself out of the second cache.
const MOST: usize = 640 << 10;

/// Bytes that are asked for at a time: two lines.
const STEP: usize = 2 * LINE * size_of::<f32>();

/// Memory that a kernel may ask for while it computes something else, a few lines at a time. It is a matter of speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefetchHint {
    /// Addresses of the parameters during whose update there is time.
    during: [usize; 2],
    /// An address, which is never read from.
    at: usize,
    /// Where the last lines begin: what lies behind them is not asked for.
    last: usize,
}

impl PrefetchHint {
    /// Nothing.
    pub const NONE: Self = PrefetchHint { during: [0; 2], at: 0, last: 0 };

    /// The start of `next`, while these parameters are updated.
    pub fn new(parameters: &[f32], next: &[f32]) -> Self {
        let (from, at) = (parameters.as_ptr().addr(), next.as_ptr().addr());
        let during = [from, from + size_of_val(parameters)];
        PrefetchHint { during, at, last: at + size_of_val(next).min(MOST).saturating_sub(STEP) }
    }

    /// What is asked for during the update of these parameters.
    pub(crate) fn during(self, parameters: &[f32]) -> Self {
        let [from, to] = self.during;
        if (from..to).contains(&parameters.as_ptr().addr()) { self } else { Self::NONE }
    }

    /// Whether there is more to ask for than the last lines, where that costs less than asking.
    #[inline(always)]
    pub(crate) fn is_left(&self) -> bool {
        self.at < self.last
    }

    /// Asks for the next two lines.
    #[inline(always)]
    pub(crate) fn prefetch_next<L: Lanes>(&mut self, l: L) {
        let lines = core::ptr::without_provenance::<f32>(self.at);
        l.prefetch(lines);
        l.prefetch(lines.wrapping_add(LINE));
        self.at = (self.at + STEP).min(self.last);
    }
}
