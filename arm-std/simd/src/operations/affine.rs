//! y = act(x w + bias) and g += a x^T d for real x: tiles of rows by two vectors, whose sums stay in registers.
//!
//! Nothing is packed: a panel of two vectors of every row of the matrix that all tiles share fits in the first cache.

use crate::lanes::{Lanes, Op, ask};
use crate::tiles::{affine_pairs, panels, split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
pub(crate) struct Affine<'a> {
    pub(crate) w: Matrix<'a>,
    pub(crate) x: Matrix<'a>,
    pub(crate) slope: f32,
    pub(crate) y: MatrixMut<'a>,
}

/// See [`Kernels::gradient`](arm_core::kernels::Kernels::gradient).
pub(crate) struct Gradient<'a> {
    pub(crate) a: f32,
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) g: MatrixMut<'a>,
}

/// Sums over k of `from[r * row + k * step]` times a shared vector `with[k * stride..]`.
#[derive(Clone, Copy)]
struct Sum {
    /// Terms.
    terms: usize,
    /// The scalars: a row of the tile to the next, a term to the next.
    from: *const f32,
    row: usize,
    step: usize,
    /// The vectors, and the distance of one term to the next.
    with: *const f32,
    stride: usize,
    /// How far from each vector lies what to ask the memory for, if anything.
    ahead: Option<usize>,
}

impl Sum {
    /// Adds the terms to a tile of `R` rows by `C` vectors; `mask` is for the last vector.
    ///
    /// # Safety
    /// Every scalar and every vector that the sum addresses must be readable.
    #[inline(always)]
    unsafe fn add_to<L: Lanes, const R: usize, const C: usize>(
        self,
        l: L,
        scale: Option<f32>,
        mask: L::Mask,
        tile: &mut [[L::V; C]; R],
    ) {
        let (mut from, mut with) = (self.from, self.with);
        let mut sums = *tile;
        for _ in 0..self.terms {
            let mut v = [l.splat(0.0); C];
            for (c, v) in v.iter_mut().enumerate() {
                // SAFETY: term k of the caller's promise.
                *v = unsafe { load(l, with, c, C, mask) };
                if let Some(a) = scale {
                    *v = l.mul(l.splat(a), *v);
                }
            }
            if let Some(ahead) = self.ahead {
                for c in 0..C {
                    l.prefetch(with.wrapping_add(ahead + c * L::N));
                }
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: as above.
                let x = l.splat(unsafe { *from.add(r * self.row) });
                for (s, v) in sums.iter_mut().zip(v) {
                    *s = l.fma(x, v, *s);
                }
            }
            from = from.wrapping_add(self.step);
            with = with.wrapping_add(self.stride);
        }
        *tile = sums;
    }
}

/// Vector `c` of `count` at `p`, the last one masked.
#[inline(always)]
unsafe fn load<L: Lanes>(l: L, p: *const f32, c: usize, count: usize, mask: L::Mask) -> L::V {
    // SAFETY: the caller's.
    unsafe { if c + 1 < count { l.load(p.add(c * L::N)) } else { l.load_masked(p.add(c * L::N), mask) } }
}

/// Stores vector `c` of `count` at `p`, the last one with `lanes` lanes.
#[inline(always)]
unsafe fn store<L: Lanes>(l: L, p: *mut f32, c: usize, count: usize, lanes: usize, v: L::V) {
    let p = p.wrapping_add(c * L::N);
    // SAFETY: the caller's.
    unsafe {
        if c + 1 < count || lanes == L::N { l.store(p, v) } else { l.store_masked(p, v, l.mask(lanes)) }
    }
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
                ask(l, w, ws, inputs, vectors);
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
        let mut tile = [[l.splat(0.0); C]; R];
        for c in 0..C {
            // SAFETY: the row of biases is the caller's promise.
            let bias = unsafe { load(l, bias, c, C, mask) };
            for tile in &mut tile {
                tile[c] = bias;
            }
        }
        // SAFETY: the caller's promise.
        unsafe { sum.add_to(l, None, mask, &mut tile) };
        for (r, tile) in tile.into_iter().enumerate() {
            for (c, v) in tile.into_iter().enumerate() {
                let v = if slope == 1.0 { v } else { l.activate(slope, v) };
                // SAFETY: row r of the tile in y.
                unsafe { store(l, y.wrapping_add(r * ys), c, C, lanes, v) };
            }
        }
    }
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
        for (r, tile) in tile.iter_mut().enumerate() {
            for (c, v) in tile.iter_mut().enumerate() {
                // SAFETY: row r of the tile in g.
                *v = unsafe { load(l, g.wrapping_add(r * gs), c, C, mask) };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { sum.add_to(l, Some(a), mask, &mut tile) };
        for (r, tile) in tile.into_iter().enumerate() {
            for (c, v) in tile.into_iter().enumerate() {
                // SAFETY: as above.
                unsafe { store(l, g.wrapping_add(r * gs), c, C, lanes, v) };
            }
        }
    }
}
