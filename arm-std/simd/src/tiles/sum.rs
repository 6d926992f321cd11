//! Tiles of rows by a panel of vectors whose sums stay in registers, and the panels themselves.
//!
//! Nothing is packed: a panel of two vectors of every row of the matrix that all tiles share fits in the first cache.

use crate::lanes::Lanes;

/// Sums over k of `from[r * row + k * step]` times a shared vector `with[k * stride..]`.
#[derive(Clone, Copy)]
pub(crate) struct Sum {
    /// Terms.
    pub(crate) terms: usize,
    /// The scalars: a row of the tile to the next, a term to the next.
    pub(crate) from: *const f32,
    pub(crate) row: usize,
    pub(crate) step: usize,
    /// The vectors, and the distance of one term to the next.
    pub(crate) with: *const f32,
    pub(crate) stride: usize,
    /// How far from each vector lies what to ask the memory for, if anything.
    pub(crate) ahead: Option<usize>,
}

impl Sum {
    /// Adds the terms to a tile of `R` rows by `C` vectors; `mask` is for the last vector.
    ///
    /// # Safety
    /// Every scalar and every vector that the sum addresses must be readable.
    #[inline(always)]
    pub(crate) unsafe fn add_to<L: Lanes, const R: usize, const C: usize>(
        self,
        l: L,
        scale: Option<f32>,
        mask: L::Mask,
        tile: &mut [[L::V; C]; R],
    ) {
        let (mut from, mut with) = (self.from, self.with);
        let mut sums = *tile;
        for _ in 0..self.terms {
            // SAFETY: term k of the caller's promise.
            let mut v: [L::V; C] = unsafe { load(l, with, mask) };
            if let Some(a) = scale {
                for v in &mut v {
                    *v = l.mul(l.splat(a), *v);
                }
            }
            if let Some(ahead) = self.ahead {
                for c in 0..C {
                    l.prefetch(with.wrapping_add(ahead + c * L::N));
                }
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let x = l.splat(unsafe { *from.add(r * self.row) });
                for (s, v) in sums.iter_mut().zip(v) {
                    *s = l.fma(x, v, *s);
                }
            }
            from = from.wrapping_add(self.step);
            with = with.wrapping_add(self.stride);
        }
        *tile = sums;
    }
}

/// A panel of `C` vectors at `p`, the last one masked.
///
/// # Safety
/// They must be readable.
#[inline(always)]
pub(crate) unsafe fn load<L: Lanes, const C: usize>(l: L, p: *const f32, mask: L::Mask) -> [L::V; C] {
    let mut v = [l.splat(0.0); C];
    for (c, v) in v.iter_mut().enumerate() {
        let p = p.wrapping_add(c * L::N);
        // SAFETY: the caller's promise.
        *v = unsafe { if c + 1 < C { l.load(p) } else { l.load_masked(p, mask) } };
    }
    v
}

/// Stores a panel of `C` vectors at `p`, the last one with `lanes` lanes.
///
/// # Safety
/// They must be writable.
#[inline(always)]
pub(crate) unsafe fn store<L: Lanes, const C: usize>(l: L, p: *mut f32, lanes: usize, v: [L::V; C]) {
    for (c, v) in v.into_iter().enumerate() {
        let p = p.wrapping_add(c * L::N);
        // SAFETY: the caller's promise.
        unsafe {
            if c + 1 < C || lanes == L::N { l.store(p, v) } else { l.store_masked(p, v, l.mask(lanes)) }
        }
    }
}
