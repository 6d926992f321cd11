//! Tiles of rows by a panel of vectors whose sums stay in registers.
//!
//! Nothing is packed: a panel of two vectors of every row of the matrix that all tiles share fits in the first cache.

use super::panel::{Panel, PanelMut};
use super::with_height;
use crate::lanes::activate::activated;
use crate::lanes::{Lanes, Op};
use arm_core::Activation;

/// Sums over k of `from[r * row + k * step]` times a shared vector `with[k * stride..]`, for each row r of a tile.
#[derive(Clone, Copy)]
pub(crate) struct Sum<'a> {
    /// Terms.
    pub(crate) terms: usize,
    /// The scalars: a row of the tile to the next, a term to the next.
    pub(crate) from: Panel<'a>,
    pub(crate) row: usize,
    pub(crate) step: usize,
    /// The vectors, and the distance of one term to the next.
    pub(crate) with: Panel<'a>,
    pub(crate) stride: usize,
    /// How far from each vector lies what to ask the memory for, if anything.
    pub(crate) ahead: Option<usize>,
    /// What the terms are multiplied by, if by anything.
    pub(crate) scale: Option<f32>,
    pub(crate) onto: Onto<'a>,
    /// What is done to the sums.
    pub(crate) activation: Activation,
    /// Where they go, and the distance of one row to the next.
    pub(crate) to: PanelMut<'a>,
    pub(crate) to_stride: usize,
}

/// What the terms are added to.
#[derive(Clone, Copy)]
pub(crate) enum Onto<'a> {
    Zeros,
    /// The same vectors for every row of the tile.
    Row(Panel<'a>),
    /// Those of each row, and the distance of one to the next.
    Rows(Panel<'a>, usize),
}

impl Sum<'_> {
    /// A tile of `height` rows, at most [`TALL`](Lanes::TALL), by one or two vectors, the last one with `lanes` lanes.
    ///
    /// # Safety
    /// Every scalar and every vector of the sums must be readable, and that of their results writable.
    #[inline(always)]
    pub(crate) unsafe fn tile<L: Lanes>(self, l: L, height: usize, vectors: usize, lanes: usize) {
        l.run(Tile { sum: self, height, vectors, lanes });
    }

    /// A [`tile`](Self::tile) whose size is known.
    ///
    /// # Safety
    /// That of [`tile`](Self::tile), for `R` rows of `C` vectors.
    #[inline(always)]
    unsafe fn sized<L: Lanes, const R: usize, const C: usize>(self, l: L, lanes: usize) {
        let mut sums = [[l.splat(0.0); C]; R];
        let (mut from, mut with, mask) = (self.from, self.with, l.mask(lanes));
        // SAFETY: the caller's promise.
        unsafe {
            match self.onto {
                Onto::Zeros => {}
                Onto::Row(onto) => sums = [load(l, onto, lanes, mask); R],
                Onto::Rows(onto, stride) => {
                    for (r, row) in sums.iter_mut().enumerate() {
                        *row = load(l, onto.from(r * stride), lanes, mask);
                    }
                }
            }
            for _ in 0..self.terms {
                let mut v: [L::V; C] = load(l, with, lanes, mask);
                if let Some(a) = self.scale {
                    for v in &mut v {
                        *v = l.mul(l.splat(a), *v);
                    }
                }
                if let Some(ahead) = self.ahead {
                    for c in 0..C {
                        with.prefetch(l, ahead + c * L::N);
                    }
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = l.splat(*from.at(r * self.row, 1));
                    for (s, v) in sums.iter_mut().zip(v) {
                        *s = l.fma(x, v, *s);
                    }
                }
                (from, with) = (from.from(self.step), with.from(self.stride));
            }
            for (r, mut row) in sums.into_iter().enumerate() {
                if !self.activation.is_linear() {
                    for v in &mut row {
                        *v = activated(l, self.activation, *v);
                    }
                }
                store(l, self.to.from(r * self.to_stride), lanes, row);
            }
        }
    }
}

/// A [`tile`](Sum::tile), whose caller keeps its promise.
struct Tile<'a> {
    sum: Sum<'a>,
    height: usize,
    vectors: usize,
    lanes: usize,
}

impl Op for Tile<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Tile { sum, height, vectors, lanes } = self;
        // SAFETY: the promise to `tile`.
        unsafe {
            with_height!(height, L::TALL, R => {
                match vectors {
                    2 => sum.sized::<L, R, 2>(l, lanes),
                    _ => sum.sized::<L, R, 1>(l, lanes),
                }
            });
        }
    }
}

/// `C` vectors, of the last one the `lanes` lanes of the mask.
///
/// # Safety
/// They must be readable.
#[inline(always)]
pub(crate) unsafe fn load<L: Lanes, const C: usize>(
    l: L,
    from: Panel<'_>,
    lanes: usize,
    mask: L::Mask,
) -> [L::V; C] {
    let mut v = [l.splat(0.0); C];
    for (c, v) in v.iter_mut().enumerate() {
        let at = c * L::N;
        // SAFETY: the caller's promise.
        *v = unsafe {
            if c + 1 < C { l.load(from.at(at, L::N)) } else { l.load_masked(from.at(at, lanes), mask) }
        };
    }
    v
}

/// Stores `C` vectors, of the last one `lanes` lanes.
///
/// # Safety
/// They must be writable.
#[inline(always)]
pub(crate) unsafe fn store<L: Lanes, const C: usize>(l: L, to: PanelMut<'_>, lanes: usize, v: [L::V; C]) {
    for (c, v) in v.into_iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            if c + 1 < C || lanes == L::N {
                l.store(to.at(c * L::N, L::N), v);
            } else {
                l.store_masked(to.at(c * L::N, lanes), v, l.mask(lanes));
            }
        }
    }
}
