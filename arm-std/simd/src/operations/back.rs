//! dx = act'(a) (d w^T): tiles of inner products, four rows of w at a time.

use crate::lanes::{Lanes, Op, WIDE};
use crate::tiles::{back_pairs, split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::back`](arm_core::kernels::Kernels::back).
pub(crate) struct Back<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) d: Matrix<'a>,
    pub(crate) a: Matrix<'a>,
    pub(crate) slope: f32,
    pub(crate) dx: MatrixMut<'a>,
}

/// Elements of a row of dx that are summed at a time.
const INPUTS: usize = 256;

/// Rows of the tallest tile of any vector unit.
const MOST: usize = 6;

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
        if const { L::PAIRS } && l.pairs() && back_pairs::pays(outputs, L::N) {
            return back_pairs::back(l, self.w, self.d, self.a, self.slope, self.dx);
        }
        let inputs = self.dx.cols().min(self.a.cols()).min(self.w.height());
        let rows = self.d.height().min(self.a.height()).min(self.dx.height());
        assert!(self.w.cols() >= outputs);
        let (ws, ds) = (self.w.stride(), self.d.stride());
        let (w, d) = (self.w.data().as_ptr(), self.d.data().as_ptr());
        const { assert!(L::DOTS <= MOST && INPUTS.is_multiple_of(WIDE)) }
        let mut block = [[0.0; INPUTS]; MOST];
        for (first, height) in split(rows, L::DOTS) {
            for (start, inputs) in split(inputs, INPUTS) {
                with_height!(height, L::DOTS, R => {
                    for i in (0..inputs).step_by(WIDE) {
                        let w = w.wrapping_add((start + i) * ws);
                        let at = At { w, ws, d: d.wrapping_add(first * ds), ds, outputs };
                        // SAFETY: the rows of w from `start + i`, up to four of `inputs`, lie within it, `height` rows
                        // from `first` within d, and four elements from `i` within a row of the block.
                        unsafe {
                            let tile = tile::<L, R>(l, at, WIDE.min(inputs - i));
                            for (sums, to) in tile.into_iter().zip(&mut block) {
                                l.store_sums(to.as_mut_ptr().add(i), l.sums(sums));
                            }
                        }
                    }
                });
                for (r, sums) in block.iter().enumerate().take(height) {
                    let a = &self.a.row(first + r)[start..start + inputs];
                    let dx = &mut self.dx.row_mut(first + r)[start..start + inputs];
                    for ((dx, sum), a) in dx.iter_mut().zip(sums).zip(a) {
                        *dx = if *a > 0.0 { *sum } else { self.slope * sum };
                    }
                }
            }
        }
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
