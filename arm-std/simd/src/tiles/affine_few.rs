//! y = act(x w + bias) for rows of few packed bits: as in [sums of subsets](super::subsets), whose tables here lie in
//! the first cache all together, so that any number of rows is summed in one loop. The sums are those of that tile.

use super::lists::used;
use super::panel::{Panel, PanelMut};
use super::sum::{load, store};
use super::{ColumnPanel, panels};
use crate::lanes::Lanes;
use crate::lanes::activate::activated;
use arm_core::Activation;
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use core::mem::MaybeUninit;

/// Most inputs: a word.
pub(crate) const INPUTS: usize = 32;
/// Rows from which on tables are worth their sums.
pub(crate) const ROWS: usize = 6;
/// Inputs of a group.
const GROUP: usize = 4;
/// Subsets of a group.
const SUBSETS: usize = 1 << GROUP;
/// Vectors of a panel.
const WIDEST: usize = 2;

/// For each group and subset, whose members are the bits of its index, the sums of the vectors of a panel. A sum is written
/// before it is read.
#[repr(align(64))]
struct Tables(MaybeUninit<[f32; INPUTS / GROUP * SUBSETS * WIDEST * 16]>);

/// What [`affine_bits`](arm_core::kernels::Kernels::affine_bits) is given.
pub(crate) struct Few<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) activation: Activation,
    pub(crate) y: MatrixMut<'a>,
}

impl Few<'_> {
    /// All of y. Panics if there are too many inputs, or too few rows or columns of something.
    #[inline(always)]
    pub(crate) fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.y.cols());
        assert!(inputs <= INPUTS && self.w.height() > inputs && self.w.cols() >= outputs);
        let words = &self.x.data()[..self.y.height()];
        let (stride, y) = (self.y.stride(), PanelMut::new(self.y.data_mut()));
        let mut tables = Tables(MaybeUninit::uninit());
        for ColumnPanel { start, vectors, lanes } in panels(outputs, L::N, WIDEST) {
            let panel = Columns {
                inputs,
                w: Panel::new(self.w.data()).from(start),
                stride: self.w.stride(),
                activation: self.activation,
                lanes,
            };
            let (table, y) = (PanelMut::new(&mut tables.0), y.from(start));
            // SAFETY: the assertion; a row of x is a word, and for each there is one of y.
            unsafe {
                match vectors {
                    2 => panel.rows::<L, 2>(l, words, table, y, stride),
                    _ => panel.rows::<L, 1>(l, words, table, y, stride),
                }
            }
        }
    }
}

/// Columns of a layer: rows of weights and one of biases, `stride` apart, whose last vector has `lanes` lanes.
#[derive(Clone, Copy)]
struct Columns<'a> {
    inputs: usize,
    w: Panel<'a>,
    stride: usize,
    activation: Activation,
    lanes: usize,
}

impl Columns<'_> {
    /// What these rows have in `C` vectors of columns, in rows of y that are `stride` apart.
    ///
    /// # Safety
    /// At most [`INPUTS`] rows of w and one of biases must be readable in the columns, and a row of y for each of x writable.
    #[inline(always)]
    unsafe fn rows<L: Lanes, const C: usize>(
        self,
        l: L,
        rows: &[u32],
        table: PanelMut<'_>,
        y: PanelMut<'_>,
        stride: usize,
    ) {
        let Columns { inputs, w, stride: ws, activation, lanes } = self;
        let groups = inputs.div_ceil(GROUP);
        // SAFETY: the caller's; there is room for each group, subset and vector.
        unsafe {
            for g in 0..groups {
                for c in 0..C {
                    let at = |subset| table.at(((g * SUBSETS + subset) * C + c) * L::N, L::N);
                    let lanes = if c + 1 < C { L::N } else { lanes };
                    let mask = l.mask(lanes);
                    // The sum over no input is -0, which changes no sum.
                    let mut sums = [l.splat(-0.0); SUBSETS];
                    l.store(at(0), sums[0]);
                    for e in 0..GROUP.min(inputs - g * GROUP) {
                        let row = w.at((g * GROUP + e) * ws + c * L::N, lanes);
                        let v = l.load_masked(row, mask);
                        for subset in 0..1 << e {
                            let sum = l.add(sums[subset], v);
                            sums[subset | 1 << e] = sum;
                            l.store(at(subset | 1 << e), sum);
                        }
                    }
                }
            }
            let bias: [L::V; C] = load(l, w.from(inputs * ws), lanes, l.mask(lanes));
            for (n, &word) in rows.iter().enumerate() {
                let mut word = used(word, inputs) as usize;
                let (mut sums, mut table) = (bias, table.as_panel());
                for _ in 0..groups {
                    let subset = table.from((word & (SUBSETS - 1)) * C * L::N);
                    for (c, sum) in sums.iter_mut().enumerate() {
                        *sum = l.add(l.load(subset.at(c * L::N, L::N)), *sum);
                    }
                    word >>= GROUP;
                    table = table.from(SUBSETS * C * L::N);
                }
                if !activation.is_linear() {
                    for sum in &mut sums {
                        *sum = activated(l, activation, *sum);
                    }
                }
                store(l, y.from(n * stride), lanes, sums);
            }
        }
    }
}
