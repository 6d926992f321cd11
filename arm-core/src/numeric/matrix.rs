//! Borrowed matrices: rows of `cols` elements, `stride` elements apart.
//!
//! A row outside the data is a mistake: a build with debug assertions stops there; without, it reads as empty and nothing
//! panics.

use crate::feature::BATCH;
use crate::numeric::bits::{Bits, words};
use crate::numeric::chunks::{chunks, chunks_mut};
use crate::numeric::window::{window, window_mut};

/// Rows of numbers, read only.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T = f32> {
    data: &'a [T],
    stride: usize,
    cols: usize,
}

/// Rows of numbers, writable.
#[derive(Debug)]
pub struct MatrixMut<'a, T = f32> {
    data: &'a mut [T],
    stride: usize,
    cols: usize,
}

/// Rows of packed bits.
#[derive(Clone, Copy, Debug)]
pub struct BitMatrix<'a> {
    data: &'a [u32],
    cols: usize,
}

/// How many rows there are in `floats`: mostly one, which takes no division.
#[inline(always)]
fn whole(floats: usize, stride: usize) -> usize {
    if floats == stride { 1 } else { floats / stride.max(1) }
}

impl<'a, T> Matrix<'a, T> {
    /// `data.len() / stride` rows of `cols <= stride` elements.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn new(data: &'a [T], stride: usize, cols: usize) -> Self {
        debug_assert!(cols <= stride);
        Matrix { data, stride: stride.max(1), cols: cols.min(stride) }
    }

    /// [`new`](Self::new) for rows of a layer, whose stride is at least their width.
    #[inline(always)]
    pub(crate) fn of_layer(data: &'a [T], stride: usize, cols: usize) -> Self {
        debug_assert!(cols <= stride);
        Matrix { data, stride, cols }
    }

    /// Elements in a row.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Elements from one row to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride.max(1)
    }

    /// Number of whole rows.
    #[inline]
    pub fn height(&self) -> usize {
        self.data.len() / self.stride()
    }

    /// [`height`](Self::height), where the rows are examples.
    #[inline(always)]
    pub(crate) fn examples(&self) -> usize {
        if BATCH { whole(self.data.len(), self.stride()) } else { 1 }
    }

    /// The elements, padding included.
    #[inline]
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// Row `i`; one that is not there is empty.
    #[inline]
    #[track_caller]
    pub fn row(&self, i: usize) -> &'a [T] {
        let start = i.wrapping_mul(self.stride);
        window(self.data, start..start.wrapping_add(self.cols))
    }

    /// The rows in order.
    #[inline]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [T]> + use<'a, T> {
        let cols = self.cols;
        chunks(self.data, self.stride()).map(move |r| window(r, ..cols))
    }
}

impl<'a, T> MatrixMut<'a, T> {
    /// `data.len() / stride` rows of `cols <= stride` elements.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn new(data: &'a mut [T], stride: usize, cols: usize) -> Self {
        debug_assert!(cols <= stride);
        MatrixMut { data, stride: stride.max(1), cols: cols.min(stride) }
    }

    /// Elements in a row.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Elements from one row to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        self.stride.max(1)
    }

    /// Number of whole rows.
    #[inline]
    pub fn height(&self) -> usize {
        self.data.len() / self.stride()
    }

    /// [`height`](Self::height), where the rows are examples.
    #[inline(always)]
    pub(crate) fn examples(&self) -> usize {
        if BATCH { whole(self.data.len(), self.stride()) } else { 1 }
    }

    /// The elements, padding included.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [T] {
        self.data
    }

    /// Row `i`; one that is not there is empty.
    #[inline]
    #[track_caller]
    pub fn row_mut(&mut self, i: usize) -> &mut [T] {
        let start = i.wrapping_mul(self.stride);
        window_mut(self.data, start..start.wrapping_add(self.cols))
    }

    /// The rows in order.
    #[inline]
    pub fn rows_mut(&mut self) -> impl ExactSizeIterator<Item = &mut [T]> {
        let cols = self.cols;
        chunks_mut(self.data, self.stride).map(move |r| window_mut(r, ..cols))
    }

    /// The same rows, read only.
    #[inline]
    pub fn as_matrix(&self) -> Matrix<'_, T> {
        Matrix { data: self.data, stride: self.stride, cols: self.cols }
    }
}

