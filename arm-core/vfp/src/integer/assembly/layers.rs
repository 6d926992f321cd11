//! Groups of columns of a dense layer, where loops take all of them at once and look at what they are given by themselves: what a caller
//! would keep for that takes stack.

use super::super::{Finish, TILE};
use super::{scaled, selected};
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

/// What a result says: 2 is nothing.
#[inline(always)]
fn columns(cols: usize, done: u32) -> (usize, bool) {
    if done > 1 { (0, false) } else { (cols & !(TILE - 1), done == 1) }
}
