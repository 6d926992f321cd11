//! The loops over slices: whole groups of eight floats, by assembly where there is some, then the rest.

mod adam;
mod matrix;
mod momentum;
mod rows;

use crate::RAGGED;

pub use adam::{Adam, adam};
pub use matrix::{add_scaled, dots, outer};
pub use momentum::{Momentum, momentum};
pub use rows::{Selected, add_rows, add_terms, add_to_rows, terms};

/// Floats of a group.
const N: usize = 8;

/// What is behind the first `n` groups.
#[inline(always)]
fn rest(a: &[f32], n: usize) -> &[f32] {
    a.get(n * N..).unwrap_or_default()
}

/// [`rest`] of what is written.
#[inline(always)]
fn rest_mut(a: &mut [f32], n: usize) -> &mut [f32] {
    a.get_mut(n * N..).unwrap_or_default()
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
        w.get(start..start.wrapping_add(self.cols)).unwrap_or_default()
    }

    /// Row `i` behind `eights` groups, and what follows it.
    #[inline(always)]
    fn behind(self, w: &[f32], i: usize, eights: usize) -> &[f32] {
        w.get(i * self.stride + eights * N..).unwrap_or_default()
    }

    /// [`row`](Self::row), writable.
    #[inline(always)]
    fn row_mut(self, w: &mut [f32], i: usize) -> &mut [f32] {
        let start = i.wrapping_mul(self.stride);
        w.get_mut(start..start.wrapping_add(self.cols)).unwrap_or_default()
    }

    /// Rows in `len` floats; the last may end with its columns, without padding.
    #[inline(always)]
    pub(crate) fn rows(self, len: usize) -> usize {
        let stride = self.stride.max(1);
        len.saturating_add(stride - self.cols.min(stride)) / stride
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

/// An update of rows whose gradient is a factor each times one row: what a loop in assembly does of it, and what is left.
#[derive(Clone, Copy, Debug)]
struct Updates<'a> {
    /// A factor for each row that is there.
    xs: &'a [f32],
    /// Columns of all that is updated.
    cols: usize,
    /// Groups of eight that a loop in assembly does, if any.
    eights: usize,
}

impl Layout {
    /// The rows among `len` floats that have a factor, where the row they multiply has `cols` columns.
    #[inline(always)]
    fn updates(self, xs: &[f32], len: usize, cols: usize) -> Updates<'_> {
        let cols = self.cols.min(self.stride).min(cols);
        let xs = xs.get(..self.rows(len)).unwrap_or(xs);
        Updates { xs, cols, eights: if cfg!(vfp_loops) { cols / N } else { 0 } }
    }

    /// Bytes from the last group of a row to the first of the next one.
    #[cfg(vfp_loops)]
    #[inline(always)]
    fn skip(self, eights: usize) -> usize {
        4 * (self.stride - eights * N)
    }
}

impl Updates<'_> {
    /// Whether a loop in assembly has something to do.
    #[cfg(vfp_loops)]
    #[inline(always)]
    fn has_groups(&self) -> bool {
        self.eights > 0 && !self.xs.is_empty()
    }

    /// Whether something is left behind the groups.
    #[inline(always)]
    fn has_rest(&self) -> bool {
        RAGGED && self.eights * N != self.cols
    }
}
