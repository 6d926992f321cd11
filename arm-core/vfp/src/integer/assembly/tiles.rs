//! Groups of columns or rows one after the other: for loops whose sums go to memory, where plain Rust takes them.

use super::super::{Finish, TILE, headroom, row};
#[cfg(integer_loops = "riscv")]
use super::riscv as loops;
#[cfg(integer_loops = "thumb1")]
use super::thumb1 as loops;
use super::{ALIGNED, Back, Layer};
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
    let cols = y.len() & !(TILE - 1);
    if let (0, Some(mut layer)) = (headroom(x), groups(x, x.len(), w, layout, finish, y))
        && (ALIGNED == 2 || x.len() % 2 == 0)
    {
        // SAFETY: the row of biases has these columns, so those before it have them, and y has them.
        let beyond = unsafe {
            #[cfg(integer_loops = "riscv")]
            let wide = each(&mut layer, loops::scaled_16);
            #[cfg(integer_loops = "thumb1")]
            let wide = 0;
            wide | each(&mut layer, loops::scaled_8)
        };
        return (cols, beyond != 0);
    }
    (0, false)
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
    let cols = y.len() & !(TILE - 1);
    if let Some(mut layer) = groups(bits, units, w, layout, finish, y)
        && clean(bits, units)
    {
        // SAFETY: as above; no bit is set behind the units.
        let beyond = unsafe {
            #[cfg(integer_loops = "riscv")]
            let wide = each(&mut layer, loops::selected_16);
            #[cfg(integer_loops = "thumb1")]
            let wide = 0;
            wide | each(&mut layer, loops::selected_8)
        };
        return (cols, beyond != 0);
    }
    (0, false)
}

/// Whether there are as many words as units take, and no bit is set behind the last of them.
#[inline(always)]
fn clean(bits: &[u32], units: usize) -> bool {
    let tail = units % 32;
    bits.len() == units.div_ceil(32) && (tail == 0 || bits.last().is_some_and(|word| word >> tail == 0))
}

/// The whole groups of columns, if there are any, and the row of biases, behind `units` others, has them.
#[inline(always)]
fn groups<X>(
    x: &[X],
    units: usize,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
) -> Option<Layer<X>> {
    let bias = row(w, layout, units);
    let groups = y.len().min(bias.len()) / TILE;
    let stride = 2 * layout.stride;
    let aligned = ALIGNED == 2 || (w.as_ptr() as usize | x.as_ptr() as usize | stride) % ALIGNED == 0;
    let Finish { down, slope } = finish;
    let (w, x, n, bias) = (w.as_ptr(), x.as_ptr(), x.len(), bias.as_ptr());
    let layer = Layer { w, x, n, stride, bias, down, slope, y: y.as_mut_ptr(), groups };
    (aligned && groups > 0 && down > 0).then_some(layer)
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
