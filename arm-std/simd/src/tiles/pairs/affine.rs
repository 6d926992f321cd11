//! y = act(x w + bias) with terms multiplied in [pairs](crate::tiles::pairs).

use crate::lanes::activate::activated;
use crate::lanes::{Lanes, WIDE};
use crate::tiles::pairs::{rows_from, scale};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::{split, with_height};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};
use core::mem::MaybeUninit;

/// Terms that are packed at a time.
const TERMS: usize = 208;

/// Rows of a tile, which are packed together: beside them a panel of w fits in the first cache.
const ROWS: usize = 18;

/// Columns of w whose products within pairs are kept at a time.
const COLUMNS: usize = 1024;

/// Whether a product of this size is worth a copy of x, and has whole vectors in each row of w.
pub(crate) fn pays(inputs: usize, outputs: usize, lanes: usize) -> bool {
    inputs >= 32 && outputs >= lanes
}

/// Terms of some rows of x, each row scaled, and sums of products. What is large is written before it is read: to zero it
/// would drive small layers out of the first cache.
#[repr(align(64))]
struct Packed {
    x: [[MaybeUninit<f32>; TERMS]; ROWS],
    /// Sums of the products within the pairs of a column of w.
    shared: MaybeUninit<[f32; COLUMNS]>,
    /// Sums of the products within the pairs of a row.
    own: [f32; ROWS.next_multiple_of(WIDE)],
    /// What undoes the scale.
    inverse: [f32; ROWS],
}

impl Packed {
    /// Packs columns `first..` + `terms` of the rows from `start`.
    #[inline(always)]
    fn fill<L: Lanes>(&mut self, l: L, x: Matrix<'_>, start: usize, rows: usize, first: usize, terms: usize) {
        // Row after row in each loop, and not all that is to be done for a row: no row then waits for itself.
        let columns = first..first + terms;
        let mut scales = [0.0; ROWS];
        for (r, (to, inverse)) in scales.iter_mut().zip(&mut self.inverse).enumerate().take(rows) {
            (*to, *inverse) = scale(&x.row(start + r)[columns.clone()]);
        }
        for (r, (to, scale)) in self.x.iter_mut().zip(scales).enumerate().take(rows) {
            for (to, x) in to.iter_mut().zip(&x.row(start + r)[columns.clone()]) {
                to.write(scale * x);
            }
        }
        for r in (0..rows).step_by(WIDE) {
            let four = rows_from(Panel::new(&self.x), TERMS, r, rows);
            // SAFETY: a row has two terms for each pair.
            let sums = unsafe { products(l, four, terms / 3) };
            self.own[r..r + WIDE].copy_from_slice(&sums);
        }
    }
}

/// The sums of the products within the pairs of four rows.
///
/// # Safety
/// They must be readable for the terms of the pairs.
#[inline(always)]
unsafe fn products<L: Lanes>(l: L, rows: [Panel<'_>; WIDE], pairs: usize) -> [f32; WIDE] {
    let mut sums = [l.splat(0.0); WIDE];
    for k in (0..pairs).step_by(L::N) {
        let lanes = L::N.min(pairs - k);
        let mask = l.mask(lanes);
        for (sum, row) in sums.iter_mut().zip(rows) {
            let (first, second) = (row.at(k, lanes), row.at(pairs + k, lanes));
            // SAFETY: the caller's.
            *sum = unsafe { l.fma(l.load_masked(first, mask), l.load_masked(second, mask), *sum) };
        }
    }
    l.sums(sums)
}

/// What a tile reads.
#[derive(Clone, Copy)]
struct Tile<'a> {
    /// Packed rows, [`TERMS`] elements apart.
    x: Panel<'a>,
    /// Weights of its panel, rows `stride` apart.
    w: Panel<'a>,
    stride: usize,
    terms: usize,
}

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
#[inline(always)]
pub(crate) fn affine<L: Lanes>(
    l: L,
    w: Matrix<'_>,
    x: Matrix<'_>,
    activation: Activation,
    mut y: MatrixMut<'_>,
) {
    let (inputs, outputs, rows) = (x.cols(), y.cols(), x.height().min(y.height()));
    assert!(w.height() > inputs && w.cols() >= outputs && outputs >= L::N);
    const { assert!(COLUMNS.is_multiple_of(L::N)) }
    let (ws, ys) = (w.stride(), y.stride());
    let (w, y) = (Panel::new(w.data()), PanelMut::new(y.data_mut()));
    let mut packed = Packed {
        x: [const { [MaybeUninit::uninit(); TERMS] }; ROWS],
        shared: MaybeUninit::uninit(),
        own: [0.0; ROWS.next_multiple_of(WIDE)],
        inverse: [0.0; ROWS],
    };
    for (first, terms) in split(inputs, TERMS) {
        let activate = first + terms == inputs && !activation.is_linear();
        for left in (0..outputs).step_by(COLUMNS) {
            let (w, y) = (w.from(left), y.from(left));
            for (start, height) in split(rows, ROWS) {
                packed.fill(l, x, start, height, first, terms);
                if start == 0 {
                    w.from(first * ws).prefetch_rows(l, ws, terms, 1);
                }
                for column in (0..COLUMNS.min(outputs - left)).step_by(L::N) {
                    let bias = w.from(inputs * ws + column);
                    let w = w.from(first * ws + column);
                    let at = Tile { x: Panel::new(&packed.x), w, stride: ws, terms };
                    let y = y.from(start * ys + column);
                    let shared = PanelMut::new(&mut packed.shared).from(column).at(0, L::N);
                    if start == 0 {
                        // SAFETY: as below.
                        unsafe { l.store(shared, products_of_panel(l, at)) }
                    }
                    with_height!(height, ROWS, R => {
                        // SAFETY: `terms` rows from `first` and the row of biases lie within w, the rows before the
                        // biases have a vector from the column because another row follows them, `height` rows lie
                        // within the packed ones, as many from `start` within y, and the lanes of the mask within w and
                        // y. There is a vector of products for each of the columns.
                        unsafe {
                            let lanes = L::N.min(outputs - left - column);
                            let mask = l.mask(lanes);
                            let mut sums = sums::<L, R>(l, at);
                            let shared = l.load(shared);
                            for (i, sum) in sums.iter_mut().enumerate() {
                                let rest = l.sub(*sum, l.add(shared, l.splat(packed.own[i])));
                                let before = if first == 0 { bias } else { y.from(i * ys).as_panel() };
                                let before = l.load_masked(before.at(0, lanes), mask);
                                *sum = l.fma(rest, l.splat(packed.inverse[i]), before);
                            }
                            if activate {
                                for sum in &mut sums {
                                    *sum = activated(l, activation, *sum);
                                }
                            }
                            for (i, sum) in sums.into_iter().enumerate() {
                                l.store_masked(y.at(i * ys, lanes), sum, mask);
                            }
                        }
                    });
                }
            }
        }
    }
}

