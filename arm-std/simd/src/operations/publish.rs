//! Copies that other threads will read.

use crate::lanes::{Fence, Lanes, Op};

/// See [`Desktop::publish`](crate::Desktop::publish).
pub(crate) struct Publish<'i, 'a>(pub(crate) &'i mut dyn Iterator<Item = (&'a [f32], &'a mut [f32])>);

impl Op for Publish<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let _fence = Fence(l);
        for (from, to) in self.0 {
            let n = from.len().min(to.len());
            let (from, to) = (&from[..n], &mut to[..n]);
            let whole = if to.as_ptr().addr().is_multiple_of(64) { n - n % L::N } else { 0 };
            for (from, to) in from[..whole].chunks_exact(L::N).zip(to[..whole].chunks_exact_mut(L::N)) {
                l.stream_to(to, l.read(from));
            }
            to[whole..].copy_from_slice(&from[whole..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Publish;
    use crate::lanes::plain::Plain;
    use crate::lanes::{FENCES, Op};
    use crate::memory::Aligned;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn copies_are_ordered_even_where_the_pieces_panic() {
        let (from, mut to) = ([1.0; 64], Aligned::zeroed(64));
        let before = FENCES.get();
        let mut pieces = std::iter::once((&from[..], to.floats_mut()))
            .chain(std::iter::once_with(|| panic!("after the first piece")));
        assert!(catch_unwind(AssertUnwindSafe(|| Publish(&mut pieces).run(Plain))).is_err());
        assert_eq!((to.floats(), FENCES.get()), (&from[..], before + 1));
    }
}
