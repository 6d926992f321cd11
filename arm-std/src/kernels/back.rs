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
        let (ws, ds) = (self.w.stride(), self.d.stride());
        let (w, d) = (self.w.data().as_ptr(), self.d.data().as_ptr());
        for (first, height) in split(rows, L::DOTS) {
            let d = d.wrapping_add(first * ds);
            for start in (0..inputs).step_by(WIDE) {
                let count = WIDE.min(inputs - start);
                let at = At { w: w.wrapping_add(start * ws), ws, d, ds, outputs };
                with_height!(height, L::DOTS, R => {
                    // SAFETY: `count` rows from `start` lie within w, `height` rows from `first` within d.
                    let sums = unsafe { tile::<L, R>(l, at, count) };
                    for (r, sums) in sums.into_iter().enumerate() {
                        let a = &self.a.row(first + r)[start..start + count];
                        let dx = &mut self.dx.row_mut(first + r)[start..start + count];
                        for ((dx, a), s) in dx.iter_mut().zip(a).zip(sums) {
                            *dx = if *a > 0.0 { s } else { self.slope * s };
                        }
                    }
                });
            }
        }
    }
}

/// Inner products of `R` rows of d with `count` <= four rows of w. Missing rows repeat the first.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize>(l: L, at: At, count: usize) -> [[f32; WIDE]; R] {
    let mut sums = [[l.splat(0.0); WIDE]; R];
    let row: [*const f32; WIDE] =
        core::array::from_fn(|i| at.w.wrapping_add(if i < count { i * at.ws } else { 0 }));
    let mut o = 0;
    while o + L::N <= at.outputs {
        // SAFETY: o.. + N lies within the columns.
        unsafe {
            let w: [L::V; WIDE] = core::array::from_fn(|i| l.load(row[i].add(o)));
            for (r, sums) in sums.iter_mut().enumerate() {
                let d = l.load(at.d.add(r * at.ds + o));
                for (s, w) in sums.iter_mut().zip(w) {
                    *s = l.fma(d, w, *s);
                }
            }
        }
        o += L::N;
    }
    if o < at.outputs {
        let mask = l.mask(at.outputs - o);
        // SAFETY: the lanes of the mask lie within the columns.
        unsafe {
            let w: [L::V; WIDE] = core::array::from_fn(|i| l.load_masked(row[i].add(o), mask));
            for (r, sums) in sums.iter_mut().enumerate() {
                let d = l.load_masked(at.d.add(r * at.ds + o), mask);
                for (s, w) in sums.iter_mut().zip(w) {
                    *s = l.fma(d, w, *s);
                }
            }
        }
    }
    sums.map(|s| l.sums(s))
}
