//! Copies that other threads will read.

use super::lanes::{Lanes, Op};

/// See [`Desktop::publish`](super::Desktop::publish).
pub(super) struct Publish<'a> {
    pub(super) from: &'a [f32],
    pub(super) to: &'a mut [f32],
}

impl Op for Publish<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let n = self.from.len().min(self.to.len());
        let (from, to) = (&self.from[..n], &mut self.to[..n]);
        let whole = if to.as_ptr().addr().is_multiple_of(64) { n - n % L::N } else { 0 };
        for i in (0..whole).step_by(L::N) {
            // SAFETY: i.. + N is within both slices; to + i is aligned like `to`, by N of 16, 8 or 4.
            unsafe { l.stream(to.as_mut_ptr().add(i), l.load(from.as_ptr().add(i))) }
        }
        l.fence();
        to[whole..].copy_from_slice(&from[whole..]);
    }
}
