//! dx = act'(a) (d w^T): tiles of inner products, four rows of w at a time.

use super::back_few;
use crate::lanes::activate;
use crate::lanes::{Lanes, Op, SIDE, WIDE};
use crate::tiles::dots::{At, tile};
use crate::tiles::panel::Panel;
use crate::tiles::{pairs, split, with_height};
use arm_core::Activation;
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::back`](arm_core::kernels::Kernels::back).
pub(crate) struct Back<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) d: Matrix<'a>,
    pub(crate) a: Matrix<'a>,
    pub(crate) activation: Activation,
    pub(crate) dx: MatrixMut<'a>,
}

/// Elements of a row of dx that are summed at a time.
const INPUTS: usize = 256;

/// Rows of the tallest tile of any vector unit.
const MOST: usize = 6;

impl Op for Back<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let outputs = self.d.cols();
        if const { L::PAIRS } && l.pairs() && pairs::back::pays(outputs, L::N) {
            return pairs::back::back(l, self.w, self.d, self.a, self.activation, self.dx);
        }
        if const { L::N == SIDE } && back_few::pays(self.dx.cols(), outputs) {
            return back_few::back(l, self.w, self.d, self.a, self.activation, self.dx);
        }
        let inputs = self.dx.cols().min(self.a.cols()).min(self.w.height());
        let rows = self.d.height().min(self.a.height()).min(self.dx.height());
        assert!(self.w.cols() >= outputs);
        let (ws, ds) = (self.w.stride(), self.d.stride());
        let (w, d) = (Panel::new(self.w.data()), Panel::new(self.d.data()));
        const { assert!(L::DOTS <= MOST && INPUTS.is_multiple_of(WIDE)) }
        let mut block = [[0.0; INPUTS]; MOST];
        for (first, height) in split(rows, L::DOTS) {
            for (start, inputs) in split(inputs, INPUTS) {
                with_height!(height, L::DOTS, R => {
                    for i in (0..inputs).step_by(WIDE) {
                        let at = At { w: w.from((start + i) * ws), ws, d: d.from(first * ds), ds, outputs };
                        // SAFETY: the rows of w from `start + i`, up to four of `inputs`, lie within it, `height` rows
                        // from `first` within d, and four elements from `i` within a row of the block.
                        unsafe {
                            let tile = tile::<L, R>(l, at, WIDE.min(inputs - i));
                            for (sums, to) in tile.into_iter().zip(&mut block) {
                                to[i..i + WIDE].copy_from_slice(&l.sums(sums));
                            }
                        }
                    }
                });
                for (r, sums) in block.iter().enumerate().take(height) {
                    let a = &self.a.row(first + r)[start..start + inputs];
                    let dx = &mut self.dx.row_mut(first + r)[start..start + inputs];
                    for ((dx, sum), a) in dx.iter_mut().zip(sums).zip(a) {
                        *dx = activate::back(self.activation, *a, *sum);
                    }
                }
            }
        }
    }
}
