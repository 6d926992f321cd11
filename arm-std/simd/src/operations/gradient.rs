//! g += a x^T d for real x.

use crate::lanes::{Lanes, Op};
use crate::tiles::sum::{Sum, load, store};
use crate::tiles::{panels, split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::gradient`](arm_core::kernels::Kernels::gradient).
pub(crate) struct Gradient<'a> {
    pub(crate) a: f32,
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) g: MatrixMut<'a>,
}

impl Op for Gradient<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.d.cols());
        let terms = self.x.height().min(self.d.height());
        let height = self.g.height();
        assert!(self.g.cols() >= outputs);
        let (xs, ds, gs) = (self.x.stride(), self.d.stride(), self.g.stride());
        let (x, d, g) = (self.x.data().as_ptr(), self.d.data().as_ptr(), self.g.data_mut().as_mut_ptr());
        let weights = inputs.saturating_sub(self.first).min(height);
        for (start, vectors, lanes) in panels(outputs, L::N, 2) {
            let d = d.wrapping_add(start);
            for (r, height) in split(weights, L::TALL) {
                let g = g.wrapping_add(r * gs + start);
                let from = x.wrapping_add(self.first + r);
                let sum = Sum { terms, from, row: 1, step: xs, with: d, stride: ds, ahead: None };
                with_height!(height, L::TALL, R => {
                    // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within g, `terms` rows
                    // within x and d, and the panel within the columns of d and g.
                    unsafe {
                        match vectors {
                            2 => Self::tile::<L, R, 2>(l, sum, self.a, g, gs, lanes),
                            _ => Self::tile::<L, R, 1>(l, sum, self.a, g, gs, lanes),
                        }
                    }
                });
            }
            if self.first <= inputs && weights < height && terms > 0 {
                let sum = Sum { terms, from: &1.0, row: 0, step: 0, with: d, stride: ds, ahead: None };
                let g = g.wrapping_add(weights * gs + start);
                // SAFETY: row `weights` lies within g; the scalar is always the same.
                unsafe {
                    match vectors {
                        2 => Self::tile::<L, 1, 2>(l, sum, self.a, g, gs, lanes),
                        _ => Self::tile::<L, 1, 1>(l, sum, self.a, g, gs, lanes),
                    }
                }
            }
        }
    }
}

impl Gradient<'_> {
    /// Adds to a tile of `R` rows of g from `g`, `gs` apart.
    ///
    /// # Safety
    /// What the sum reads must be readable, and the tile readable and writable.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
        l: L,
        sum: Sum,
        a: f32,
        g: *mut f32,
        gs: usize,
        lanes: usize,
    ) {
        let mask = l.mask(lanes);
        let mut tile = [[l.splat(0.0); C]; R];
        for (r, row) in tile.iter_mut().enumerate() {
            // SAFETY: row r of the tile in g.
            *row = unsafe { load(l, g.wrapping_add(r * gs), mask) };
        }
        // SAFETY: the caller's promise.
        unsafe { sum.add_to(l, Some(a), mask, &mut tile) };
        for (r, row) in tile.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe { store::<L, C>(l, g.wrapping_add(r * gs), lanes, row) };
        }
    }
}
