//! Rows that bits select.

use super::Layout;
use crate::RAGGED;
#[cfg(vfp_loops)]
use crate::assembly;
use crate::units::significant;
use crate::{window, window_mut};

/// Rows that a binary vector selects, of a matrix that may start in the middle of them.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'a> {
    /// Packed bits: bit i % 32 of word i / 32 for row i.
    pub bits: &'a [u32],
    /// The row that comes before all of them: that of the biases.
    pub bias: usize,
    /// The row that the matrix starts with.
    pub first: usize,
}

/// Columns that are held in registers while rows pass by.
const BLOCK: usize = 16;

#[cfg(vfp_loops)]
impl Selected<'_> {
    /// The rows that are among those of a matrix of `len` floats at `w`, in whole blocks of columns; `y` has a float a
    /// column.
    #[inline(always)]
    fn work(self, w: *mut f32, len: usize, layout: Layout, y: *mut f32) -> assembly::Rows {
        let rows = layout.rows(len);
        let before = self.first % 32;
        let words = self.bits.len().saturating_sub(self.first / 32);
        // Behind the last row that has a bit, counted as `before` is.
        let end = before.wrapping_add(rows).min(words.wrapping_mul(32));
        let bias = self.bias.wrapping_sub(self.first);
        assembly::Rows {
            bits: self.bits.as_ptr().wrapping_add(self.first / 32),
            words: end.div_ceil(32),
            masks: [u32::MAX << before, u32::MAX >> (end.wrapping_neg() % 32)],
            w: w.wrapping_sub(before * layout.stride),
            stride: 4 * layout.stride,
            bias: if bias < rows { w.wrapping_add(bias * layout.stride) } else { core::ptr::null_mut() },
            y,
            blocks: layout.cols / BLOCK,
        }
    }
}

/// y = row `bias` of w + the rows whose bit is set, in order.
#[inline(always)]
pub fn add_rows(bits: &[u32], bias: usize, w: &[f32], layout: Layout, y: &mut [f32]) {
    let layout = layout.within(y.len());
    #[cfg(not(vfp_loops))]
    let done = 0;
    #[cfg(vfp_loops)]
    let done = {
        let selected = Selected { bits, bias, first: 0 };
        let work = selected.work(w.as_ptr().cast_mut(), w.len(), layout, y.as_mut_ptr());
        if work.blocks > 0 && !work.bias.is_null() {
            // SAFETY: the bias and the rows of the bits have these blocks, and so has y; w is only read.
            unsafe { assembly::add_rows(&work) };
        }
        work.blocks * BLOCK
    };
    if RAGGED && done < layout.cols {
        let y = window_mut(y, done..layout.cols);
        // There is none for a bit beyond the inputs.
        let row = |i: usize| w.get(i * layout.stride + done..).unwrap_or_default();
        y.iter_mut().zip(row(bias)).for_each(|(y, w)| *y = *w);
        for (k, &word) in bits.iter().enumerate() {
            for i in ones(word) {
                y.iter_mut().zip(row(32 * k + i)).for_each(|(y, w)| *y += w);
            }
        }
    }
}

/// out = a d, without terms below `tiny`.
#[inline(never)]
pub fn terms(a: f32, tiny: f32, d: &[f32], out: &mut [f32]) {
    out.iter_mut().zip(d).for_each(|(out, d)| *out = significant(tiny, a * d));
}

/// The selected rows of g += a d, without terms below `tiny`.
#[inline(never)]
pub fn add_to_rows(a: f32, tiny: f32, d: &[f32], selected: Selected<'_>, g: &mut [f32], layout: Layout) {
    let (cols, stride) = (layout.within(d.len()).cols, layout.stride);
    for (i, d) in window(d, ..cols).chunks(BLOCK).enumerate() {
        let mut block = [0.0; BLOCK];
        terms(a, tiny, d, &mut block);
        // A block without rows has no columns.
        let g = g.get_mut(i * BLOCK..).unwrap_or_default();
        add_terms(window(&block, ..d.len()), selected, g, Layout { cols: d.len(), stride });
    }
}

/// The selected rows of g += `terms`.
#[cfg_attr(helium, inline(always))] // with Helium a call takes as long as a row
#[cfg_attr(not(helium), inline(never))]
pub fn add_terms(terms: &[f32], selected: Selected<'_>, g: &mut [f32], layout: Layout) {
    let layout = layout.within(terms.len());
    #[cfg(not(vfp_loops))]
    let done = 0;
    #[cfg(vfp_loops)]
    let done = {
        let work = selected.work(g.as_mut_ptr(), g.len(), layout, terms.as_ptr().cast_mut());
        if work.blocks > 0 {
            // SAFETY: the rows of the bits and of the bias have these blocks, and so have the terms, which are only read.
            unsafe { assembly::add_to_rows(&work) };
        }
        work.blocks * BLOCK
    };
    if RAGGED && done < layout.cols {
        let Selected { bits, bias, first } = selected;
        add_rest(terms, bits, (bias, first), g, layout, done);
    }
}

/// [`add_terms`] of the columns from `done` on. What is selected comes in parts, or it would lie on the stack for this alone.
#[cfg_attr(helium, inline(never))]
#[cfg_attr(not(helium), inline(always))]
fn add_rest(
    terms: &[f32],
    bits: &[u32],
    (bias, first): (usize, usize),
    g: &mut [f32],
    layout: Layout,
    mut done: usize,
) {
    let selected = Selected { bits, bias, first };
    while done < layout.cols {
        let (terms, width) = (window(terms, done..), (layout.cols - done).min(BLOCK));
        let c: [f32; BLOCK] = core::array::from_fn(|i| terms.get(i).copied().unwrap_or_default());
        if c.iter().any(|c| *c != 0.0) {
            add_block(&c, done, width, selected, g, layout.stride);
        }
        done += BLOCK;
    }
}

/// The selected rows of g += c, in `width` columns from `start` on.
#[inline(never)]
fn add_block(
    c: &[f32; BLOCK],
    start: usize,
    width: usize,
    selected: Selected<'_>,
    g: &mut [f32],
    stride: usize,
) {
    let bias = core::iter::once((selected.bias, 1));
    let words = selected.bits.iter().enumerate().map(|(k, word)| (32 * k, *word));
    for (first, word) in bias.chain(words) {
        for row in ones(word).filter_map(|i| (first + i).checked_sub(selected.first)) {
            // Only some rows may be in g.
            let row = g.get_mut(row * stride + start..).unwrap_or_default();
            row.iter_mut().zip(c).take(width).for_each(|(g, c)| *g += c);
        }
    }
}

/// The bits of a word that are one, lowest first.
#[inline(always)]
fn ones(mut word: u32) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let i = word.trailing_zeros();
        word &= word.wrapping_sub(1);
        if i < 32 { Some(i as usize) } else { None }
    })
}
