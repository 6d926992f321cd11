//! dx = act'(a) (d w^T) where w is small: w is transposed once, and no sum is then taken across lanes.

use crate::lanes::{Lanes, Row, SIDE};
use crate::tiles::sum::{Sum, store};
use crate::tiles::{panels, split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};
use core::mem::MaybeUninit;

/// Most rows of w, and most columns.
const INPUTS: usize = 64;
const OUTPUTS: usize = 32;

/// Whether w is small enough: a single row of d is not worth many blocks.
pub(super) fn pays(inputs: usize, outputs: usize) -> bool {
    inputs <= INPUTS && (1..=OUTPUTS).contains(&outputs)
}

/// w with a row for each output.
#[repr(align(64))]
struct Transposed(MaybeUninit<[[f32; INPUTS]; OUTPUTS]>);

/// See [`Kernels::back`](arm_core::kernels::Kernels::back), for vectors of [`SIDE`] elements.
#[inline(always)]
pub(super) fn back<L: Lanes>(
    l: L,
    w: Matrix<'_>,
    d: Matrix<'_>,
    a: Matrix<'_>,
    slope: f32,
    mut dx: MatrixMut<'_>,
) {
    let (inputs, outputs) = (dx.cols().min(a.cols()).min(w.height()), d.cols());
    let rows = d.height().min(a.height()).min(dx.height());
    assert!(w.cols() >= outputs && inputs <= INPUTS && outputs <= OUTPUTS && L::N == SIDE);
    let mut transposed = Transposed(MaybeUninit::uninit());
    let (from, to) = (w.data().as_ptr(), transposed.0.as_mut_ptr().cast::<f32>());
    let mut block = [Row([0.0; SIDE]); SIDE];
    for i in (0..inputs).step_by(SIDE) {
        for o in (0..outputs).step_by(SIDE) {
            let mask = l.mask(SIDE.min(outputs - o));
            // SAFETY: the lanes of the mask lie within rows of w; there is room for whole blocks.
            unsafe {
                for (r, row) in block.iter_mut().enumerate() {
                    let row_of_w = from.wrapping_add((i + r).min(inputs - 1) * w.stride() + o);
                    l.store(row.0.as_mut_ptr(), l.load_masked(row_of_w, mask));
                }
                l.transpose(&mut block);
                for (r, row) in block.iter().enumerate() {
                    l.store(to.add((o + r) * INPUTS + i), l.load(row.0.as_ptr()));
                }
            }
        }
    }
    let (ds, xs) = (d.stride(), dx.stride());
    let (d, out) = (d.data().as_ptr(), dx.data_mut().as_mut_ptr());
    for (start, vectors, lanes) in panels(inputs, L::N, 2) {
        let with = to.cast_const().wrapping_add(start);
        for (first, height) in split(rows, L::TALL) {
            let from = d.wrapping_add(first * ds);
            let sum = Sum { terms: outputs, from, row: ds, step: 1, with, stride: INPUTS, ahead: None };
            let out = out.wrapping_add(first * xs + start);
            with_height!(height, L::TALL, R => {
                // SAFETY: `height` rows from `first` lie within d and dx, the panel within the transposed w and the
                // columns of dx.
                unsafe {
                    match vectors {
                        2 => tile::<L, R, 2>(l, sum, out, xs, lanes),
                        _ => tile::<L, R, 1>(l, sum, out, xs, lanes),
                    }
                }
            });
        }
    }
    for row in 0..rows {
        for (dx, a) in dx.row_mut(row).iter_mut().zip(a.row(row)) {
            *dx = if *a > 0.0 { *dx } else { slope * *dx };
        }
    }
}

/// The sums of a tile.
///
/// # Safety
/// What the sum reads must be readable, and the tile writable.
#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    l: L,
    sum: Sum,
    out: *mut f32,
    stride: usize,
    lanes: usize,
) {
    let mut tile = [[l.splat(0.0); C]; R];
    // SAFETY: the caller's; a row of the transposed w is whole vectors.
    unsafe { sum.add_to(l, None, l.mask(L::N), &mut tile) };
    for (r, row) in tile.into_iter().enumerate() {
        // SAFETY: row r of the tile in dx.
        unsafe { store::<L, C>(l, out.wrapping_add(r * stride), lanes, row) };
    }
}
