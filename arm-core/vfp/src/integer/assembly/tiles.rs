//! Groups of columns or rows one after the other: for loops whose sums go to memory, where plain Rust takes them.

use super::super::TILE;
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
    unsafe {
        #[cfg(integer_loops = "riscv")]
        let wide = each(layer, loops::scaled_16);
        #[cfg(integer_loops = "thumb1")]
        let wide = 0;
        wide | each(layer, loops::scaled_8)
    }
}

/// Groups of [`add_rows`](super::super::add_rows): no bit is set behind the last row. Returns whether a result left the range of 16
/// bits.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
pub(crate) unsafe fn selected(layer: &mut Layer<u32>) -> u32 {
    // SAFETY: the caller's.
    unsafe {
        #[cfg(integer_loops = "riscv")]
        let wide = each(layer, loops::selected_16);
        #[cfg(integer_loops = "thumb1")]
        let wide = 0;
        wide | each(layer, loops::selected_8)
    }
}

/// As many groups of `N` columns as there are.
#[inline(always)]
unsafe fn each<X, const N: usize>(
    layer: &mut Layer<X>,
    sums: unsafe extern "C" fn(&Layer<X>, &mut [i32; N]),
) -> u32 {
    let (mut beyond, mut room) = (0, [0; N]);
    while layer.groups >= N / TILE {
        // SAFETY: the caller's; y is good for the columns of each group.
        beyond |= unsafe {
            sums(layer, &mut room);
            loops::finish(room.as_ptr(), layer.y, N, layer.down, layer.slope)
        };
        layer.w = layer.w.wrapping_add(N);
        layer.bias = layer.bias.wrapping_add(N);
        layer.y = layer.y.wrapping_add(N);
        layer.groups -= N / TILE;
    }
    beyond
}

/// The inner products of d with groups of four rows. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// The pointers are good for what [`Back`] says; there is a multiple of [`GROUP`](super::GROUP) columns, and not none.
pub(crate) unsafe fn dots(back: &mut Back) -> u32 {
    let mut beyond = 0;
    let mut sums = [0; 4];
    for _ in 0..back.groups {
        // SAFETY: the caller's; x is good for the rows of each group.
        beyond |= unsafe {
            loops::dots(back.w, back.d, back.n, back.stride, &mut sums, back.shift);
            loops::finish(sums.as_ptr(), back.x, 4, back.down, 1 << 15)
        };
        back.w = back.w.wrapping_byte_add(4 * back.stride);
        back.x = back.x.wrapping_add(4);
    }
    beyond
}
