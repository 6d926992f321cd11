//! Groups of columns or rows one after the other: for loops whose sums go to memory, where plain Rust takes them.

use super::super::{Finish, TILE, narrow};
#[cfg(integer_loops = "riscv")]
use super::riscv as loops;
#[cfg(integer_loops = "thumb1")]
use super::thumb1 as loops;
use super::{Back, Layer};

/// Groups of [`add_scaled`](super::super::add_scaled) whose inputs are not shifted. Returns whether a result left the range of 16
/// bits.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
pub(crate) unsafe fn scaled(layer: &mut Layer<i16>) -> u32 {
    // SAFETY: the caller's.
    unsafe { each(layer, loops::scaled) }
}

/// Groups of [`add_rows`](super::super::add_rows): no bit is set behind the last row. Returns whether a result left the range of 16
/// bits.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
pub(crate) unsafe fn selected(layer: &mut Layer<u32>) -> u32 {
    // SAFETY: the caller's.
    unsafe { each(layer, loops::selected) }
}

#[inline(always)]
unsafe fn each<X>(layer: &mut Layer<X>, sums: unsafe extern "C" fn(&Layer<X>, &mut [i32; TILE])) -> u32 {
    let finish = Finish { down: layer.down, slope: layer.slope };
    let mut beyond = false;
    let mut room = [0; TILE];
    for _ in 0..layer.groups {
        // SAFETY: the caller's; y is good for the columns of each group.
        let y = unsafe {
            sums(layer, &mut room);
            core::slice::from_raw_parts_mut(layer.y, TILE)
        };
        beyond |= finish.write(0, &room, y);
        layer.w = layer.w.wrapping_add(TILE);
        layer.bias = layer.bias.wrapping_add(TILE);
        layer.y = layer.y.wrapping_add(TILE);
    }
    beyond.into()
}

/// The inner products of d with groups of four rows. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// The pointers are good for what [`Back`] says; there is a multiple of [`GROUP`](super::GROUP) columns, and not none.
pub(crate) unsafe fn dots(back: &mut Back) -> u32 {
    let mut beyond = false;
    let mut sums = [0; 4];
    for _ in 0..back.groups {
        // SAFETY: the caller's; x is good for the rows of each group.
        let x = unsafe {
            loops::dots(back.w, back.d, back.n, back.stride, &mut sums, back.shift);
            core::slice::from_raw_parts_mut(back.x, 4)
        };
        for (x, sum) in x.iter_mut().zip(sums) {
            let (v, out) = narrow(sum, back.down, 0);
            beyond |= out;
            *x = v;
        }
        back.w = back.w.wrapping_byte_add(4 * back.stride);
        back.x = back.x.wrapping_add(4);
    }
    beyond.into()
}
