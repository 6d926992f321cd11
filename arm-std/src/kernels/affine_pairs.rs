//! y = act(x w + bias) with terms multiplied in [pairs](super::pairs).

use super::lanes::{Lanes, ask};
use super::pairs::scale;
use super::{split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// Terms that are packed at a time.
const TERMS: usize = 208;

/// Rows of a tile, which are packed together: beside them a panel of w fits in the first cache.
const ROWS: usize = 18;

/// Whether a product of this size is worth a copy of x, and has whole vectors in each row of w.
pub(super) fn pays(inputs: usize, outputs: usize, lanes: usize) -> bool {
    inputs >= 32 && outputs >= lanes
}

/// Terms of some rows of x, each row scaled.
#[repr(align(64))]
struct Packed {
    x: [[f32; TERMS]; ROWS],
    /// Sums of the products within the pairs of a row.
    own: [f32; ROWS],
    /// What undoes the scale.
    inverse: [f32; ROWS],
}

impl Packed {
    /// Packs columns `first..` + `terms` of the rows from `start`.
    #[inline(always)]
    fn fill(&mut self, x: Matrix<'_>, start: usize, rows: usize, first: usize, terms: usize) {
        // Row after row in each loop, and not all that is to be done for a row: no row then waits for itself.
        let columns = first..first + terms;
        let mut scales = [0.0; ROWS];
        for (r, (own, inverse)) in scales.iter_mut().zip(&mut self.inverse).enumerate().take(rows) {
            (*own, *inverse) = scale(&x.row(start + r)[columns.clone()]);
        }
        for (r, (to, scale)) in self.x.iter_mut().zip(scales).enumerate().take(rows) {
            for (to, x) in to.iter_mut().zip(&x.row(start + r)[columns.clone()]) {
                *to = scale * x;
            }
        }
        for (own, x) in self.own.iter_mut().zip(&self.x).take(rows) {
            *own = products(&x[..terms / 3 * 2]);
        }
    }
}

/// The sum of the products within pairs.
#[inline(always)]
fn products(x: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (blocks, rest) = x.as_chunks::<16>();
    for block in blocks {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = block[2 * i].mul_add(block[2 * i + 1], *sum);
        }
    }
    for (sum, [x0, x1]) in sums.iter_mut().zip(rest.as_chunks().0) {
        *sum = x0.mul_add(*x1, *sum);
    }
    sums.iter().sum()
}

/// What a tile reads.
#[derive(Clone, Copy)]
struct Tile {
    /// Packed rows, [`TERMS`] elements apart.
    x: *const f32,
    /// Weights of its panel, rows `stride` apart.
    w: *const f32,
    stride: usize,
    terms: usize,
    /// Whether to ask for the next panel.
    ask: bool,
}

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
#[inline(always)]
pub(super) fn affine<L: Lanes>(l: L, w: Matrix<'_>, x: Matrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
    let (inputs, outputs, rows) = (x.cols(), y.cols(), x.height().min(y.height()));
    assert!(w.height() > inputs && w.cols() >= outputs && outputs >= L::N);
    let (ws, ys) = (w.stride(), y.stride());
    let (w, y) = (w.data().as_ptr(), y.data_mut().as_mut_ptr());
    let mut packed = Packed { x: [[0.0; TERMS]; ROWS], own: [0.0; ROWS], inverse: [0.0; ROWS] };
    for (start, height) in split(rows, ROWS) {
        for (first, terms) in split(inputs, TERMS) {
            packed.fill(x, start, height, first, terms);
            let activate = first + terms == inputs && slope != 1.0;
            if start == 0 {
                ask(l, w.wrapping_add(first * ws), ws, terms, 1);
            }
            for column in (0..outputs).step_by(L::N) {
                let bias = w.wrapping_add(inputs * ws + column);
                let w = w.wrapping_add(first * ws + column);
                let at = Tile { x: packed.x.as_ptr().cast(), w, stride: ws, terms, ask: start == 0 };
                let y = y.wrapping_add(start * ys + column);
                with_height!(height, ROWS, R => {
                    // SAFETY: `terms` rows from `first` and the row of biases lie within w, the rows before the biases
                    // have a vector from `column` because another row follows them, `height` rows lie within the packed
                    // ones, as many from `start` within y, and the lanes of the mask within w and y.
                    unsafe {
                        let mask = l.mask(L::N.min(outputs - column));
                        let (mut sums, shared) = sums::<L, R>(l, at);
                        for (i, sum) in sums.iter_mut().enumerate() {
                            let rest = l.sub(*sum, l.add(shared, l.splat(packed.own[i])));
                            let before = if first == 0 { bias } else { y.wrapping_add(i * ys) };
                            *sum = l.fma(rest, l.splat(packed.inverse[i]), l.load_masked(before, mask));
                        }
                        if activate {
                            for sum in &mut sums {
                                *sum = l.activate(slope, *sum);
                            }
                        }
                        for (i, sum) in sums.into_iter().enumerate() {
                            l.store_masked(y.wrapping_add(i * ys), sum, mask);
                        }
                    }
                });
            }
        }
    }
}

/// Sums over the terms of `R` rows, with the products within the pairs of w, which are in the second value.
#[inline(always)]
unsafe fn sums<L: Lanes, const R: usize>(l: L, at: Tile) -> ([L::V; R], L::V) {
    let (mut sums, mut shared) = ([l.splat(0.0); R], l.splat(0.0));
    let pairs = at.terms / 3;
    let (mut x, mut w) = (at.x, at.w);
    // What is in no pair lies behind the pairs.
    let (mut x_one, mut w_one) = (x.wrapping_add(2 * pairs), w.wrapping_add(2 * pairs * at.stride));
    // SAFETY: the caller's; a third of the terms is in no pair, or up to two more.
    unsafe {
        for _ in 0..pairs {
            let second = w.wrapping_add(at.stride);
            let (w0, w1, one) = (l.load(w), l.load(second), l.load(w_one));
            if at.ask {
                for w in [w, second, w_one] {
                    l.prefetch(w.wrapping_add(L::N));
                }
            }
            shared = l.fma(w0, w1, shared);
            // In two loops, which the compiler unrolls where it leaves one as it is.
            let (top, bottom) = sums.split_at_mut(R / 2);
            add(l, top, [x, x_one], [w0, w1, one]);
            let below = R / 2 * TERMS;
            add(l, bottom, [x.wrapping_add(below), x_one.wrapping_add(below)], [w0, w1, one]);
            (x, w) = (x.wrapping_add(2), w.wrapping_add(2 * at.stride));
            (x_one, w_one) = (x_one.wrapping_add(1), w_one.wrapping_add(at.stride));
        }
        for _ in 3 * pairs..at.terms {
            let one = l.load(w_one);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = l.fma(l.splat(*x_one.add(r * TERMS)), one, *sum);
            }
            (x_one, w_one) = (x_one.wrapping_add(1), w_one.wrapping_add(at.stride));
        }
    }
    (sums, shared)
}

/// Adds a pair of terms and a single one to the sums of rows.
#[inline(always)]
unsafe fn add<L: Lanes>(l: L, sums: &mut [L::V], [x, x_one]: [*const f32; 2], [w0, w1, one]: [L::V; 3]) {
    for (r, sum) in sums.iter_mut().enumerate() {
        let at = r * TERMS;
        // SAFETY: the caller's.
        let (x0, x1, x2) = unsafe { (l.splat(*x.add(at)), l.splat(*x.add(at + 1)), l.splat(*x_one.add(at))) };
        *sum = l.fma(x2, one, *sum);
        l.fma_to(l.add(x0, w1), l.add(x1, w0), sum);
    }
}
