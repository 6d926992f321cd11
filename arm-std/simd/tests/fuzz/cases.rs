//! Random sizes, matrices and numbers.

use crate::guarded::{Guard, Guarded};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

/// Sizes at which something changes: vectors, words, pairs, packed parts, panels.
const EDGES: [usize; 22] =
    [15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 127, 128, 200, 208, 209, 255, 256, 257, 300];

pub(crate) struct Case(Stream);

impl Case {
    pub(crate) fn new(seed: u64) -> Self {
        Case(Stream::new(seed, Purpose::Initial, 0, 0, 0))
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (f64::from(self.0.uniform()) * n as f64) as usize
    }

    /// A size, from nothing to more than any kernel takes at a time in rare cases.
    pub(crate) fn size(&mut self) -> usize {
        match self.below(40) {
            0..12 => self.below(5),
            12..24 => self.below(40),
            24..36 => EDGES[self.below(EDGES.len())],
            36..39 => self.below(300),
            _ => [832, 833, 1023, 1025, 1100][self.below(5)],
        }
    }

    /// Another size that may be just too large or too small.
    pub(crate) fn about(&mut self, n: usize) -> usize {
        match self.below(8) {
            0 => n + self.below(4),
            1 => n.saturating_sub(self.below(4)),
            _ => n,
        }
    }

    pub(crate) fn guard(&mut self) -> Guard {
        [Guard::End, Guard::End, Guard::Start, Guard::Heap][self.below(4)]
    }

    /// Numbers between -1 and 1.
    pub(crate) fn floats(&mut self, n: usize) -> Guarded {
        let mut data = Guarded::zeroed(self.guard(), n);
        data.floats_mut().fill_with(|| 2.0 * self.0.uniform() - 1.0);
        data
    }

    /// Random words, with few or many ones.
    pub(crate) fn words(&mut self, n: usize) -> Guarded {
        let mut data = Guarded::zeroed(self.guard(), n);
        let density = [0.0, 0.1, 0.5, 1.0][self.below(4)];
        for word in data.words_mut() {
            *word = (0..32).fold(0, |word, i| word | u32::from(self.0.uniform() < density) << i);
        }
        data
    }

    /// Rows with a random distance and `padding` between them, and perhaps a part of a row behind them.
    pub(crate) fn real(&mut self, rows: usize, cols: usize, padding: f32) -> Real {
        let stride = match self.below(3) {
            0 => cols,
            1 => cols.next_multiple_of(16),
            _ => cols + self.below(20),
        };
        let rest = if self.below(4) == 0 { self.below(cols.max(1)) } else { 0 };
        let mut data = self.floats(rows * stride + rest);
        for row in data.floats_mut().chunks_mut(stride.max(1)) {
            if let Some(row) = row.get_mut(cols..) {
                row.fill(padding);
            }
        }
        Real { data, stride, cols }
    }

    pub(crate) fn bits(&mut self, rows: usize, cols: usize) -> Packed {
        Packed { data: self.words(rows * cols.div_ceil(32)), cols }
    }
}

pub(crate) struct Real {
    pub(crate) data: Guarded,
    pub(crate) stride: usize,
    pub(crate) cols: usize,
}

impl Real {
    pub(crate) fn view(&self) -> Matrix<'_> {
        Matrix::new(self.data.floats(), self.stride, self.cols)
    }

    pub(crate) fn view_mut(&mut self) -> MatrixMut<'_> {
        MatrixMut::new(self.data.floats_mut(), self.stride, self.cols)
    }
}

pub(crate) struct Packed {
    pub(crate) data: Guarded,
    pub(crate) cols: usize,
}

impl Packed {
    pub(crate) fn view(&self) -> BitMatrix<'_> {
        BitMatrix::new(self.data.words(), self.cols)
    }

    /// The words, without what lies beyond the columns.
    pub(crate) fn clean(&self) -> Vec<u32> {
        let mut words = self.data.words().to_vec();
        if !self.cols.is_multiple_of(32) {
            words.chunks_mut(self.cols.div_ceil(32)).for_each(|row| {
                row[self.cols / 32] &= (1 << (self.cols % 32)) - 1;
            });
        }
        words
    }
}
