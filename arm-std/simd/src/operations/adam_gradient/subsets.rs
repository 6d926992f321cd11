//! Adam in the pass that computes the gradient for packed bits of which many are set: the sums of d over each subset of
//! four examples (method of Four Russians) serve all rows of a panel, and four examples then take one addition a row.

use crate::lanes::{Fence, Lanes, Op};
use crate::memory::LINE;
use crate::operations::adam_gradient::bits::{AdamGradientBits, LISTED};
use crate::tiles::lists::masks;
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::rates::Rates;
use crate::tiles::{ColumnPanel, has_rows, panels, split, with_width};
use arm_core::matrix::BitMatrix;
use core::mem::MaybeUninit;

/// Examples of a group.
const GROUP: usize = 4;
/// Groups whose tables lie in the first cache together.
const GROUPS: usize = LISTED / GROUP;
/// Most examples whose groups are kept for a block of rows.
const MOST: usize = 4 * LISTED;
/// Rows of a block: what serves each panel's tables.
const ROWS: usize = 256;
/// Inputs from which on the tables are worth what they take to fill.
const FEWEST: usize = 48;
/// Columns of a panel.
const WIDTH: usize = 2 * LINE;
/// How many rows ahead parameters are asked for.
const AHEAD: usize = 6;

/// Whether set bits are half as many again as groups. All threads must come to the same answer, so it is for the whole
/// matrix.
pub(crate) struct SubsetsPay<'a> {
    pub(crate) x: BitMatrix<'a>,
    pub(crate) examples: usize,
}

impl Op for SubsetsPay<'_> {
    type Out = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, _: L) -> bool {
        let SubsetsPay { x, examples } = self;
        let ones =
            || (0..examples).flat_map(|n| x.row(n)).map(|word| word.count_ones() as usize).sum::<usize>();
        x.cols() >= FEWEST
            && (LISTED / 4..=MOST).contains(&examples)
            && 2 * ones() > 3 * x.cols() * examples.div_ceil(GROUP)
    }
}

/// The sums of subsets, whose members are the bits of the index.
type Table = [MaybeUninit<[f32; WIDTH]>; 1 << GROUP];

/// Tables of a panel of some examples, one for each group.
#[repr(align(64))]
struct Tables([Table; GROUPS]);

impl Tables {
    /// Fills the tables of `count` examples from `n` for `C` vectors from column `start` of d.
    ///
    /// # Safety
    /// The examples and columns must lie within d.
    #[inline(always)]
    unsafe fn fill<L: Lanes, const C: usize>(
        &mut self,
        l: L,
        d: Panel<'_>,
        stride: usize,
        n: usize,
        count: usize,
        start: usize,
    ) {
        for (g, table) in self.0.iter_mut().enumerate().take(count.div_ceil(GROUP)) {
            for c in 0..C {
                let at = c * L::N;
                // SAFETY: the caller's; every sum has WIDTH columns, in which C vectors fit, and is written before it is read.
                unsafe {
                    l.store(PanelMut::new(&mut table[0]).at(at, L::N), l.splat(0.0));
                    for e in 0..GROUP {
                        let example = g * GROUP + e;
                        let row = d.from((n + example) * stride + start);
                        let v = if example < count { l.load(row.at(at, L::N)) } else { l.splat(0.0) };
                        for subset in 0..1 << e {
                            let sum = l.load(Panel::new(&table[subset]).at(at, L::N));
                            let to = PanelMut::new(&mut table[subset | 1 << e]).at(at, L::N);
                            l.store(to, l.add(sum, v));
                        }
                    }
                }
            }
        }
    }
}

/// See [`Kernels::adam_gradient`](arm_core::kernels::Kernels::adam_gradient), where it [`SubsetsPay`].
pub(crate) struct AdamGradientSums<'a>(pub(crate) AdamGradientBits<'a>);

