//! Every level that this CPU has against the portable kernels.
//!
//! Tolerance: sums of n terms differ by rounding, so elements may differ by 1e-6 (n + 4)^(1/2) times the largest term
//! sum, which is bounded here by the same kernel on absolute values.

mod optimisers;
mod pairs;
mod products;
mod readme;
mod rows;
mod subsets;
mod uniforms;
mod units;
mod within;

use arm_core::matrix::{Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::{Desktop, Level};

fn levels() -> Vec<Desktop> {
    Level::ALL.into_iter().filter_map(Desktop::with).collect()
}

/// A level that the CPU has not is passed over by the other tests; here that is said.
#[test]
fn every_level_is_tested() {
    for level in Level::ALL {
        let _ = arm_needs::avx512(Desktop::with(level));
    }
}

/// A matrix with stride; its padding is `padding`.
#[derive(Clone)]
struct Rows {
    data: Vec<f32>,
    stride: usize,
    cols: usize,
}

impl Rows {
    fn new(rng: &mut Stream, rows: usize, cols: usize, pad: usize, padding: f32) -> Self {
        let stride = cols.next_multiple_of(pad);
        let mut data = vec![padding; rows * stride];
        for row in data.chunks_mut(stride) {
            row[..cols].fill_with(|| 2.0 * rng.uniform() - 1.0);
        }
        Rows { data, stride, cols }
    }

    fn view(&self) -> Matrix<'_> {
        Matrix::new(&self.data, self.stride, self.cols)
    }

    fn view_mut(&mut self) -> MatrixMut<'_> {
        MatrixMut::new(&mut self.data, self.stride, self.cols)
    }

    fn row(&self, i: usize) -> Rows {
        Rows { data: self.data[i * self.stride..(i + 1) * self.stride].to_vec(), ..*self }
    }

    fn padding(&self) -> impl Iterator<Item = f32> {
        self.data.chunks(self.stride).flat_map(|r| r[self.cols..].to_vec())
    }
}

fn bits(rng: &mut Stream, rows: usize, cols: usize, density: f32) -> Vec<u32> {
    let mut data = vec![0; rows * cols.div_ceil(32)];
    for row in data.chunks_mut(cols.div_ceil(32).max(1)) {
        for i in 0..cols {
            row[i / 32] |= u32::from(rng.uniform() < density) << (i % 32);
        }
    }
    data
}

fn close(a: &Rows, b: &Rows, terms: usize, what: &str) {
    let tolerance = 1e-6 * (terms as f32 + 4.0).sqrt();
    for (n, (a, b)) in a.view().rows().zip(b.view().rows()).enumerate() {
        for (o, (a, b)) in a.iter().zip(b).enumerate() {
            assert!((a - b).abs() <= tolerance * (1.0 + b.abs()), "{what}: [{n}][{o}] {a} {b}");
        }
    }
}

/// Elements that take a few operations differ by rounding: 1e-6 of themselves; what is below 1e-11 counts as zero.
fn near(a: &[f32], b: &[f32]) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-6 * b.abs() + 1e-11, "{a} {b}");
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|a| a.to_bits()).eq(b.iter().map(|b| b.to_bits()))
}

/// (examples, inputs, outputs)
const SHAPES: [(usize, usize, usize); 16] = [
    (1, 1, 1),
    (1, 784, 200),
    (2, 3, 7),
    (3, 16, 16),
    (5, 31, 17),
    (7, 33, 33),
    (3, 40, 9),
    (4, 9, 60),
    (13, 200, 200),
    (14, 5, 97),
    (15, 129, 64),
    (29, 65, 40),
    (50, 70, 130),
    (131, 37, 20),
    (36, 209, 1029),
    (7, 257, 833),
];

/// These and other shapes, of which an interpreter takes the small ones.
fn shapes<const N: usize>(more: [(usize, usize, usize); N]) -> impl Iterator<Item = (usize, usize, usize)> {
    let small = |(rows, inputs, outputs)| rows * inputs * outputs < 8000;
    SHAPES.into_iter().chain(more).filter(move |&shape| !cfg!(miri) || small(shape))
}

/// Runs `check` for every level, shape and padding.
fn each(check: impl Fn(Desktop, &mut Stream, (usize, usize, usize), usize, &str)) {
    for kernels in levels() {
        for shape in shapes([]) {
            for pad in [1, 16] {
                let mut rng = Stream::new(7, Purpose::Initial, 0, 0, shape.1);
                let what = format!("{:?} {shape:?} pad {pad}", kernels.level());
                check(kernels, &mut rng, shape, pad, &what);
            }
        }
    }
}
