//! y = act(x w + bias) with two thirds of the multiplications, for CPUs that add beside them.
//!
//! Two terms of a sum take one multiplication (Winograd, A New Algorithm for Inner Product, IEEE Trans. Comput. C-17,
//! 1968): x0 w0 + x1 w1 = (x0 + w1) (x1 + w0) - x0 x1 - w0 w1, where x0 x1 is needed once a row and w0 w1 once a panel.
//! An AMD Zen has as many adders as multipliers. With two of three terms in a pair both are always busy: two additions
//! and two fused multiplications for three terms.
//!
//! Rounding is that of sums of squares of x and of w, so both should be about as large. A power of two brings the
//! largest of a row of x to between 1/4 and 1/2, where weights of a network are, too. Then the error is less than four
//! times that of the sum term by term. It does not shrink with weights below 1/4, and grows with the square of larger
//! ones. A row of zeros gives the bias exactly.

use super::lanes::{Lanes, ask};
use super::{split, with_height};
use arm_core::matrix::{Matrix, MatrixMut};

/// Terms that are packed at a time.
const TERMS: usize = 208;

/// Rows that are packed at a time.
const ROWS: usize = 28;

/// Fewest terms that are worth a copy of x.
pub(super) const FEWEST: usize = 32;

/// Terms of some rows of x, each row scaled.
#[repr(align(64))]
struct Packed {
    x: [[f32; TERMS]; ROWS],
    /// Sums of the products within the pairs of a row.
    own: [f32; ROWS],
    /// What undoes the scale.
    inverse: [f32; ROWS],
}

impl Packed {
    /// Packs columns `first..` + `terms` of the rows from `start`.
    #[inline(always)]
    fn fill(&mut self, x: Matrix<'_>, start: usize, rows: usize, first: usize, terms: usize) {
        // Row after row in each loop, and not all that is to be done for a row: no row then waits for itself.
        let columns = first..first + terms;
        for r in 0..rows {
            let largest =
                x.row(start + r)[columns.clone()].iter().fold(0, |m, x| m.max(x.to_bits() & 0x7fff_ffff));
            // An exponent e of the largest becomes -2; 1 and 252 are those of the smallest and largest power that has
            // an inverse.
            let scale = 252u32.saturating_sub(largest >> 23).max(1);
            self.inverse[r] = f32::from_bits((254 - scale) << 23);
            self.own[r] = f32::from_bits(scale << 23);
        }
        for (r, to) in self.x.iter_mut().enumerate().take(rows) {
            let scale = self.own[r];
            for (to, x) in to.iter_mut().zip(&x.row(start + r)[columns.clone()]) {
                *to = scale * x;
            }
        }
        for (own, x) in self.own.iter_mut().zip(&self.x).take(rows) {
            *own = products(&x[..terms / 3 * 2]);
        }
    }
}

/// The sum of the products within pairs.
#[inline(always)]
fn products(x: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (blocks, rest) = x.as_chunks::<16>();
    for block in blocks {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = block[2 * i].mul_add(block[2 * i + 1], *sum);
        }
    }
    for (sum, [x0, x1]) in sums.iter_mut().zip(rest.as_chunks().0) {
        *sum = x0.mul_add(*x1, *sum);
    }
    sums.iter().sum()
}

/// What a tile reads.
#[derive(Clone, Copy)]
struct Tile {
    /// Packed rows, [`TERMS`] elements apart.
    x: *const f32,
    /// Weights of its panel, rows `stride` apart.
    w: *const f32,
    stride: usize,
    terms: usize,
    /// Whether to ask for the next panel.
    ask: bool,
}

