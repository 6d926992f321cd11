//! y = act(x w + bias) for real x.

use crate::lanes::{Lanes, Op, prefetch_rows};
use crate::tiles::sum::{Sum, load, store};
use crate::tiles::{affine_pairs, panels, split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
pub(crate) struct Affine<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) x: Matrix<'a>,
    pub(crate) slope: f32,
    pub(crate) y: MatrixMut<'a>,
}

impl Op for Affine<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.y.cols());
        if const { L::PAIRS } && l.pairs() && affine_pairs::pays(inputs, outputs, L::N) {
            return affine_pairs::affine(l, self.w, self.x, self.slope, self.y);
        }
        let rows = self.x.height().min(self.y.height());
        assert!(self.w.height() > inputs && self.w.cols() >= outputs);
        let (ws, xs, ys) = (self.w.stride(), self.x.stride(), self.y.stride());
        let (w, x, y) = (self.w.data().as_ptr(), self.x.data().as_ptr(), self.y.data_mut().as_mut_ptr());
        for (start, vectors, lanes) in panels(outputs, L::N, 2) {
            let w = w.wrapping_add(start);
            if start == 0 {
                prefetch_rows(l, w, ws, inputs, vectors);
            }
            for (first, height) in split(rows, L::TALL) {
                let y = y.wrapping_add(first * ys + start);
                let from = x.wrapping_add(first * xs);
                // The first tile of a panel asks for the next panel.
                let ahead = (first == 0).then_some(vectors * L::N);
                let sum = Sum { terms: inputs, from, row: xs, step: 1, with: w, stride: ws, ahead };
                with_height!(height, L::TALL, R => {
                    // SAFETY: `height` rows from `first` lie within x and y, `inputs` + 1 rows within w, and the panel
                    // within their columns.
                    unsafe {
                        match vectors {
                            2 => Self::tile::<L, R, 2>(l, sum, self.slope, y, ys, lanes),
                            _ => Self::tile::<L, R, 1>(l, sum, self.slope, y, ys, lanes),
                        }
                    }
                });
            }
        }
    }
}

impl Affine<'_> {
    /// A tile of `R` rows of y from `y`, `ys` apart.
    ///
    /// # Safety
    /// What the sum reads must be readable, behind it a row of biases, and the tile writable.
    #[inline(always)]
    unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
        l: L,
        sum: Sum,
        slope: f32,
        y: *mut f32,
        ys: usize,
        lanes: usize,
    ) {
        let mask = l.mask(lanes);
        let bias = sum.with.wrapping_add(sum.terms * sum.stride);
        // SAFETY: the row of biases is the caller's promise.
        let mut tile = [unsafe { load(l, bias, mask) }; R];
        // SAFETY: the caller's promise.
        unsafe { sum.add_to(l, None, mask, &mut tile) };
        for (r, mut row) in tile.into_iter().enumerate() {
            if slope != 1.0 {
                for v in &mut row {
                    *v = l.activate(slope, *v);
                }
            }
            // SAFETY: row r of the tile in y.
            unsafe { store::<L, C>(l, y.wrapping_add(r * ys), lanes, row) };
        }
    }
}
