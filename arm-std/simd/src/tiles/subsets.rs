//! y = act(x w + bias) for rows of packed bits of which many are set: the sums of w over each subset of four inputs
//! (method of Four Russians) serve all rows of a tile, and four inputs then take one addition a row.

use crate::lanes::Lanes;
use crate::lanes::activate::activated;
use crate::tiles::lists::{WIDEST, used};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::sum::{load, store};
use crate::tiles::{ColumnPanel, panels, with_width};
use arm_core::Activation;
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};

/// Inputs of a group.
const GROUP: usize = 4;
/// Subsets of a group.
const SUBSETS: usize = 1 << GROUP;
/// Rows of the tallest tile, whose sums stay in registers.
pub(crate) const TALL: usize = 25;
/// Groups whose subsets are kept.
const GROUPS: usize = 64;
/// Lanes of a vector.
const WIDTH: usize = 16;

/// Whether tables take less time than a list of what is set. It is so for each row on its own, whatever other rows there
/// are, so that the order of its sum is always the same.
#[inline(always)]
pub(crate) fn pays<L: Lanes>(x: BitMatrix<'_>, row: usize) -> bool {
    let words = x.row(row).iter().enumerate();
    let ones: u32 = words.map(|(i, &word)| used(word, x.cols() - 32 * i).count_ones()).sum();
    L::SUBSETS && 8 * ones as usize > 3 * x.cols()
}

/// At most [`TALL`] rows of a layer.
pub(crate) struct Tile<'a> {
    w: Matrix<'a>,
    x: BitMatrix<'a>,
    rows: &'a [usize],
    activation: Activation,
    /// The first element of y, and the distance to the next row.
    y: PanelMut<'a>,
    stride: usize,
    outputs: usize,
    /// Whether to ask the memory for w.
    ask: bool,
}

/// The sum of a vector of columns over each subset of a group, whose members are the bits of the index.
type Table = [[f32; WIDTH]; SUBSETS];

/// The columns of a group's rows that a table is filled from.
struct Group<'a> {
    /// The first of the first row, and the distance to the next row.
    w: Panel<'a>,
    stride: usize,
    /// Rows that are left, of which a group takes four.
    rest: usize,
    /// Columns.
    lanes: usize,
}

/// Two tables: the next one is filled while the first is read, so that no load waits for a store.
#[repr(align(64))]
struct Tables([Table; 2]);

/// Where in the tables the sum for each group of a row lies.
type Places = [u16; GROUPS];

impl<'a> Tile<'a> {
    /// These rows of y. Panics if they lie outside of x or y, or if w has too few rows or columns.
    #[inline(always)]
    pub(crate) fn new(
        w: Matrix<'a>,
        x: BitMatrix<'a>,
        rows: &'a [usize],
        activation: Activation,
        y: &'a mut MatrixMut<'_>,
        ask: bool,
    ) -> Self {
        let (height, stride, outputs) = (y.height(), y.stride(), y.cols());
        assert!(w.height() > x.cols() && w.cols() >= outputs);
        assert!(rows.len() <= TALL && rows.iter().all(|&row| row < height));
        Tile { w, x, rows, activation, y: PanelMut::new(y.data_mut()), stride, outputs, ask }
    }

    /// Computes them.
    #[inline(always)]
    pub(crate) fn run<L: Lanes>(&self, l: L) {
        match self.rows.len() {
            // Fewer than what tables are worth.
            0..9 => self.one_by_one(l),
            9..14 => self.together::<L, 13>(l),
            14..18 => self.together::<L, 17>(l),
            _ => self.together::<L, TALL>(l),
        }
    }

