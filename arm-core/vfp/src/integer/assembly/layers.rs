//! Groups of columns of a dense layer, where loops take all of them at once and look at what they are given by themselves: what a caller
//! would keep for that takes stack.

use super::super::{Finish, TILE};
use super::{dots, scaled, selected};
use crate::Layout;

/// [`add_scaled`](super::super::add_scaled) for the whole groups of columns, if inputs need no shift. Returns how many columns are
/// done, and whether a result left the range.
#[inline(always)]
pub(crate) fn of_numbers(
    x: &[i16],
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
) -> (usize, bool) {
    let (n, len, cols, Finish { down, slope }) = (x.len(), w.len(), y.len(), finish);
    // SAFETY: so many there are.
    let done =
        unsafe { scaled(w.as_ptr(), x.as_ptr(), n, len, layout.stride, cols, down, slope, y.as_mut_ptr()) };
    columns(cols, done)
}

/// [`add_rows`](super::super::add_rows) for the whole groups of columns, if no bit is set behind the units. Returns how many columns
/// are done, and whether a result left the range.
#[inline(always)]
pub(crate) fn of_bits(
    bits: &[u32],
    units: usize,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
) -> (usize, bool) {
    let (n, len, cols, Finish { down, slope }) = (bits.len(), w.len(), y.len(), finish);
    // SAFETY: so many there are.
    let done = unsafe {
        selected(w.as_ptr(), bits.as_ptr(), n, len, layout.stride, cols, down, slope, y.as_mut_ptr(), units)
    };
    columns(cols, done)
}

/// [`dots`](super::super::dots) for the whole groups of rows, if there are whole groups of columns. Returns how many rows are done, and
/// whether a result left the range.
#[inline(always)]
pub(crate) fn of_rows(d: &[i16], w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> (usize, bool) {
    // Of other columns than there are.
    let rows = if d.len() == layout.cols { x.len() } else { 0 };
    let (n, len) = (d.len(), w.len());
    // SAFETY: so many there are.
    let done = unsafe { dots(w.as_ptr(), d.as_ptr(), n, len, layout.stride, down, x.as_mut_ptr(), rows) };
    if done > 1 { (0, false) } else { (rows & !3, done == 1) }
}

/// What a result says: 2 is nothing.
#[inline(always)]
fn columns(cols: usize, done: u32) -> (usize, bool) {
    if done > 1 { (0, false) } else { (cols & !(TILE - 1), done == 1) }
}
