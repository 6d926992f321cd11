//! Where a tile reads and writes. It checks nothing while it runs: sizes are checked before. Builds with debug assertions,
//! in which all tests run, check every load and every store.

use crate::lanes::Lanes;
use core::marker::PhantomData;

/// The memory that a pointer came from. Nothing but where debug assertions are on.
#[derive(Clone, Copy, Debug)]
struct Within {
    #[cfg(debug_assertions)]
    addresses: [usize; 2],
}

impl Within {
    #[inline(always)]
    fn new<T: ?Sized>(_memory: &T) -> Self {
        Within {
            #[cfg(debug_assertions)]
            addresses: {
                let start = core::ptr::from_ref(_memory).addr();
                [start, start + size_of_val(_memory)]
            },
        }
    }

    /// Debug-asserts that `count` floats from `address` on lie within.
    #[inline(always)]
    fn has(self, _address: usize, _count: usize) {
        #[cfg(debug_assertions)]
        if _count > 0
            && (_address < self.addresses[0] || _address + _count * size_of::<f32>() > self.addresses[1])
        {
            outside();
        }
    }
}

/// Apart, so that a check is a few instructions.
#[cfg(debug_assertions)]
#[cold]
#[inline(never)]
fn outside() -> ! {
    panic!("outside of what a tile was given");
}

/// Floats, or room for them, from some place on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Panel<'a> {
    p: *const f32,
    within: Within,
    memory: PhantomData<&'a f32>,
}

impl<'a> Panel<'a> {
    /// From the start of this memory.
    #[inline(always)]
    pub(crate) fn new<T: ?Sized>(memory: &'a T) -> Self {
        Panel { p: core::ptr::from_ref(memory).cast(), within: Within::new(memory), memory: PhantomData }
    }

    /// From the element `at`, which need not be there, on.
    #[inline(always)]
    pub(crate) fn from(self, at: usize) -> Self {
        Panel { p: self.p.wrapping_add(at), ..self }
    }

    /// `count` elements from `at` on, which must be there.
    #[inline(always)]
    pub(crate) fn at(self, at: usize, count: usize) -> *const f32 {
        let p = self.p.wrapping_add(at);
        self.within.has(p.addr(), count);
        p
    }

    /// Asks for the line of the element `at`, which need not be there.
    #[inline(always)]
    pub(crate) fn prefetch<L: Lanes>(self, l: L, at: usize) {
        l.prefetch(self.p.wrapping_add(at));
    }

    /// Asks for `vectors` vectors of each of `rows` rows.
    #[inline(always)]
    pub(crate) fn prefetch_rows<L: Lanes>(self, l: L, stride: usize, rows: usize, vectors: usize) {
        for r in 0..rows {
            for c in 0..vectors {
                self.prefetch(l, r * stride + c * L::N);
            }
        }
    }
}

/// The same, writable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanelMut<'a> {
    p: *mut f32,
    within: Within,
    memory: PhantomData<&'a mut f32>,
}

impl<'a> PanelMut<'a> {
    /// From the start of this memory.
    #[inline(always)]
    pub(crate) fn new<T: ?Sized>(memory: &'a mut T) -> Self {
        let within = Within::new(memory);
        PanelMut { p: core::ptr::from_mut(memory).cast(), within, memory: PhantomData }
    }

    /// From the element `at`, which need not be there, on.
    #[inline(always)]
    pub(crate) fn from(self, at: usize) -> Self {
        PanelMut { p: self.p.wrapping_add(at), ..self }
    }

    /// `count` elements from `at` on, which must be there.
    #[inline(always)]
    pub(crate) fn at(self, at: usize, count: usize) -> *mut f32 {
        let p = self.p.wrapping_add(at);
        self.within.has(p.addr(), count);
        p
    }

    /// What is there, to read.
    #[inline(always)]
    pub(crate) fn as_panel(self) -> Panel<'a> {
        Panel { p: self.p, within: self.within, memory: PhantomData }
    }

    /// Asks for the line of the element `at`, which need not be there, to write it.
    #[inline(always)]
    pub(crate) fn prefetch_write<L: Lanes>(self, l: L, at: usize) {
        l.prefetch_write(self.p.wrapping_add(at));
    }
}

#[cfg(test)]
mod tests {
    use super::{Panel, PanelMut};

    #[test]
    #[cfg(debug_assertions)]
    fn what_lies_outside_is_seen() {
        let mut floats = [1.0f32; 8];
        let inside = |panel: Panel<'_>, at, count| std::panic::catch_unwind(|| panel.at(at, count)).is_ok();
        let panel = Panel::new(&floats[..]).from(2);
        assert!(inside(panel, 0, 6) && inside(panel, 5, 1) && inside(panel, 9, 0));
        assert!(!inside(panel, 0, 7) && !inside(panel, 6, 1) && !inside(panel.from(usize::MAX - 3), 0, 1));
        let panel = PanelMut::new(&mut floats[..]).as_panel();
        assert!(inside(panel, 0, 8) && !inside(panel, 1, 8));
    }
}
