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
    use crate::lanes::{FENCES, Lanes, Op};
    use crate::memory::Aligned;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn check(publish: impl Fn(Publish<'_, '_>)) {
        let (from, mut to) = ([1.0; 64], Aligned::zeroed(64));
        let before = FENCES.get();
        let mut pieces = std::iter::once((&from[..], to.floats_mut()))
            .chain(std::iter::once_with(|| panic!("after the first piece")));
        assert!(catch_unwind(AssertUnwindSafe(|| publish(Publish(&mut pieces)))).is_err());
        assert_eq!((to.floats(), FENCES.get()), (&from[..], before + 1));
    }

    #[test]
    fn copies_are_ordered_even_where_the_pieces_panic() {
        check(|copies| Plain.run(copies));
        #[cfg(target_arch = "x86_64")]
        {
            use crate::lanes::x86::{Avx2, Avx512};
            if let Some(l) = Avx2::detect() {
                check(|copies| l.run(copies));
            }
            for l in [false, true].into_iter().filter_map(Avx512::detect) {
                check(|copies| l.run(copies));
            }
        }
    }
}
