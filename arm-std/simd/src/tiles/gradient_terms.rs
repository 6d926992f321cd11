//! Tiles of a gradient with one multiplication a term.

use crate::lanes::Lanes;
use crate::tiles::panel::Panel;
use crate::tiles::pending::{Gradient, PendingTile, Rows, tile};
use crate::tiles::{ColumnPanel, panels, split, with_height};

/// Rows of the tallest tile: registers are left for Adam.
const fn tall<L: Lanes>() -> usize {
    L::TALL * 3 / 4
}

/// Where the terms of a tile are: `x[k * xs + r]` and the vectors from `d[k * ds]`. A step is a term.
#[derive(Clone, Copy)]
struct Terms<'a> {
    count: usize,
    x: Panel<'a>,
    xs: usize,
    d: Panel<'a>,
    ds: usize,
    root: f32,
    /// Whether to prefetch the scalars of the tile after this one, and the vectors of the panel after this one.
    prefetch: [bool; 2],
}

/// Gradient and Adam of some rows.
///
/// # Safety
/// That of [`Rows`].
#[inline(always)]
pub(crate) unsafe fn tiles<L: Lanes>(l: L, rows: Rows<'_>, pending: &mut PendingTile<'_, L>) {
    let Rows { x, first, d, height } = rows;
    let (stride, count) = (d.stride(), rows.examples());
    let weights = height.min(x.cols() - first.min(x.cols()));
    let (x, xs, d) = (Panel::new(x.data()).from(first), x.stride(), Panel::new(d.data()));
    for ColumnPanel { start, vectors, .. } in panels(stride, L::N, 2) {
        let d = d.from(start);
        if start == 0 {
            d.prefetch_rows(l, stride, count, vectors);
            x.prefetch_rows(l, xs, count, 1);
        }
        let terms = Terms { count, x, xs, d, ds: stride, root: pending.root(), prefetch: [false; 2] };
        // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within the blocks, `count` rows within x and
        // d, and the panel within their rows. Behind the weights lies a row of biases, whose input is always one.
        unsafe {
            for (r, height) in split(weights, const { tall::<L>() }) {
                // Other threads may have written both.
                let terms = Terms { x: x.from(r), prefetch: [start == 0, r == 0], ..terms };
                with_height!(height, tall::<L>(), R => {
                    match vectors {
                        2 => tile::<L, R, 2>(l, terms, stride, r * stride + start, pending),
                        _ => tile::<L, R, 1>(l, terms, stride, r * stride + start, pending),
                    }
                });
            }
            if weights < height {
                let terms = Terms { x: Panel::new(&1.0f32), xs: 0, ..terms };
                match vectors {
                    2 => tile::<L, 1, 2>(l, terms, stride, weights * stride + start, pending),
                    _ => tile::<L, 1, 1>(l, terms, stride, weights * stride + start, pending),
                }
            }
        }
    }
}

impl<L: Lanes, const R: usize, const C: usize> Gradient<L, R, C> for Terms<'_> {
    #[inline(always)]
    fn steps(self) -> usize {
        self.count
    }

    #[inline(always)]
    unsafe fn step(&mut self, l: L, sums: &mut [[L::V; C]; R]) {
        if self.prefetch[0] {
            self.x.prefetch(l, 16);
        }
        if self.prefetch[1] {
            for c in C..2 * C {
                self.d.prefetch(l, c * L::N);
            }
        }
        let mut v = [l.splat(0.0); C];
        // SAFETY: the caller's.
        unsafe {
            for (c, v) in v.iter_mut().enumerate() {
                *v = l.load(self.d.at(c * L::N, L::N));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = l.splat(*self.x.at(r, 1));
                for (s, v) in sums.iter_mut().zip(v) {
                    *s = l.fma(x, v, *s);
                }
            }
        }
        (self.x, self.d) = (self.x.from(self.xs), self.d.from(self.ds));
    }

    #[inline(always)]
    unsafe fn end(self, l: L, sums: &mut [[L::V; C]; R]) {
        for sum in sums.as_flattened_mut() {
            *sum = l.mul(*sum, l.splat(self.root));
        }
    }
}
