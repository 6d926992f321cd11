//! dx = act'(a) (d w^T): tiles of inner products, four rows of w at a time.

use super::lanes::{Lanes, Op, WIDE};
use super::{split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::back`](arm_core::kernels::Kernels::back).
pub(super) struct Back<'a> {
    pub(super) w: Matrix<'a>,
    pub(super) d: Matrix<'a>,
    pub(super) a: Matrix<'a>,
    pub(super) slope: f32,
    pub(super) dx: MatrixMut<'a>,
}

/// Where the rows of a tile begin, and their distances.
#[derive(Clone, Copy)]
struct At {
    w: *const f32,
    ws: usize,
    d: *const f32,
    ds: usize,
    outputs: usize,
}

impl Op for Back<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let outputs = self.d.cols();
        let inputs = self.dx.cols().min(self.a.cols()).min(self.w.height());
        let rows = self.d.height().min(self.a.height()).min(self.dx.height());
        assert!(self.w.cols() >= outputs);
        let (ws, ds, ys) = (self.w.stride(), self.d.stride(), self.dx.stride());
        let (w, d, a) = (self.w.data().as_ptr(), self.d.data().as_ptr(), self.a.data().as_ptr());
        let dx = self.dx.data_mut().as_mut_ptr();
        for (first, height) in split(rows, L::DOTS) {
            let d = d.wrapping_add(first * ds);
            with_height!(height, L::DOTS, R => {
                for start in (0..inputs).step_by(WIDE) {
                    let count = WIDE.min(inputs - start);
                    let at = At { w: w.wrapping_add(start * ws), ws, d, ds, outputs };
                    // SAFETY: `count` rows from `start` lie within w, `height` rows from `first` within d, and as many
                    // rows of `count` elements from column `start` within a and dx.
                    unsafe {
                        let tile = tile::<L, R>(l, at, count);
                        for (r, &row) in tile.iter().enumerate() {
                            let a = a.wrapping_add((first + r) * self.a.stride() + start);
                            let dx = dx.wrapping_add((first + r) * ys + start);
                            put(l, l.sums(row), a, self.slope, dx, count);
                        }
                    }
                }
            });
        }
    }
}

/// Writes `count` of the sums, each times act' of its activation.
#[inline(always)]
unsafe fn put<L: Lanes>(l: L, sums: L::Sums, a: *const f32, slope: f32, dx: *mut f32, count: usize) {
    // SAFETY: the caller's promise; what is read and written otherwise has four elements.
    unsafe {
        if count == WIDE {
            return l.put(sums, a, slope, dx);
        }
        let (mut active, mut out) = ([0.0; WIDE], [0.0; WIDE]);
        a.copy_to(active.as_mut_ptr(), count);
        l.put(sums, active.as_ptr(), slope, out.as_mut_ptr());
        dx.copy_from(out.as_ptr(), count);
    }
}

/// Lane sums of the products of `R` rows of d with `count` <= four rows of w. Missing rows repeat the first.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize>(l: L, at: At, count: usize) -> [[L::V; WIDE]; R] {
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
