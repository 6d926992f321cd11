//! Tiles of a gradient with one multiplication a term.

use crate::lanes::{Lanes, prefetch_rows};
use crate::tiles::pending::{Gradient, PendingTile, Rows, tile};
use crate::tiles::{panels, split, with_height};

/// Rows of the tallest tile: registers are left for Adam.
const fn tall<L: Lanes>() -> usize {
    L::TALL * 3 / 4
}

/// Where the terms of a tile are: `x[k * xs + r * row]` and the vectors from `d[k * ds]`. A step is a term.
#[derive(Clone, Copy)]
struct Terms {
    count: usize,
    x: *const f32,
    row: usize,
    xs: usize,
    d: *const f32,
    ds: usize,
    root: f32,
    /// Whether to ask for the scalars of the tile after this one, and for the vectors of the panel after this one.
    ask: [bool; 2],
}

/// Gradient and Adam of some rows.
///
/// # Safety
/// That of [`Rows`].
#[inline(always)]
pub(crate) unsafe fn tiles<L: Lanes, const HINT: bool>(
    l: L,
    rows: Rows<'_>,
    pending: &mut PendingTile<'_, L, HINT>,
) {
    let Rows { x, first, d, height } = rows;
    let (stride, count) = (d.stride(), rows.examples());
    let weights = height.min(x.cols() - first.min(x.cols()));
    let (x, xs, d) = (x.data().as_ptr(), x.stride(), d.data().as_ptr());
    for (start, vectors, _) in panels(stride, L::N, 2) {
        let d = d.wrapping_add(start);
        if start == 0 {
            prefetch_rows(l, d, stride, count, vectors);
            prefetch_rows(l, x.wrapping_add(first), xs, count, 1);
        }
        let terms = Terms { count, x, row: 1, xs, d, ds: stride, root: pending.root(), ask: [false; 2] };
        for (r, height) in split(weights, const { tall::<L>() }) {
            // Other threads may have written both.
            let ask = [start == 0, r == 0];
            let terms = Terms { x: x.wrapping_add(first + r), ask, ..terms };
            with_height!(height, tall::<L>(), R => {
                // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within the blocks,
                // `count` rows within x and d, and the panel within their rows.
                unsafe {
                    match vectors {
                        2 => tile::<L, R, 2, HINT>(l, terms, stride, r * stride + start, pending),
                        _ => tile::<L, R, 1, HINT>(l, terms, stride, r * stride + start, pending),
                    }
                }
            });
        }
        if weights < height {
            // The row of biases, whose input is one.
            let terms = Terms { x: &1.0, row: 0, xs: 0, ..terms };
            // SAFETY: row `weights` lies within the blocks; the scalar is always the same.
            unsafe {
                match vectors {
                    2 => tile::<L, 1, 2, HINT>(l, terms, stride, weights * stride + start, pending),
                    _ => tile::<L, 1, 1, HINT>(l, terms, stride, weights * stride + start, pending),
                }
            }
        }
    }
}

// SAFETY: a step is a term.
unsafe impl<L: Lanes, const R: usize, const C: usize> Gradient<L, R, C> for Terms {
    #[inline(always)]
    fn steps(self) -> usize {
        self.count
    }

    #[inline(always)]
    unsafe fn step(&mut self, l: L, sums: &mut [[L::V; C]; R]) {
        if self.ask[0] {
            l.prefetch(self.x.wrapping_add(16));
        }
        if self.ask[1] {
            for c in C..2 * C {
                l.prefetch(self.d.wrapping_add(c * L::N));
            }
        }
        let mut v = [l.splat(0.0); C];
        for (c, v) in v.iter_mut().enumerate() {
            // SAFETY: the caller's.
            *v = unsafe { l.load(self.d.add(c * L::N)) };
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's.
            let x = l.splat(unsafe { *self.x.add(r * self.row) });
            for (s, v) in sums.iter_mut().zip(v) {
                *s = l.fma(x, v, *s);
            }
        }
        (self.x, self.d) = (self.x.wrapping_add(self.xs), self.d.wrapping_add(self.ds));
    }

    #[inline(always)]
    unsafe fn end(self, l: L, sums: &mut [[L::V; C]; R]) {
        for sum in sums.as_flattened_mut() {
            *sum = l.mul(*sum, l.splat(self.root));
        }
    }
}
