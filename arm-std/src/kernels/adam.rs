//! Adam on a block of weights in the same pass that computes its gradient.
//!
//! A tile of the gradient needs the multipliers, Adam the divider and the memory: the loop over the terms of a tile also
//! updates, a vector a term, the tile before it, and asks for the parameters of its own.

use super::lanes::{Lanes, Op, ask};
use super::optimise::Rates;
use super::soon::Soon;
use super::{adam_pairs, panels, split, with_height};
use arm_core::kernels::AdamRates;
use arm_core::matrix::Matrix;

/// See [`Kernels::adam_gradient`](arm_core::kernels::Kernels::adam_gradient), for real inputs and rows of whole vectors.
pub(super) struct AdamGradient<'a> {
    pub(super) rates: AdamRates,
    pub(super) a: f32,
    pub(super) x: Matrix<'a>,
    pub(super) first: usize,
    pub(super) d: Matrix<'a>,
    /// Both moments and the parameters, with the stride of `d`.
    pub(super) blocks: [&'a mut [f32]; 3],
    /// Whether other threads have read the parameters.
    pub(super) shared: bool,
}

/// Rows of the tallest tile: registers are left for Adam.
const fn tall<L: Lanes>() -> usize {
    L::TALL * 3 / 4
}

/// A tile: its first element in the block, vectors, and the distances to the next vector from an even and an odd one.
#[derive(Clone, Copy)]
struct Tile {
    at: usize,
    count: usize,
    steps: [usize; 2],
}

/// The tile whose gradient is known, and what all of them share.
pub(super) struct Wait<'a, L: Lanes> {
    rates: Rates<L>,
    blocks: [*mut f32; 3],
    shared: bool,
    tile: Tile,
    soon: Soon,
    g: &'a mut [[f32; 16]; 28],
}

impl<L: Lanes> Wait<'_, L> {
    /// Updates vector `i`, which lies at `at`.
    #[inline(always)]
    unsafe fn update(&self, l: L, i: usize, at: usize) {
        // SAFETY: the caller's: vector `at` lies within the blocks, and g has a row for each vector of a tile.
        unsafe {
            let g = l.load(self.g.as_ptr().add(i).cast());
            self.rates.update(l, g, self.blocks.map(|p| p.add(at)), self.shared);
        }
    }

    /// Updates the vectors from `i` at `at`.
    #[inline(always)]
    unsafe fn rest(&self, l: L, first: usize, mut at: usize) {
        for i in first..self.tile.count {
            // SAFETY: the caller's.
            unsafe { self.update(l, i, at) }
            at += self.tile.steps[i & 1];
        }
    }
}

/// The gradient of a tile.
pub(super) trait Gradient<L: Lanes, const R: usize, const C: usize>: Copy {
    /// Steps in which it is computed.
    fn steps(self) -> usize;

    /// Takes the next step.
    ///
    /// # Safety
    /// There must be one.
    unsafe fn step(&mut self, l: L, sums: &mut [[L::V; C]; R]);

    /// What comes after the last step.
    ///
    /// # Safety
    /// All steps must have been taken.
    unsafe fn end(self, l: L, sums: &mut [[L::V; C]; R]);
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
    /// Whether to ask for the scalars of the tile after this one, and for the vectors of the panel after this one.
    ask: [bool; 2],
}

impl Op for AdamGradient<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (stride, inputs) = (self.d.stride(), self.x.cols());
        let count = self.x.height().min(self.d.height());
        let height = self.blocks.iter().map(|b| b.len() / stride).min().unwrap_or(0);
        assert!(stride.is_multiple_of(L::N) && height + self.first <= inputs + 1);
        let weights = height.min(inputs - self.first.min(inputs));
        let (x, xs, d) = (self.x.data().as_ptr(), self.x.stride(), self.d.data().as_ptr());
        let mut wait = Wait {
            rates: Rates::new(l, self.rates, self.a),
            blocks: self.blocks.map(|b| b.as_mut_ptr()),
            shared: self.shared,
            tile: Tile { at: 0, count: 0, steps: [0; 2] },
            soon: Soon::take(),
            g: &mut [[0.0; 16]; 28],
        };
        let pairs = l.pairs() && adam_pairs::pays(count, inputs, L::N);
        if pairs {
            // SAFETY: the assertions.
            unsafe { adam_pairs::tiles(l, self.x, self.first, self.d, height, &mut wait) }
        }
        for (start, vectors, _) in panels(if pairs { 0 } else { stride }, L::N, 2) {
            let d = d.wrapping_add(start);
            if start == 0 {
                ask(l, d, stride, count, vectors);
                ask(l, x.wrapping_add(self.first), xs, count, 1);
            }
            let terms = Terms { count, x, row: 1, xs, d, ds: stride, ask: [false; 2] };
            for (r, height) in split(weights, const { tall::<L>() }) {
                // Other threads may have written both.
                let ask = [start == 0, r == 0];
                let terms = Terms { x: x.wrapping_add(self.first + r), ask, ..terms };
                with_height!(height, tall::<L>(), R => {
                    // SAFETY: columns `first + r..` + `height` lie within x, rows r.. + `height` within the blocks,
                    // `count` rows within x and d, and the panel within their rows.
                    unsafe {
                        match vectors {
                            2 => tile::<L, R, 2>(l, terms, stride, r * stride + start, &mut wait),
                            _ => tile::<L, R, 1>(l, terms, stride, r * stride + start, &mut wait),
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
                        2 => tile::<L, 1, 2>(l, terms, stride, weights * stride + start, &mut wait),
                        _ => tile::<L, 1, 1>(l, terms, stride, weights * stride + start, &mut wait),
                    }
                }
            }
        }
        // SAFETY: the last tile lies within the blocks.
        unsafe { wait.rest(l, 0, wait.tile.at) }
        if self.shared {
            l.fence();
        }
    }
}

/// Computes the gradient of the tile at `at` and updates the one before.
///
/// # Safety
/// `gradient` must have what it adds, and the tile lie within the blocks, whose rows are `stride` apart.
#[inline(always)]
pub(super) unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    l: L,
    mut gradient: impl Gradient<L, R, C>,
    stride: usize,
    at: usize,
    wait: &mut Wait<'_, L>,
) {
    let steps = if C == 2 { [L::N, stride - L::N] } else { [stride; 2] };
    let own = Tile { at, count: R * C, steps };
    let mut sums = [[l.splat(0.0); C]; R];
    let (mut before, mut here) = (wait.tile.at, at);
    let all = gradient.steps();
    let both = all.min(wait.tile.count.max(own.count));
    // Vectors are spread over all steps: a CPU waits for a few cache lines at a time only.
    let each = all / both.max(1);
    // SAFETY: the caller's; steps are taken as often as there are some.
    unsafe {
        for i in 0..both {
            for _ in 0..each {
                gradient.step(l, &mut sums);
            }
            if i < wait.tile.count {
                wait.update(l, i, before);
                before += wait.tile.steps[i & 1];
            }
            for p in wait.blocks {
                l.prefetch_write(p.wrapping_add(here));
            }
            here += own.steps[i & 1];
            wait.soon.ask(l);
        }
        for _ in both * each..all {
            gradient.step(l, &mut sums);
        }
        wait.rest(l, both, before);
        gradient.end(l, &mut sums);
        for (r, sums) in sums.into_iter().enumerate() {
            for (c, v) in sums.into_iter().enumerate() {
                l.store(wait.g.as_mut_ptr().add(r * C + c).cast(), v);
            }
        }
    }
    wait.tile = own;
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
    unsafe fn end(self, _: L, _: &mut [[L::V; C]; R]) {}
}