/// See [`Kernels::affine`](arm_core::kernels::Kernels::affine).
#[inline(always)]
pub(super) fn affine<L: Lanes>(l: L, w: Matrix<'_>, x: Matrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
    let (inputs, outputs, rows) = (x.cols(), y.cols(), x.height().min(y.height()));
    assert!(w.height() > inputs && w.cols() >= outputs);
    let (ws, ys) = (w.stride(), y.stride());
    let (w, y) = (w.data().as_ptr(), y.data_mut().as_mut_ptr());
    let mut packed = Packed { x: [[0.0; TERMS]; ROWS], own: [0.0; ROWS], inverse: [0.0; ROWS] };
    for (start, rows) in split(rows, ROWS) {
        for (first, terms) in split(inputs, TERMS) {
            packed.fill(x, start, rows, first, terms);
            let activate = first + terms == inputs && slope != 1.0;
            ask(l, w.wrapping_add(first * ws), ws, terms, 1);
            for column in (0..outputs).step_by(L::N) {
                let lanes = L::N.min(outputs - column);
                let bias = w.wrapping_add(inputs * ws + column);
                let w = w.wrapping_add(first * ws + column);
                for (r, height) in split(rows, L::TALL) {
                    let at = Tile { x: packed.x[r].as_ptr(), w, stride: ws, terms, ask: r == 0 };
                    let (own, inverse) = (&packed.own[r..r + height], &packed.inverse[r..r + height]);
                    let y = y.wrapping_add((start + r) * ys + column);
                    with_height!(height, L::TALL, R => {
                        // SAFETY: `terms` rows from `first` and the row of biases lie within w, `height` rows within
                        // the packed ones, as many from `start + r` within y, and `lanes` columns within w and y.
                        unsafe {
                            let mask = l.mask(lanes);
                            let (mut sums, shared) = sums::<L, R>(l, at, mask);
                            for (i, sum) in sums.iter_mut().enumerate() {
                                let rest = l.sub(*sum, l.add(shared, l.splat(own[i])));
                                let before = if first == 0 { bias } else { y.wrapping_add(i * ys) };
                                *sum = l.fma(rest, l.splat(inverse[i]), l.load_masked(before, mask));
                            }
                            if activate {
                                for sum in &mut sums {
                                    *sum = l.activate(slope, *sum);
                                }
                            }
                            for (i, sum) in sums.into_iter().enumerate() {
                                l.store_masked(y.wrapping_add(i * ys), sum, mask);
                            }
                        }
                    });
                }
            }
        }
    }
}

/// Sums over the terms of `R` rows, with the products within the pairs of w, which are in the second value.
#[inline(always)]
unsafe fn sums<L: Lanes, const R: usize>(l: L, at: Tile, mask: L::Mask) -> ([L::V; R], L::V) {
    let (mut sums, mut shared) = ([l.splat(0.0); R], l.splat(0.0));
    let pairs = at.terms / 3;
    let (mut x, mut w) = (at.x, at.w);
    // What is in no pair lies behind the pairs.
    let (mut x_one, mut w_one) = (x.wrapping_add(2 * pairs), w.wrapping_add(2 * pairs * at.stride));
    // SAFETY: the caller's; a third of the terms is in no pair, or up to two more.
    unsafe {
        for _ in 0..pairs {
            let second = w.wrapping_add(at.stride);
            let (w0, w1) = (l.load_masked(w, mask), l.load_masked(second, mask));
            let one = l.load_masked(w_one, mask);
            if at.ask {
                for w in [w, second, w_one] {
                    l.prefetch(w.wrapping_add(L::N));
                }
            }
            shared = l.fma(w0, w1, shared);
            for (r, sum) in sums.iter_mut().enumerate() {
                let (x0, x1) = (l.splat(*x.add(r * TERMS)), l.splat(*x.add(r * TERMS + 1)));
                *sum = l.fma(l.splat(*x_one.add(r * TERMS)), one, *sum);
                l.fma_to(l.add(x0, w1), l.add(x1, w0), sum);
            }
            (x, w) = (x.wrapping_add(2), w.wrapping_add(2 * at.stride));
            (x_one, w_one) = (x_one.wrapping_add(1), w_one.wrapping_add(at.stride));
        }
        for _ in 3 * pairs..at.terms {
            let one = l.load_masked(w_one, mask);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = l.fma(l.splat(*x_one.add(r * TERMS)), one, *sum);
            }
            (x_one, w_one) = (x_one.wrapping_add(1), w_one.wrapping_add(at.stride));
        }
    }
    (sums, shared)
}

#[cfg(test)]
mod tests {
    use super::super::{Desktop, Level};
    use arm_core::kernels::Kernels;
    use arm_core::matrix::{Matrix, MatrixMut};
    use arm_core::rng::{Purpose, Stream};

