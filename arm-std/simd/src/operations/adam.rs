//! Adam on a block of weights in the same pass that computes its gradient.
//!
//! One multiplication a term, unless [pairs](crate::tiles::adam_pairs) pay.

use crate::lanes::hint::Soon;
use crate::lanes::{Lanes, Op, ask};
use crate::operations::optimise::Rates;
use crate::tiles::adam_tile::{Gradient, Known, Rows, Wait, tile};
use crate::tiles::{adam_pairs, panels, split, with_height};
use arm_core::kernels::AdamRates;
use arm_core::matrix::Matrix;

/// See [`Kernels::adam_gradient`](arm_core::kernels::Kernels::adam_gradient), for real inputs and rows of whole vectors.
pub(crate) struct AdamGradient<'a> {
    pub(crate) rates: AdamRates,
    pub(crate) a: f32,
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    /// Both moments and the parameters, with the stride of `d`.
    pub(crate) blocks: [&'a mut [f32]; 3],
    /// Whether other threads have read the parameters.
    pub(crate) shared: bool,
}

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

impl Op for AdamGradient<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        match Soon::take() {
            Some(soon) => self.update::<L, true>(l, soon),
            None => self.update::<L, false>(l, Soon::new(&[])),
        }
    }
}

impl AdamGradient<'_> {
    #[inline(always)]
    fn update<L: Lanes, const SOON: bool>(self, l: L, soon: Soon) {
        let (stride, inputs) = (self.d.stride(), self.x.cols());
        let height = self.blocks.iter().map(|b| b.len() / stride).min().unwrap_or(0);
        assert!(stride.is_multiple_of(L::N) && height + self.first <= inputs + 1);
        let rates = Rates::new(l, self.rates, self.a);
        let mut known = Known::NOTHING;
        let blocks = self.blocks.map(|b| b.as_mut_ptr());
        let mut wait = Wait::<L, SOON>::new(rates, blocks, self.shared, soon, &mut known);
        let rows = Rows { x: self.x, first: self.first, d: self.d, height };
        // SAFETY: the assertions; the last tile lies within the blocks.
        unsafe {
            if const { L::PAIRS } && l.pairs() && adam_pairs::pays(rows.examples(), inputs, L::N) {
                adam_pairs::tiles(l, rows, &mut wait);
            } else {
                tiles(l, rows, &mut wait);
            }
            wait.end(l);
        }
        if self.shared {
            l.fence();
        }
    }
}

/// Gradient and Adam of some rows.
///
/// # Safety
/// That of [`Rows`].
#[inline(always)]
unsafe fn tiles<L: Lanes, const SOON: bool>(l: L, rows: Rows<'_>, wait: &mut Wait<'_, L, SOON>) {
    let Rows { x, first, d, height } = rows;
    let (stride, count) = (d.stride(), rows.examples());
    let weights = height.min(x.cols() - first.min(x.cols()));
    let (x, xs, d) = (x.data().as_ptr(), x.stride(), d.data().as_ptr());
    for (start, vectors, _) in panels(stride, L::N, 2) {
        let d = d.wrapping_add(start);
        if start == 0 {
            ask(l, d, stride, count, vectors);
            ask(l, x.wrapping_add(first), xs, count, 1);
        }
        let terms = Terms { count, x, row: 1, xs, d, ds: stride, root: wait.root(), ask: [false; 2] };
        for (r, height) in split(weights, const { tall::<L>() }) {
            // Other threads may have written both.
            let ask = [start == 0, r == 0];
            let terms = Terms { x: x.wrapping_add(first + r), ask, ..terms };
            with_height!(height, tall::<L>(), R => {
                // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within the blocks,
                // `count` rows within x and d, and the panel within their rows.
                unsafe {
                    match vectors {
                        2 => tile::<L, R, 2, SOON>(l, terms, stride, r * stride + start, wait),
                        _ => tile::<L, R, 1, SOON>(l, terms, stride, r * stride + start, wait),
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
                    2 => tile::<L, 1, 2, SOON>(l, terms, stride, weights * stride + start, wait),
                    _ => tile::<L, 1, 1, SOON>(l, terms, stride, weights * stride + start, wait),
                }
            }
        }
    }
}

impl<L: Lanes, const R: usize, const C: usize> Gradient<L, R, C> for Terms {
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
