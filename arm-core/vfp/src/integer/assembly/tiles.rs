//! Groups of columns or rows one after the other: for loops whose sums go to memory, where plain Rust takes them.

use super::super::{Finish, Inputs, TILE, headroom, row};
use super::rest::{Steps, rest};
#[cfg(integer_loops = "riscv")]
use super::riscv as loops;
#[cfg(integer_loops = "thumb1")]
use super::thumb1 as loops;
use super::{ALIGNED, Back, GROUP, Layer};
use crate::Layout;
use crate::{window, window_mut};

/// See [`dense`](super::super::dense): whole groups of columns, if inputs need no shift, and no bit is set behind the units.
#[inline(never)]
pub(crate) fn of_inputs(inputs: Inputs<'_>, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let (cols, layout) = (y.len() & !(TILE - 1), Layout { cols: y.len(), stride });
    let beyond = match inputs {
        Inputs::Numbers(x) => (headroom(x) == 0 && (ALIGNED == 2 || x.len() % 2 == 0))
            .then(|| groups(x, x.len(), w, layout, finish, y))
            .flatten()
            .map(|mut layer| {
                // SAFETY: the row of biases has these columns, so those before it have them, and y has them.
                unsafe {
                    #[cfg(integer_loops = "riscv")]
                    let wide = each(&mut layer, loops::scaled_16);
                    #[cfg(integer_loops = "thumb1")]
                    let wide = 0;
                    wide | each(&mut layer, loops::scaled_8)
                }
            }),
        Inputs::Bits(bits, units) => clean(bits, units)
            .then(|| groups(bits, units, w, layout, finish, y))
            .flatten()
            .map(|mut layer| {
                // SAFETY: as above; no bit is set behind the units.
                unsafe {
                    #[cfg(integer_loops = "riscv")]
                    let wide = each(&mut layer, loops::selected_16);
                    #[cfg(integer_loops = "thumb1")]
                    let wide = 0;
                    wide | each(&mut layer, loops::selected_8)
                }
            }),
    };
    let (done, beyond) = beyond.map_or((0, false), |beyond| (cols, beyond != 0));
    if done == y.len() {
        return beyond;
    }
    let (w, y) = (window(w, done..), window_mut(y, done..));
    rest(inputs, w, Steps::Columns(stride), finish, y) | beyond
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
///
/// # Safety
/// The pointers of `layer` are good for what [`Layer`] says, and `sums` needs nothing else; no bit is set behind the units.
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

/// See [`dots`](super::super::dots): whole groups of rows, if there are whole groups of columns.
#[inline(never)]
pub(crate) fn of_rows(d: &[i16], w: &[i16], stride: usize, down: u32, x: &mut [i16]) -> bool {
    let layout = Layout { cols: d.len(), stride };
    let (mut done, mut beyond) = (0, 0);
    if let Some(mut back) = four_rows(d, headroom(d), w, layout, down, x) {
        let mut sums = [0; 4];
        done = 4 * back.groups;
        for _ in 0..back.groups {
            // SAFETY: the rows have as many columns as d has, in whole groups, and there is an x for each.
            beyond |= unsafe {
                loops::dots(back.w, back.d, back.n, back.stride, &mut sums, back.shift);
                loops::finish(sums.as_ptr(), back.x, 4, back.down, 1 << 15)
            };
            back.w = back.w.wrapping_byte_add(4 * back.stride);
            back.x = back.x.wrapping_add(4);
        }
    }
    if done == x.len() {
        return beyond != 0;
    }
    let w = window(w, done.wrapping_mul(stride)..);
    let (x, finish) = (window_mut(x, done..), Finish { down, slope: 1 << 15 });
    rest(Inputs::Numbers(d), w, Steps::Rows(stride), finish, x) | (beyond != 0)
}

/// The whole groups of four rows, if there are any.
#[inline(always)]
fn four_rows(d: &[i16], shift: u32, w: &[i16], layout: Layout, down: u32, x: &mut [i16]) -> Option<Back> {
    let (rows, stride) = (x.len() & !3, 2 * layout.stride);
    let aligned = ALIGNED == 2 || (w.as_ptr() as usize | d.as_ptr() as usize | stride) % ALIGNED == 0;
    let columns = !d.is_empty() && d.len() % GROUP == 0;
    let there = rows > 0 && !row(w, layout, rows - 1).is_empty();
    let (w, d, n) = (w.as_ptr(), d.as_ptr(), d.len());
    let down = down.checked_sub(shift).filter(|down| *down > 0)?;
    let back = Back { w, d, n, stride, shift, down, x: x.as_mut_ptr(), groups: rows / 4 };
    (aligned && columns && there).then_some(back)
}