    /// y of `rows` rows with weights and activations below `wide` and `tall` in magnitude, and what it should be.
    fn layer(kernels: &Desktop, inputs: usize, wide: f32, tall: f32, bias: f32) -> (Vec<f32>, Vec<f64>) {
        let (rows, outputs) = (31, 37);
        let mut rng = Stream::new(5, Purpose::Initial, 0, 0, inputs);
        let mut random =
            |n: usize, a: f32| (0..n).map(|_| a * (2.0 * rng.uniform() - 1.0)).collect::<Vec<_>>();
        let (mut w, x) = (random((inputs + 1) * outputs, wide), random(rows * inputs, tall));
        w[inputs * outputs..].fill(bias);
        let mut y = vec![0.0; rows * outputs];
        let (weights, input) = (Matrix::new(&w, outputs, outputs), Matrix::new(&x, inputs, inputs));
        kernels.affine(weights, input, 1.0, MatrixMut::new(&mut y, outputs, outputs));
        let exact = (0..rows * outputs).map(|i| {
            let (n, o) = (i / outputs, i % outputs);
            let terms = (0..inputs).map(|k| f64::from(x[n * inputs + k]) * f64::from(w[k * outputs + o]));
            terms.sum::<f64>() + f64::from(bias)
        });
        (y, exact.collect())
    }

    /// Root of the mean square of the error of an element.
    fn error((y, exact): &(Vec<f32>, Vec<f64>)) -> f64 {
        let sum: f64 = y.iter().zip(exact).map(|(y, exact)| (f64::from(*y) - exact).powi(2)).sum();
        (sum / y.len() as f64).sqrt()
    }

    #[test]
    fn pairs_round_like_single_terms() {
        let (Some(pairs), Some(single)) = (Desktop::with(Level::Avx512Pairs), Desktop::with(Level::Avx512))
        else {
            return;
        };
        for inputs in [32, 33, 34, 35, 200, 208, 209, 700] {
            // Largest weight and activation, weight to compare with, how much larger the error may be.
            for (wide, tall, like, times) in [
                (0.25, 1.0, 0.25, 4.0),
                (0.25, 1e6, 0.25, 4.0),
                (0.25, 1e-6, 0.25, 4.0),
                (1e-3, 1.0, 0.25, 4.0),
                (0.0, 1.0, 0.25, 4.0),
                (2.0, 1.0, 2.0, 16.0),
            ] {
                let a = error(&layer(&pairs, inputs, wide, tall, 0.0));
                let b = error(&layer(&single, inputs, like, tall, 0.0));
                assert!(a < times * b, "{inputs} inputs, w {wide}, x {tall}: {a:e} {b:e}");
            }
            let [a, b] = [pairs, single].map(|kernels| layer(&kernels, inputs, 0.25, 1.0, 0.0).0);
            assert!(a != b);
        }
    }

    #[test]
    fn a_power_of_two_passes_through() {
        let Some(kernels) = Desktop::with(Level::Avx512Pairs) else { return };
        for inputs in [32, 200, 500] {
            let one = layer(&kernels, inputs, 0.25, 1.0, 0.0).0;
            for power in [2f32.powi(-60), 0.5, 2f32.powi(60)] {
                let scaled = layer(&kernels, inputs, 0.25, power, 0.0).0;
                assert!(scaled.iter().zip(&one).all(|(y, one)| *y == one * power));
            }
            let bias = layer(&kernels, inputs, 0.25, 0.0, 0.7).0;
            assert!(bias.iter().all(|y| *y == 0.7));
        }
    }

    #[test]
    fn what_is_not_finite_is_seen() {
        let Some(kernels) = Desktop::with(Level::Avx512Pairs) else { return };
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (w, mut x, mut y) = ([0.5; 41 * 3], [1.0; 80], [0.0; 6]);
            x[7] = bad;
            let out = MatrixMut::new(&mut y, 3, 3);
            kernels.affine(Matrix::new(&w, 3, 3), Matrix::new(&x, 40, 40), 0.1, out);
            assert!(y[..3].iter().all(|y| !y.is_finite()) && y[3..] == [20.5; 3]);
        }
    }
}
