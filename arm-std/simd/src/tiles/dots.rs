//! Tiles of inner products: rows by four, summed across lanes at the end.

use super::panel::Panel;
use crate::lanes::{Lanes, WIDE};

/// Where the rows of a tile begin, and their distances.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) w: Panel<'a>,
    pub(crate) ws: usize,
    pub(crate) d: Panel<'a>,
    pub(crate) ds: usize,
    pub(crate) outputs: usize,
}

/// Lane sums of the products of `R` rows of d with `count` <= four rows of w. Missing rows repeat the first.
///
/// # Safety
/// `R` rows of d and `count` of w must be readable for the outputs.
#[inline(always)]
pub(crate) unsafe fn tile<L: Lanes, const R: usize>(l: L, at: At<'_>, count: usize) -> [[L::V; WIDE]; R] {
    let mut sums = [[l.splat(0.0); WIDE]; R];
    let row = |i: usize| at.w.from(if i < count { i * at.ws } else { 0 });
    let rows = [row(0), row(1), row(2), row(3)];
    let whole = at.outputs - at.outputs % L::N;
    // SAFETY: the vectors from o, and then the lanes of the mask, lie within the columns.
    unsafe {
        for o in (0..whole).step_by(L::N) {
            add(l, at, &rows, o, L::N, None, &mut sums);
        }
        let rest = at.outputs - whole;
        if rest > 0 {
            add(l, at, &rows, whole, rest, Some(l.mask(rest)), &mut sums);
        }
    }
    sums
}

/// Adds the products of the columns from `o`: a vector of them, or the `lanes` of the mask.
///
/// # Safety
/// They must be readable in each row.
#[inline(always)]
unsafe fn add<L: Lanes, const R: usize>(
    l: L,
    at: At<'_>,
    rows: &[Panel<'_>; WIDE],
    o: usize,
    lanes: usize,
    mask: Option<L::Mask>,
    sums: &mut [[L::V; WIDE]; R],
) {
    let mut w = [l.splat(0.0); WIDE];
    // SAFETY: the caller's promise.
    unsafe {
        for (w, row) in w.iter_mut().zip(rows) {
            let p = row.at(o, lanes);
            *w = if let Some(mask) = mask { l.load_masked(p, mask) } else { l.load(p) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let p = at.d.at(r * at.ds + o, lanes);
            let d = if let Some(mask) = mask { l.load_masked(p, mask) } else { l.load(p) };
            for (s, w) in sums.iter_mut().zip(w) {
                *s = l.fma(d, w, *s);
            }
        }
    }
}