/// The sums of the products within the pairs of w. Asks for the next panel.
///
/// # Safety
/// The tile must have a vector in each of its rows of w.
#[inline(always)]
unsafe fn products_of_panel<L: Lanes>(l: L, at: Tile<'_>) -> L::V {
    let (mut sum, mut w, pairs) = (l.splat(0.0), at.w, at.terms / 3);
    for _ in 0..pairs {
        let three = [0, 1, 2].map(|k| w.from(k * pairs * at.stride));
        // SAFETY: the caller's.
        sum = unsafe { l.fma(l.load(three[0].at(0, L::N)), l.load(three[1].at(0, L::N)), sum) };
        for w in three {
            w.prefetch(l, L::N);
        }
        w = w.from(at.stride);
    }
    sum
}

/// Sums over the terms of `R` rows.
///
/// # Safety
/// The tile must have `R` packed rows and a vector in each of its rows of w.
#[inline(always)]
unsafe fn sums<L: Lanes, const R: usize>(l: L, at: Tile<'_>) -> [L::V; R] {
    let mut sums = [l.splat(0.0); R];
    let pairs = at.terms / 3;
    // The two terms of a pair lie as far apart as there are pairs; terms in no pair lie behind all of them.
    let (below, apart) = (R / 2 * TERMS, pairs * at.stride);
    let (mut x, mut w) = ([0, pairs, 2 * pairs].map(|k| at.x.from(k)), at.w);
    let mut w_one = w.from(2 * apart);
    // SAFETY: the caller's; a third of the terms is in no pair, or up to two more.
    unsafe {
        for _ in 0..pairs {
            let (w0, w1, one) = (l.load(w.at(0, L::N)), l.load(w.at(apart, L::N)), l.load(w_one.at(0, L::N)));
            // In two loops, which the compiler unrolls where it leaves one as it is.
            let (top, bottom) = sums.split_at_mut(R / 2);
            add(l, top, x, [w0, w1, one]);
            add(l, bottom, x.map(|x| x.from(below)), [w0, w1, one]);
            x = x.map(|x| x.from(1));
            (w, w_one) = (w.from(at.stride), w_one.from(at.stride));
        }
        let mut x_one = x[2];
        for _ in 3 * pairs..at.terms {
            let one = l.load(w_one.at(0, L::N));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = l.fma(l.splat(*x_one.at(r * TERMS, 1)), one, *sum);
            }
            (x_one, w_one) = (x_one.from(1), w_one.from(at.stride));
        }
    }
    sums
}

/// Adds a pair of terms and a single one to the sums of rows.
///
/// # Safety
/// Each x must be readable in as many rows as sums.
#[inline(always)]
unsafe fn add<L: Lanes>(l: L, sums: &mut [L::V], x: [Panel<'_>; 3], [w0, w1, one]: [L::V; 3]) {
    for (r, sum) in sums.iter_mut().enumerate() {
        let at = r * TERMS;
        // SAFETY: the caller's.
        let (x0, x1, x2) = unsafe { (*x[0].at(at, 1), *x[1].at(at, 1), *x[2].at(at, 1)) };
        let (x0, x1, x2) = (l.splat(x0), l.splat(x1), l.splat(x2));
        *sum = l.fma(x2, one, *sum);
        l.fma_to(l.add(x0, w1), l.add(x1, w0), sum);
    }
}
