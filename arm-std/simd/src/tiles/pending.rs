//! Tiles of a gradient, and Adam on the one before.
//!
//! A tile of the gradient needs the multipliers, Adam the divider and the memory: the loop over the steps of a tile also
//! updates, a vector a step, the tile before it, and asks for the parameters of its own.

use super::panel::{Panel, PanelMut};
use crate::lanes::Lanes;
use crate::lanes::hint::PrefetchHint;
use crate::tiles::rates::Rates;
use arm_core::matrix::Matrix;

/// A tile: its first element in the block, vectors, and the distances to the next vector from an even and an odd one.
#[derive(Clone, Copy)]
struct Tile {
    at: usize,
    count: usize,
    steps: [usize; 2],
}

/// Rows of a block, and what their gradient is made of. They have the stride of `d`, whole vectors, and lie within the
/// blocks; there may be no more than one for each input from `first` and one for biases.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) x: Matrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) height: usize,
}

impl Rows<'_> {
    #[inline(always)]
    pub(crate) fn examples(&self) -> usize {
        self.x.height().min(self.d.height())
    }
}

/// Lanes of the widest vector.
const WIDTH: usize = 16;

/// The gradient of a tile, a vector after the other, scaled as [`Rates`] has it.
#[repr(align(64))]
pub(crate) struct Known([[f32; WIDTH]; 28]);

impl Known {
    pub(crate) const NOTHING: Self = Known([[0.0; WIDTH]; 28]);
}

/// The tile whose gradient is known, and what all of them share.
pub(crate) struct PendingTile<'a, L: Lanes> {
    rates: Rates<L>,
    blocks: [PanelMut<'a>; 3],
    streaming: bool,
    tile: Tile,
    hint: PrefetchHint,
    g: &'a mut Known,
}

impl<'a, L: Lanes> PendingTile<'a, L> {
    /// No tile yet. The blocks are both moments and the parameters.
    #[inline(always)]
    pub(crate) fn new(
        rates: Rates<L>,
        blocks: [PanelMut<'a>; 3],
        streaming: bool,
        hint: PrefetchHint,
        g: &'a mut Known,
    ) -> Self {
        PendingTile { rates, blocks, streaming, tile: Tile { at: 0, count: 0, steps: [0; 2] }, hint, g }
    }

    /// The scale of gradients.
    #[inline(always)]
    pub(crate) fn root(&self) -> f32 {
        self.rates.root
    }

    /// Updates the last tile.
    ///
    /// # Safety
    /// Its vectors must lie within the blocks.
    #[inline(always)]
    pub(crate) unsafe fn end(&self, l: L) {
        // SAFETY: the caller's.
        unsafe { self.rest(l, 0, self.tile.at) }
    }

    /// Updates the moments of vector `i`, which lie at `at`.
    ///
    /// # Safety
    /// They must lie within the blocks, and the tile have vector `i`.
    #[inline(always)]
    unsafe fn begin(&self, l: L, i: usize, at: usize) -> [L::V; 2] {
        // SAFETY: the caller's: vector `at` lies within the blocks, and g has a row for each vector of a tile.
        unsafe {
            let g = l.load(Panel::new(&self.g.0).at(i * WIDTH, L::N));
            let [m, v] = [self.blocks[0].at(at, L::N), self.blocks[1].at(at, L::N)];
            let (moments, due) = self.rates.begin(l, g, [l.load(m), l.load(v)]);
            l.store(m, moments[0]);
            l.store(v, moments[1]);
            due
        }
    }

    /// Then the parameters.
    ///
    /// # Safety
    /// They must lie within the blocks.
    #[inline(always)]
    unsafe fn update(&self, l: L, due: [L::V; 2], at: usize) {
        // SAFETY: the caller's; the parameters are aligned like their blocks.
        unsafe {
            let w = self.blocks[2].at(at, L::N);
            let w_new = self.rates.end(l, due, l.load(w));
            if self.streaming { l.stream(w, w_new) } else { l.store(w, w_new) }
        }
    }

    /// Updates the vectors from `i` at `at`.
    ///
    /// # Safety
    /// They must lie within the blocks.
    #[inline(always)]
    unsafe fn rest(&self, l: L, first: usize, mut at: usize) {
        for i in first..self.tile.count {
            // SAFETY: the caller's.
            unsafe { self.update(l, self.begin(l, i, at), at) }
            at += self.tile.steps[i & 1];
        }
    }
}

/// The gradient of a tile.
pub(crate) trait Gradient<L: Lanes, const R: usize, const C: usize>: Copy {
    /// Steps in which it is computed.
    fn steps(self) -> usize;

    /// Takes the next step.
    ///
    /// # Safety
    /// There must be one.
    unsafe fn step(&mut self, l: L, sums: &mut [[L::V; C]; R]);

    /// What comes after the last step, and the scale.
    ///
    /// # Safety
    /// All steps must have been taken.
    unsafe fn end(self, l: L, sums: &mut [[L::V; C]; R]);
}

/// Computes the gradient of the tile at `at` and updates the one before.
///
/// # Safety
/// `gradient` must have what it adds in as many steps as it says, and the tile lie within the blocks, whose rows are `stride` apart.
#[inline(always)]
pub(crate) unsafe fn tile<L: Lanes, const R: usize, const C: usize>(
    l: L,
    mut gradient: impl Gradient<L, R, C>,
    stride: usize,
    at: usize,
    pending: &mut PendingTile<'_, L>,
) {
    let steps = if C == 2 { [L::N, stride - L::N] } else { [stride; 2] };
    let own = Tile { at, count: R * C, steps };
    let mut sums = [[l.splat(0.0); C]; R];
    let (mut before, mut here) = (pending.tile.at, at);
    let all = gradient.steps();
    let both = all.min(pending.tile.count.max(own.count));
    // Vectors are spread over all steps: a CPU waits for a few cache lines at a time only.
    let each = all / both.max(1);
    let (mut due, mut due_at) = ([l.splat(1.0); 2], 0);
    // SAFETY: the caller's; steps are taken as often as there are some.
    unsafe {
        for i in 0..both {
            for _ in 0..each {
                gradient.step(l, &mut sums);
            }
            if i < pending.tile.count {
                // The division of the vector before, so that no chain of operations is longer than what a CPU has in flight.
                if i > 0 {
                    pending.update(l, due, due_at);
                }
                (due, due_at) = (pending.begin(l, i, before), before);
                before += pending.tile.steps[i & 1];
            }
            for p in pending.blocks {
                p.prefetch_write(l, here);
            }
            here += own.steps[i & 1];
            if pending.hint.is_left() {
                pending.hint.prefetch_next(l);
            }
        }
        if both > 0 && pending.tile.count > 0 {
            pending.update(l, due, due_at);
        }
        for _ in both * each..all {
            gradient.step(l, &mut sums);
        }
        pending.rest(l, both, before);
        gradient.end(l, &mut sums);
        for (r, sums) in sums.into_iter().enumerate() {
            for (c, v) in sums.into_iter().enumerate() {
                l.store(PanelMut::new(&mut pending.g.0).at((r * C + c) * WIDTH, L::N), v);
            }
        }
    }
    pending.tile = own;
}