impl<'a> BitMatrix<'a> {
    /// No units at all.
    pub const NONE: Self = BitMatrix { data: &[], cols: 0 };

    /// `data.len() / words(cols)` rows of `cols` bits.
    #[cfg_attr(not(target_os = "none"), inline)]
    pub fn new(data: &'a [u32], cols: usize) -> Self {
        BitMatrix { data, cols }
    }

    /// Units in a row.
    #[inline]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Words from one row to the next.
    #[inline]
    pub fn stride(&self) -> usize {
        words(self.cols).max(1)
    }

    /// Number of whole rows.
    #[inline]
    pub fn height(&self) -> usize {
        self.data.len() / self.stride()
    }

    /// The words of all rows.
    #[inline]
    pub fn data(&self) -> &'a [u32] {
        self.data
    }

    /// The first `rows` rows, which must be there.
    #[inline]
    pub fn top(&self, rows: usize) -> Self {
        let data = window(self.data, ..rows.wrapping_mul(words(self.cols)));
        BitMatrix { data, cols: self.cols }
    }

    /// The words of row `i`; of one that is not there none.
    #[inline]
    #[track_caller]
    pub fn row(&self, i: usize) -> &'a [u32] {
        let stride = words(self.cols);
        let start = i.wrapping_mul(stride);
        window(self.data, start..start.wrapping_add(stride))
    }

    /// Row `i` as a binary vector; one that is not there is empty.
    #[inline]
    pub fn bits(&self, i: usize) -> Bits<'a> {
        Bits::new(self.row(i), self.cols).unwrap_or(Bits::EMPTY)
    }

    /// The words of the rows in order.
    #[inline]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u32]> + use<'a> {
        chunks(self.data, self.stride())
    }
}

/// What a dense layer reads, a row an example.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, T = f32> {
    /// Activations of the hidden layer before it.
    Real(Matrix<'a, T>),
    /// Binary units.
    Bits(BitMatrix<'a>),
}

impl Input<'_> {
    /// DrawRule `i` of the first row; one behind the last unit, for the bias.
    #[inline]
    pub fn value(&self, i: usize) -> f32 {
        match self {
            Input::Real(x) => x.row(0).get(i).copied().unwrap_or(1.0),
            Input::Bits(x) if i < x.cols() => {
                x.row(0).get(i / 32).map_or(0.0, |w| (w >> (i % 32) & 1) as f32)
            }
            Input::Bits(_) => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn rows_skip_the_padding() {
        let data: Vec<f32> = (0..9).map(|i| i as f32).collect();
        let m = Matrix::new(&data, 4, 3);
        assert_eq!(m.height(), 2);
        assert_eq!(m.row(1), [4.0, 5.0, 6.0]);
        assert_eq!(m.rows().map(<[f32]>::len).collect::<Vec<_>>(), [3, 3]);
        let mut data = data.clone();
        let mut m = MatrixMut::new(&mut data, 4, 3);
        m.row_mut(0).fill(7.0);
        assert_eq!(m.as_matrix().row(0), [7.0; 3]);
        assert_eq!(data[3], 3.0);
    }

    #[test]
    fn bit_rows() {
        let m = BitMatrix::new(&[1, 0, 2, 1], 33);
        assert_eq!((m.height(), m.stride()), (2, 2));
        assert_eq!(m.bits(1).ones().collect::<Vec<_>>(), [1, 32]);
        assert!(BitMatrix::NONE.bits(2).is_empty() && BitMatrix::NONE.top(1).data().is_empty());
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "beyond the end")]
    fn a_row_that_is_not_there_is_noticed() {
        Matrix::new(&[1, 2, 3, 4], 2, 2).row(2);
    }

    #[test]
    #[cfg(not(debug_assertions))]
    fn a_row_that_is_not_there_is_empty() {
        assert!(Matrix::new(&[1, 2, 3, 4], 2, 2).row(2).is_empty());
    }
}
