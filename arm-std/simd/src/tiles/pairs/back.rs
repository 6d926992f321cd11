//! dx = act'(a) (d w^T) with terms multiplied in [pairs](crate::tiles::pairs): tiles of inner products, whose pairs are vectors.

use crate::lanes::activate;
use crate::lanes::{Lanes, WIDE};
use crate::tiles::pairs::{rows_from, scale};
use crate::tiles::panel::Panel;
use crate::tiles::{split, with_height};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};
use core::mem::MaybeUninit;

/// Rows of d of a tile, and of w: the sums and what a step reads of w fill the registers.
const ROWS: usize = 5;
const ACROSS: usize = 3;

/// Terms that are packed at a time: with as many of w they fit in the first cache.
const TERMS: usize = 832;

/// Rows of w whose sums are kept at a time.
const INPUTS: usize = 256;

/// Room for their sums: three at a time are written with one element too many.
const ROOM: usize = INPUTS + WIDE;

/// Whether there are enough terms for a pair of vectors and one more.
pub(crate) fn pays(outputs: usize, lanes: usize) -> bool {
    outputs >= 3 * lanes
}

/// Terms of some rows of d, each row scaled, and sums of a block of dx.
#[repr(align(64))]
struct Block {
    /// Written before it is read.
    d: [[MaybeUninit<f32>; TERMS]; ROWS],
    /// Sums of the products within the pairs of a row of d.
    own: [f32; ROWS.next_multiple_of(WIDE)],
    /// What undoes the scale.
    inverse: [f32; ROWS],
    /// Sums of the products within the pairs of a row of w.
    shared: [f32; ROOM],
    /// Sums of a block of dx.
    sums: [[f32; ROOM]; ROWS],
}

/// See [`Kernels::back`](arm_core::kernels::Kernels::back).
#[inline(always)]
pub(crate) fn back<L: Lanes>(
    l: L,
    w: Matrix<'_>,
    d: Matrix<'_>,
    a: Matrix<'_>,
    activation: Activation,
    mut dx: MatrixMut<'_>,
) {
    let outputs = d.cols();
    let inputs = dx.cols().min(a.cols()).min(w.height());
    let rows = d.height().min(a.height()).min(dx.height());
    assert!(w.cols() >= outputs);
    let (ws, w) = (w.stride(), Panel::new(w.data()));
    let mut block = Block {
        d: [const { [MaybeUninit::uninit(); TERMS] }; ROWS],
        own: [0.0; ROWS.next_multiple_of(WIDE)],
        inverse: [0.0; ROWS],
        shared: [0.0; ROOM],
        sums: [[0.0; ROOM]; ROWS],
    };
    for (start, inputs) in split(inputs, INPUTS) {
        let columns = start..start + inputs;
        for (first, terms) in split(outputs, TERMS) {
            let w = w.from(start * ws + first);
            for (row, height) in split(rows, ROWS) {
                block.fill(l, d, row, height, first, terms);
                with_height!(height, ROWS, R => {
                    // SAFETY: `inputs` rows of `terms` elements lie within w, a group behind each sum within the block;
                    // `height` packed rows have `terms` elements and zeros to a whole vector.
                    unsafe {
                        if row == 0 {
                            block.products_of_rows(l, w, ws, inputs, terms);
                        }
                        block.tiles::<L, R>(l, w, ws, inputs, terms);
                    }
                });
                for r in 0..height {
                    let (own, inverse) = (block.own[r], block.inverse[r]);
                    let (a, dx) =
                        (&a.row(row + r)[columns.clone()], &mut dx.row_mut(row + r)[columns.clone()]);
                    for (((dx, a), sum), shared) in
                        dx.iter_mut().zip(a).zip(&block.sums[r]).zip(&block.shared)
                    {
                        let rest = (sum - (shared + own)) * inverse;
                        let before = if first == 0 { 0.0 } else { *dx };
                        *dx = before + activate::back(activation, *a, rest);
                    }
                }
            }
        }
    }
}

