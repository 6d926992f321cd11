//! The loops over slices: whole groups of eight floats, by assembly where there is some, then the rest.

use crate::{window, window_mut};
mod adam;
mod matrix;
mod momentum;
mod rows;

pub use adam::{Adam, AdamBlock, adam};
pub use matrix::{add_scaled, dots, outer};
pub use momentum::{Momentum, MomentumBlock, momentum};
pub use rows::{Selected, add_rows, add_terms, add_to_rows, terms};

/// Floats of a group.
const N: usize = 8;

/// What is behind the first `n` groups.
#[inline(always)]
fn rest(a: &[f32], n: usize) -> &[f32] {
    window(a, n * N..)
}

/// [`rest`] of what is written.
#[inline(always)]
fn rest_mut(a: &mut [f32], n: usize) -> &mut [f32] {
    window_mut(a, n * N..)
}

/// Rows of `cols` floats, `stride` floats apart, in one slice.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Floats of a row.
    pub cols: usize,
    /// Floats from one row to the next.
    pub stride: usize,
}

impl Layout {
    /// Row `i`, or empty where the slice ends before it.
    #[inline(always)]
    fn row(self, w: &[f32], i: usize) -> &[f32] {
        let start = i.wrapping_mul(self.stride);
        window(w, start..start.wrapping_add(self.cols))
    }

    /// Row `i` behind `eights` groups, and what follows it.
    #[inline(always)]
    fn behind(self, w: &[f32], i: usize, eights: usize) -> &[f32] {
        window(w, i * self.stride + eights * N..)
    }

    /// [`row`](Self::row), writable.
    #[inline(always)]
    fn row_mut(self, w: &mut [f32], i: usize) -> &mut [f32] {
        let start = i.wrapping_mul(self.stride);
        window_mut(w, start..start.wrapping_add(self.cols))
    }

    /// Rows in `len` floats; the last may end with its columns, without padding.
    #[inline(always)]
    pub(crate) fn rows(self, len: usize) -> usize {
        let stride = self.stride.max(1);
        // Where that wraps there are none.
        len.wrapping_add(stride - self.cols.min(stride)) / stride
    }

    /// The same rows, of at most `cols` columns.
    #[inline(always)]
    fn within(self, cols: usize) -> Self {
        Layout { cols: self.cols.min(self.stride).min(cols), ..self }
    }

    /// The first row that has something left when groups are done.
    #[inline(always)]
    fn first_rest(self, fours: usize, eights: usize) -> usize {
        if self.cols == eights * N { 4 * fours } else { 0 }
    }

    /// How many times four rows and eight columns there are, for which there is a float in `x` each and in `y` each.
    #[inline(always)]
    fn groups(self, w: usize, x: usize, y: usize) -> (usize, usize) {
        let eights = self.cols.min(self.stride).min(y) / N;
        if self.rows(w) >= x { (x / 4, eights) } else { (0, 0) }
    }
}