impl Op for AdamGradientSums<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let AdamGradientBits { rates, a, x, first, d, blocks, streaming, mut hint, .. } = self.0;
        let (stride, examples) = (d.stride(), d.height());
        let height = blocks.iter().map(|b| b.len() / stride).min().unwrap_or(0);
        assert!(stride.is_multiple_of(L::N));
        assert!(has_rows(x.cols(), first, height), "rows outside of the layer");
        assert!(examples <= MOST && x.height() >= examples);
        let rates = Rates::new(l, rates, a);
        let (d, blocks) = (Panel::new(d.data()), blocks.map(PanelMut::new));
        d.prefetch_rows(l, stride, examples.min(LISTED), WIDTH / L::N);
        let _fence = if streaming { Some(Fence(l)) } else { None };
        // All three are written before they are read.
        let mut tables = Tables([const { [const { MaybeUninit::uninit() }; 1 << GROUP] }; GROUPS]);
        let mut sums = [const { MaybeUninit::<[f32; WIDTH]>::uninit() }; ROWS];
        let mut subsets = [const { [const { MaybeUninit::<[u16; GROUPS]>::uninit() }; ROWS] }; MOST / LISTED];
        for (block, rows) in split(height, ROWS) {
            for (subsets, n) in subsets.iter_mut().zip((0..examples).step_by(LISTED)) {
                for r in (0..rows).step_by(32) {
                    let on = masks(x, first + block + r, n, LISTED.min(examples - n));
                    for (subsets, on) in subsets[r..rows].iter_mut().zip(on) {
                        let mut row = [0; GROUPS];
                        for (g, subset) in row.iter_mut().enumerate() {
                            let members = on[g * GROUP / 32] >> (g * GROUP % 32) & ((1 << GROUP) - 1);
                            *subset = (g << GROUP | members as usize) as u16;
                        }
                        subsets.write(row);
                    }
                }
            }
            for ColumnPanel { start, vectors, .. } in panels(stride, L::N, WIDTH / L::N) {
                for (subsets, n) in subsets.iter().zip((0..examples).step_by(LISTED)) {
                    let count = LISTED.min(examples - n);
                    let (begin, end) = (n == 0, n + count == examples);
                    // What the next tables are made of, which other threads may have written: an example each row.
                    let (from, column) = if end { (0, start + vectors * L::N) } else { (n + count, start) };
                    let mut next = d.from(from * stride + column);
                    let due = if column < stride { LISTED.min(examples - from) } else { 0 };
                    let at_once = due.saturating_sub(rows);
                    next.prefetch_rows(l, stride, at_once, vectors);
                    next = next.from(at_once * stride);
                    with_width!(vectors, WIDTH / L::N, C => {
                        // SAFETY: `count` examples from n and C vectors from `start` lie within d, rows `block..` + `rows`
                        // within the blocks; a subset is below the number of sums.
                        unsafe {
                            tables.fill::<L, C>(l, d, stride, n, count, start);
                            let table = Panel::new(&tables.0);
                            let (mut before, mut waiting) = ([l.splat(0.0); C], None);
                            for (r, subsets) in subsets[..rows].iter().enumerate() {
                                if r < due {
                                    next.prefetch_rows(l, stride, 1, C);
                                    next = next.from(stride);
                                }
                                let mut s = [l.splat(0.0); C];
                                if !begin {
                                    for (c, s) in s.iter_mut().enumerate() {
                                        *s = l.load(Panel::new(&sums[r]).at(c * L::N, L::N));
                                    }
                                }
                                for &subset in &subsets.assume_init_ref()[..count.div_ceil(GROUP)] {
                                    let sum = table.from(usize::from(subset) * WIDTH);
                                    for (c, s) in s.iter_mut().enumerate() {
                                        *s = l.add(l.load(sum.at(c * L::N, L::N)), *s);
                                    }
                                }
                                if !end {
                                    for (c, s) in s.into_iter().enumerate() {
                                        l.store(PanelMut::new(&mut sums[r]).at(c * L::N, L::N), s);
                                    }
                                    continue;
                                }
                                let at = (block + r) * stride + start;
                                // Rows behind the block are another thread's: asking would take them away.
                                let ahead = at + AHEAD.min(rows - 1 - r) * stride;
                                for p in blocks {
                                    for c in 0..C {
                                        p.prefetch_write(l, ahead + c * L::N);
                                    }
                                }
                                if hint.is_left() {
                                    // For each vector, as in a tile.
                                    for _ in 0..C {
                                        hint.prefetch_next(l);
                                    }
                                }
                                // The row before, whose division does not wait for this row's sum.
                                if let Some(at) = waiting.replace(at) {
                                    rates.update_all::<C>(l, before, blocks.map(|p| p.from(at)), streaming);
                                }
                                before = s;
                            }
                            if let Some(at) = waiting {
                                rates.update_all::<C>(l, before, blocks.map(|p| p.from(at)), streaming);
                            }
                        }
                    });
                }
            }
        }
    }
}