    /// Nine rows or more, with tables.
    #[inline(always)]
    fn together<L: Lanes, const R: usize>(&self, l: L) {
        let (inputs, stride) = (self.x.cols(), self.w.stride());
        let w = Panel::new(self.w.data());
        // Rows that are missing repeat the last.
        let rows: [usize; R] = core::array::from_fn(|r| self.rows[r.min(self.rows.len() - 1)]);
        let mut places = [[0; GROUPS]; R];
        // The first of each table stays the sum over no input: -0, which changes no sum.
        let mut tables = Tables([[[-0.0; WIDTH]; SUBSETS]; 2]);
        if self.ask {
            w.prefetch_rows(l, stride, inputs, 1);
        }
        for first in (0..inputs).step_by(GROUPS * GROUP) {
            let count = (GROUPS * GROUP).min(inputs - first);
            let groups = count.div_ceil(GROUP);
            for (places, row) in places.iter_mut().zip(rows) {
                place(&self.x.row(row)[first / 32..], inputs - first, places);
            }
            let end = first + count == inputs;
            for column in (0..self.outputs).step_by(L::N) {
                let lanes = L::N.min(self.outputs - column);
                let (bias, w) = (w.from(inputs * stride + column), w.from(first * stride + column));
                let (y, mask) = (self.y.from(column), l.mask(lanes));
                let mut sums = [l.splat(0.0); R];
                // SAFETY: what `new` asserts; a place is within the tables.
                unsafe {
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        let before = if first == 0 { bias } else { y.from(row * self.stride).as_panel() };
                        *sum = l.load_masked(before.at(0, lanes), mask);
                    }
                    tables.fill(l, 0, Group { w, stride, rest: count, lanes }, self.ask);
                    for g in 0..groups {
                        if g + 1 < groups {
                            let below = (g + 1) * GROUP;
                            let (w, rest) = (w.from(below * stride), count - below);
                            tables.fill(l, g + 1, Group { w, stride, rest, lanes }, self.ask);
                        }
                        let tables = Panel::new(&tables.0);
                        for (sum, places) in sums.iter_mut().zip(&places) {
                            let at = usize::from(*places.get_unchecked(g));
                            *sum = l.add(l.load(tables.at(at, L::N)), *sum);
                        }
                    }
                    for (sum, row) in sums.into_iter().zip(rows) {
                        let sum = if end && !self.activation.is_linear() {
                            activated(l, self.activation, sum)
                        } else {
                            sum
                        };
                        l.store_masked(y.at(row * self.stride, lanes), sum, mask);
                    }
                }
            }
        }
    }

    /// The same sums without tables.
    #[inline(always)]
    fn one_by_one<L: Lanes>(&self, l: L) {
        let (inputs, stride) = (self.x.cols(), self.w.stride());
        for ColumnPanel { start, vectors, lanes } in panels(self.outputs, L::N, WIDEST) {
            let (w, y, mask) = (Panel::new(self.w.data()).from(start), self.y.from(start), l.mask(lanes));
            for &row in self.rows {
                with_width!(vectors, WIDEST, C => {
                    // SAFETY: what `new` asserts; set bits are below `inputs`.
                    unsafe {
                        let mut sums: [L::V; C] = load(l, w.from(inputs * stride), lanes, mask);
                        for (i, &word) in self.x.row(row).iter().enumerate() {
                            let word = used(word, inputs - 32 * i);
                            for first in (0..32).step_by(GROUP) {
                                let mut subset = word >> first & (SUBSETS as u32 - 1);
                                let mut group = [l.splat(-0.0); C];
                                while subset != 0 {
                                    let input = 32 * i + first + subset.trailing_zeros() as usize;
                                    let row: [L::V; C] = load(l, w.from(input * stride), lanes, mask);
                                    for (group, row) in group.iter_mut().zip(row) {
                                        *group = l.add(*group, row);
                                    }
                                    subset &= subset - 1;
                                }
                                for (sum, group) in sums.iter_mut().zip(group) {
                                    *sum = l.add(group, *sum);
                                }
                            }
                        }
                        if !self.activation.is_linear() {
                            for sum in &mut sums {
                                *sum = activated(l, self.activation, *sum);
                            }
                        }
                        store(l, y.from(row * self.stride), lanes, sums);
                    }
                });
            }
        }
    }
}

impl Tables {
    /// Fills the table of group `g`.
    ///
    /// # Safety
    /// The lanes of the group must be readable in its rows.
    #[inline(always)]
    unsafe fn fill<L: Lanes>(&mut self, l: L, g: usize, group: Group<'_>, ask: bool) {
        let Group { w, stride, rest, lanes } = group;
        let (table, mask) = (&mut self.0[g & 1], l.mask(lanes));
        let mut sums = [l.splat(-0.0); SUBSETS];
        for e in 0..GROUP {
            if ask {
                w.prefetch(l, e * stride + L::N);
            }
            let row = || w.at(e * stride, lanes);
            // SAFETY: the caller's.
            let v = if e < rest { unsafe { l.load_masked(row(), mask) } } else { l.splat(0.0) };
            for subset in 0..1 << e {
                let sum = l.add(sums[subset], v);
                sums[subset | 1 << e] = sum;
                l.write(&mut table[subset | 1 << e], sum);
            }
        }
    }
}

/// The places for the bits of some words.
#[inline(always)]
fn place(words: &[u32], bits: usize, places: &mut Places) {
    for (i, (&word, places)) in words.iter().zip(places.as_chunks_mut::<8>().0).enumerate() {
        let word = used(word, bits - 32 * i);
        for (g, place) in places.iter_mut().enumerate() {
            let subset = (word >> (GROUP * g)) as usize & (SUBSETS - 1);
            *place = (((g & 1) * SUBSETS + subset) * WIDTH) as u16;
        }
    }
}
