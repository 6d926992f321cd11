//! y = act(x w + bias) for rows of few packed bits: as in [sums of subsets](super::subsets), whose tables here lie in
//! the first cache all together, so that any number of rows is summed in one loop. The sums are those of that tile.

use super::lists::used;
use super::panels;
use super::sum::{load, store};
use crate::lanes::Lanes;
use arm_core::matrix::BitMatrix;
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

/// For each group and subset, whose members are the bits of its index, the sums of the vectors of a panel.
#[repr(align(64))]
struct Tables(MaybeUninit<[f32; INPUTS / GROUP * SUBSETS * WIDEST * 16]>);

/// Where the weights and the results are: first elements and distances of rows.
#[derive(Clone, Copy)]
pub(crate) struct Few<'a> {
    pub(crate) w: *const f32,
    pub(crate) ws: usize,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) slope: f32,
    pub(crate) y: *mut f32,
    pub(crate) ys: usize,
    pub(crate) rows: usize,
    pub(crate) outputs: usize,
}

impl Few<'_> {
    /// Its y.
    ///
    /// # Safety
    /// There must be `rows` rows of one word in x and of `outputs` floats in y, and in w one of as many for each input and
    /// one of biases.
    #[inline(always)]
    pub(crate) unsafe fn run<L: Lanes>(self, l: L) {
        let mut tables = Tables(MaybeUninit::uninit());
        for (start, vectors, lanes) in panels(self.outputs, L::N, WIDEST) {
            let panel = Few { w: self.w.wrapping_add(start), y: self.y.wrapping_add(start), ..self };
            // SAFETY: the caller's; the panel lies within the columns.
            unsafe {
                match vectors {
                    2 => panel.panel::<L, 2>(l, &mut tables, lanes),
                    _ => panel.panel::<L, 1>(l, &mut tables, lanes),
                }
            }
        }
    }

    /// The columns of a panel, the last vector with `lanes` lanes.
    ///
    /// # Safety
    /// That of [`run`](Self::run), for these columns.
    #[inline(always)]
    unsafe fn panel<L: Lanes, const C: usize>(self, l: L, tables: &mut Tables, lanes: usize) {
        let (inputs, table) = (self.x.cols(), tables.0.as_mut_ptr().cast::<f32>());
        let groups = inputs.div_ceil(GROUP);
        // SAFETY: the caller's; there is room for each group, subset and vector.
        unsafe {
            for g in 0..groups {
                for c in 0..C {
                    let at = table.add(g * SUBSETS * C * L::N + c * L::N);
                    let mask = l.mask(if c + 1 < C { L::N } else { lanes });
                    // The sum over no input is -0, which changes no sum.
                    let mut sums = [l.splat(-0.0); SUBSETS];
                    l.store(at, sums[0]);
                    for e in 0..GROUP.min(inputs - g * GROUP) {
                        let row = self.w.add((g * GROUP + e) * self.ws + c * L::N);
                        let v = l.load_masked(row, mask);
                        for subset in 0..1 << e {
                            let sum = l.add(sums[subset], v);
                            sums[subset | 1 << e] = sum;
                            l.store(at.add((subset | 1 << e) * C * L::N), sum);
                        }
                    }
                }
            }
            let bias: [L::V; C] = load(l, self.w.add(inputs * self.ws), l.mask(lanes));
            for n in 0..self.rows {
                let mut word = used(*self.x.data().get_unchecked(n), inputs) as usize;
                let (mut sums, mut table) = (bias, table.cast_const());
                for _ in 0..groups {
                    let at = table.add((word & (SUBSETS - 1)) * C * L::N);
                    for (c, sum) in sums.iter_mut().enumerate() {
                        *sum = l.add(l.load(at.add(c * L::N)), *sum);
                    }
                    word >>= GROUP;
                    table = table.add(SUBSETS * C * L::N);
                }
                if self.slope != 1.0 {
                    for sum in &mut sums {
                        *sum = l.activate(self.slope, *sum);
                    }
                }
                store(l, self.y.add(n * self.ys), lanes, sums);
            }
        }
    }
}
