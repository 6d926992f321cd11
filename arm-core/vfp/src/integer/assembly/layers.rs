//! Dense layers where loops take all columns at once and look at what they are given by themselves: what a caller would keep for that
//! takes stack. What they do not take they pass on.

use super::super::{Finish, Inputs};
use super::rest::{Steps, rest};
use super::{dots, scaled, selected};
use core::slice::{from_raw_parts, from_raw_parts_mut};

/// Units of which there are numbers, not bits, and that are multiplied with rows.
const NUMBERS: usize = usize::MAX;
const ROWS: usize = usize::MAX - 1;

/// See [`dense`](super::super::dense).
#[inline(always)]
pub(crate) fn of_inputs(inputs: Inputs<'_>, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let (x, n, units) = match inputs {
        Inputs::Numbers(x) => (x.as_ptr().cast::<()>(), x.len(), NUMBERS),
        Inputs::Bits(bits, units) => (bits.as_ptr().cast(), bits.len(), units),
    };
    let loops = if units == NUMBERS { scaled } else { selected };
    let (cols, Finish { down, slope }) = (y.len(), finish);
    // SAFETY: so many there are.
    unsafe { loops(w.as_ptr(), x, n, w.len(), stride, cols, down, slope, y.as_mut_ptr(), units) != 0 }
}

/// See [`dots`](super::super::dots).
#[inline(always)]
pub(crate) fn of_rows(d: &[i16], w: &[i16], stride: usize, down: u32, x: &mut [i16]) -> bool {
    let (n, len, rows, d) = (d.len(), w.len(), x.len(), d.as_ptr().cast());
    // SAFETY: so many there are.
    unsafe { dots(w.as_ptr(), d, n, len, stride, rows, down, 1 << 15, x.as_mut_ptr(), ROWS) != 0 }
}

/// [`of_inputs`] in plain Rust, and [`of_rows`], with as many rows as there are `cols` then.
///
/// # Safety
/// `x` is good for reads of `n` numbers or words, `w` of `len` numbers, and `y` for writes of `cols`.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn rest_of(
    w: *const i16,
    x: *const (),
    n: usize,
    len: usize,
    stride: usize,
    cols: usize,
    down: u32,
    slope: i32,
    y: *mut i16,
    units: usize,
) -> u32 {
    // SAFETY: the caller's.
    let (w, y) = unsafe { (from_raw_parts(w, len), from_raw_parts_mut(y, cols)) };
    let inputs = if units >= ROWS {
        // SAFETY: the caller's.
        Inputs::Numbers(unsafe { from_raw_parts(x.cast(), n) })
    } else {
        // SAFETY: the caller's.
        Inputs::Bits(unsafe { from_raw_parts(x.cast(), n) }, units)
    };
    let steps = if units == ROWS { Steps::Rows(stride) } else { Steps::Columns(stride) };
    rest(inputs, w, steps, Finish { down, slope }, y).into()
}
