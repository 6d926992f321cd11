//! dx = act'(a) (d w^T) where w is small: w is transposed once, and no sum is then taken across lanes.

use crate::lanes::activate;
use crate::lanes::{Lanes, Row, SIDE};
use crate::tiles::panel::{Panel, PanelMut};
use crate::tiles::sum::{Onto, Sum};
use crate::tiles::{ColumnPanel, panels, split};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};
use core::mem::MaybeUninit;

/// Most rows of w, and most columns.
const INPUTS: usize = 64;
const OUTPUTS: usize = 32;

/// Whether w is small enough: a single row of d is not worth many blocks.
pub(super) fn pays(inputs: usize, outputs: usize) -> bool {
    inputs <= INPUTS && (1..=OUTPUTS).contains(&outputs)
}

/// w with a row for each output, a block of elements after the other.
type Transposed = [[MaybeUninit<Row<f32>>; INPUTS / SIDE]; OUTPUTS];

/// See [`Kernels::back`](arm_core::kernels::Kernels::back), for vectors of [`SIDE`] elements.
#[inline(always)]
pub(super) fn back<L: Lanes>(
    l: L,
    w: Matrix<'_>,
    d: Matrix<'_>,
    a: Matrix<'_>,
    activation: Activation,
    mut dx: MatrixMut<'_>,
) {
    let (inputs, outputs) = (dx.cols().min(a.cols()).min(w.height()), d.cols());
    let rows = d.height().min(a.height()).min(dx.height());
    assert!(w.cols() >= outputs && inputs <= INPUTS && outputs <= OUTPUTS && L::N == SIDE);
    let mut transposed: Transposed = [const { [const { MaybeUninit::uninit() }; INPUTS / SIDE] }; OUTPUTS];
    let (stride, from) = (w.stride(), Panel::new(w.data()));
    let mut block = [Row([0.0; SIDE]); SIDE];
    for i in (0..inputs).step_by(SIDE) {
        for o in (0..outputs).step_by(SIDE) {
            let lanes = SIDE.min(outputs - o);
            let mask = l.mask(lanes);
            for (r, row) in block.iter_mut().enumerate() {
                let row_of_w = from.at((i + r).min(inputs - 1) * stride + o, lanes);
                // SAFETY: the lanes of the mask lie within rows of w.
                l.write(&mut row.0, unsafe { l.load_masked(row_of_w, mask) });
            }
            l.transpose(&mut block);
            for (to, row) in transposed[o..o + SIDE].iter_mut().zip(&block) {
                to[i / SIDE].write(*row);
            }
        }
    }
    let (ds, xs) = (d.stride(), dx.stride());
    let (d, out) = (Panel::new(d.data()), PanelMut::new(dx.data_mut()));
    for ColumnPanel { start, vectors, lanes } in panels(inputs, L::N, 2) {
        for (first, height) in split(rows, L::TALL) {
            let sum = Sum {
                terms: outputs,
                from: d.from(first * ds),
                row: ds,
                step: 1,
                with: Panel::new(&transposed).from(start),
                stride: INPUTS,
                ahead: None,
                scale: None,
                onto: Onto::Zeros,
                activation: Activation::LINEAR,
                to: out.from(first * xs + start),
                to_stride: xs,
            };
            // SAFETY: `height` rows from `first` lie within d and dx, the panel within the transposed w and the columns of
            // dx.
            unsafe { sum.tile(l, height, vectors, lanes) }
        }
    }
    for row in 0..rows {
        for (dx, a) in dx.row_mut(row).iter_mut().zip(a.row(row)) {
            *dx = activate::back(activation, *a, *dx);
        }
    }
}
