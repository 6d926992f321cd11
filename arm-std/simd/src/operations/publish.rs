//! Copies that other threads will read.

use crate::lanes::{Lanes, Op};

/// See [`Desktop::publish`](crate::Desktop::publish).
pub(crate) struct Publish<I>(pub(crate) I);

impl<'a, I: Iterator<Item = (&'a [f32], &'a mut [f32])>> Op for Publish<I> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for (from, to) in self.0 {
            let n = from.len().min(to.len());
            let (from, to) = (&from[..n], &mut to[..n]);
            let whole = if to.as_ptr().addr().is_multiple_of(64) { n - n % L::N } else { 0 };
            for i in (0..whole).step_by(L::N) {
                // SAFETY: i.. + N is within both slices; to + i is aligned like `to`, by N of 16, 8 or 4.
                unsafe { l.stream(to.as_mut_ptr().add(i), l.load(from.as_ptr().add(i))) }
            }
            to[whole..].copy_from_slice(&from[whole..]);
        }
        l.fence();
    }
}
