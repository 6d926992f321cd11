//! Tiles of inner products: rows by four, summed across lanes at the end.

use crate::lanes::{Lanes, WIDE};

/// Where the rows of a tile begin, and their distances.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) w: *const f32,
    pub(crate) ws: usize,
    pub(crate) d: *const f32,
    pub(crate) ds: usize,
    pub(crate) outputs: usize,
}

/// Lane sums of the products of `R` rows of d with `count` <= four rows of w. Missing rows repeat the first.
///
/// # Safety
/// `R` rows of d and `count` of w must be readable for the outputs.
#[inline(always)]
pub(crate) unsafe fn tile<L: Lanes, const R: usize>(l: L, at: At, count: usize) -> [[L::V; WIDE]; R] {
    let mut sums = [[l.splat(0.0); WIDE]; R];
    let row = |i: usize| at.w.wrapping_add(if i < count { i * at.ws } else { 0 });
    let rows = [row(0), row(1), row(2), row(3)];
    let whole = at.outputs - at.outputs % L::N;
    for o in (0..whole).step_by(L::N) {
        // SAFETY: o.. + N lies within the columns.
        unsafe { add(l, at, &rows, o, None, &mut sums) };
    }
    if whole < at.outputs {
        // SAFETY: the lanes of the mask lie within the columns.
        unsafe { add(l, at, &rows, whole, Some(l.mask(at.outputs - whole)), &mut sums) };
    }
    sums
}

/// Adds the products of columns `o..` + N, or those of the mask.
///
/// # Safety
/// They must be readable in each row.
#[inline(always)]
unsafe fn add<L: Lanes, const R: usize>(
    l: L,
    at: At,
    rows: &[*const f32; WIDE],
    o: usize,
    mask: Option<L::Mask>,
    sums: &mut [[L::V; WIDE]; R],
) {
    let mut w = [l.splat(0.0); WIDE];
    // SAFETY: the caller's promise.
    unsafe {
        for (w, row) in w.iter_mut().zip(rows) {
            *w = load(l, row.wrapping_add(o), mask);
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let d = load(l, at.d.wrapping_add(r * at.ds + o), mask);
            for (s, w) in sums.iter_mut().zip(w) {
                *s = l.fma(d, w, *s);
            }
        }
    }
}

/// A vector, or the lanes of the mask.
///
/// # Safety
/// They must be readable.
#[inline(always)]
unsafe fn load<L: Lanes>(l: L, p: *const f32, mask: Option<L::Mask>) -> L::V {
    // SAFETY: the caller's promise.
    unsafe {
        match mask {
            Some(mask) => l.load_masked(p, mask),
            None => l.load(p),
        }
    }
}