/// The sums of the products within the pairs of four rows.
///
/// # Safety
/// They must be readable for the terms.
#[inline(always)]
unsafe fn products<L: Lanes>(l: L, rows: [Panel<'_>; WIDE], terms: usize) -> [f32; WIDE] {
    let mut sums = [l.splat(0.0); WIDE];
    for k in 0..terms / (3 * L::N) {
        let o = 3 * L::N * k;
        for (sum, row) in sums.iter_mut().zip(rows) {
            let (first, second) = (row.at(o, L::N), row.at(o + L::N, L::N));
            // SAFETY: the caller's.
            *sum = unsafe { l.fma(l.load(first), l.load(second), *sum) };
        }
    }
    l.sums(sums)
}

impl Block {
    /// Packs columns `first..` + `terms` of the rows of `d` from `start`.
    #[inline(always)]
    fn fill<L: Lanes>(
        &mut self,
        l: L,
        d: Matrix<'_>,
        start: usize,
        height: usize,
        first: usize,
        terms: usize,
    ) {
        for r in 0..height {
            let from = &d.row(start + r)[first..first + terms];
            let (scale, inverse) = scale(from);
            self.inverse[r] = inverse;
            let (to, rest) = self.d[r].split_at_mut(terms);
            for (to, d) in to.iter_mut().zip(from) {
                to.write(scale * d);
            }
            rest[..terms.next_multiple_of(L::N) - terms].fill(MaybeUninit::new(0.0));
        }
        for r in (0..height).step_by(WIDE) {
            let rows = rows_from(Panel::new(&self.d), TERMS, r, height);
            // SAFETY: the rows have `terms` elements.
            let sums = unsafe { products(l, rows, terms) };
            self.own[r..r + WIDE].copy_from_slice(&sums);
        }
    }

    /// Sums of the products within the pairs of `inputs` rows of w.
    ///
    /// # Safety
    /// `inputs` rows of `terms` elements, `ws` apart, must be readable from `w`.
    #[inline(always)]
    unsafe fn products_of_rows<L: Lanes>(
        &mut self,
        l: L,
        w: Panel<'_>,
        ws: usize,
        inputs: usize,
        terms: usize,
    ) {
        for i in (0..inputs).step_by(WIDE) {
            // SAFETY: the caller's.
            let sums = unsafe { products(l, rows_from(w, ws, i, inputs), terms) };
            self.shared[i..i + WIDE].copy_from_slice(&sums);
        }
    }

    /// Sums of `R` packed rows for `inputs` rows of w.
    ///
    /// # Safety
    /// `inputs` rows of `terms` elements, `ws` apart, must be readable from `w`, and `R` rows be packed.
    #[inline(always)]
    unsafe fn tiles<L: Lanes, const R: usize>(
        &mut self,
        l: L,
        w: Panel<'_>,
        ws: usize,
        inputs: usize,
        terms: usize,
    ) {
        for i in (0..inputs).step_by(ACROSS) {
            // SAFETY: the caller's; a group of sums fits behind the last one of a row.
            unsafe {
                let rows = rows_from(w, ws, i, inputs);
                let tile = tile::<L, R>(l, rows, Panel::new(&self.d), terms);
                for ([x, y, z], to) in tile.into_iter().zip(&mut self.sums) {
                    to[i..i + WIDE].copy_from_slice(&l.sums([x, y, z, z]));
                }
            }
        }
    }
}

/// Lane sums of the products of `R` packed rows with three rows of w.
///
/// # Safety
/// The rows must be readable for the terms, and `R` rows be packed at `d`, with zeros to a whole vector.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize>(
    l: L,
    rows: [Panel<'_>; ACROSS],
    d: Panel<'_>,
    terms: usize,
) -> [[L::V; ACROSS]; R] {
    let mut sums = [[l.splat(0.0); ACROSS]; R];
    let mut o = 0;
    // SAFETY: the caller's; packed rows have zeros behind their terms.
    unsafe {
        for _ in 0..terms / (3 * L::N) {
            let mut w = [[l.splat(0.0); 3]; ACROSS];
            for (w, row) in w.iter_mut().zip(rows) {
                for (k, w) in w.iter_mut().enumerate() {
                    *w = l.load(row.at(o + k * L::N, L::N));
                }
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let d = d.from(r * TERMS + o);
                let (d0, d1) = (l.load(d.at(0, L::N)), l.load(d.at(L::N, L::N)));
                let one = l.load(d.at(2 * L::N, L::N));
                for (sum, [w0, w1, w2]) in sums.iter_mut().zip(w) {
                    *sum = l.fma(one, w2, *sum);
                    l.fma_to(l.add(d0, w1), l.add(d1, w0), sum);
                }
            }
            o += 3 * L::N;
        }
        while o < terms {
            let lanes = L::N.min(terms - o);
            let mask = l.mask(lanes);
            let mut w = [l.splat(0.0); ACROSS];
            for (w, row) in w.iter_mut().zip(rows) {
                *w = l.load_masked(row.at(o, lanes), mask);
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let d = l.load(d.at(r * TERMS + o, L::N));
                for (sum, w) in sums.iter_mut().zip(w) {
                    *sum = l.fma(d, w, *sum);
                }
            }
            o += L::N;
        }
    }
    sums
}
