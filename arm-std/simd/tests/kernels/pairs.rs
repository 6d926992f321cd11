//! Terms multiplied in pairs.

use arm_core::Activation;
use arm_core::kernels::{AdamBlock, AdamRates, Input, Kernels, LayerGradient};
use arm_core::matrix::{Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::memory::Aligned;
use arm_simd::{Desktop, Level};

/// What multiplies in pairs.
#[derive(Clone, Copy, Debug)]
enum Product {
    Affine,
    Back,
    Gradient,
}

/// Each of them with numbers of terms: the fewest, what leaves one or two, blocks and more than one of them.
const PRODUCTS: [(Product, &[usize]); 3] = [
    (Product::Affine, &[32, 33, 34, 35, 200, 208, 209, 700]),
    (Product::Back, &[48, 49, 95, 200, 784, 833, 1700]),
    (Product::Gradient, &[32, 33, 50, 200, 256]),
];
const ROWS: usize = 37;
const COLUMNS: usize = 277;

/// Rows of x and columns of w.
struct Factors {
    terms: usize,
    x: Vec<f32>,
    w: Vec<f32>,
}

impl Factors {
    /// Elements below `tall` and `wide` in magnitude.
    fn random(terms: usize, tall: f32, wide: f32) -> Self {
        let mut rng = Stream::new(5, Purpose::Initial, 0, 0, terms);
        let mut random =
            |n: usize, a: f32| (0..n).map(|_| a * (2.0 * rng.uniform() - 1.0)).collect::<Vec<_>>();
        Factors { terms, x: random(ROWS * terms, tall), w: random(terms * COLUMNS, wide) }
    }

    /// x w with a kernel.
    fn multiply(&self, kernels: &Desktop, product: Product) -> Vec<f32> {
        let terms = self.terms;
        let mut y = vec![0.0; ROWS * COLUMNS];
        let out = MatrixMut::new(&mut y, COLUMNS, COLUMNS);
        match product {
            Product::Affine => {
                let mut w = self.w.clone();
                w.resize((terms + 1) * COLUMNS, 0.0);
                let w = Matrix::new(&w, COLUMNS, COLUMNS);
                kernels.affine(w, Matrix::new(&self.x, terms, terms), Activation::LINEAR, out);
            }
            Product::Back => {
                let w: Vec<f32> =
                    (0..COLUMNS).flat_map(|o| self.w[o..].iter().step_by(COLUMNS).copied()).collect();
                let a = vec![1.0; ROWS * COLUMNS];
                let (w, a) = (Matrix::new(&w, terms, terms), Matrix::new(&a, COLUMNS, COLUMNS));
                kernels.back(w, Matrix::new(&self.x, terms, terms), a, Activation::leaky_relu(0.5), out);
            }
            Product::Gradient => {
                let (stride, size) = (COLUMNS.next_multiple_of(16), ROWS * COLUMNS.next_multiple_of(16));
                let x: Vec<f32> =
                    (0..terms).flat_map(|k| self.x[k..].iter().step_by(terms).copied()).collect();
                let mut d = vec![0.0; terms * stride];
                for (d, w) in d.chunks_mut(stride).zip(self.w.chunks(COLUMNS)) {
                    d[..COLUMNS].copy_from_slice(w);
                }
                // Without a memory the first moment is the gradient, and exactly so where 1 - beta2 has an exact root.
                let rates = AdamRates { beta1: 0.0, beta2: 0.75, rate: 0.0, scale: 1.0, epsilon: 1.0 };
                let [mut m, mut v, mut w] = [(); 3].map(|()| Aligned::zeroed(size));
                let blocks = AdamBlock { m: m.floats_mut(), v: v.floats_mut(), w: w.floats_mut() };
                let x = Input::Real(Matrix::new(&x, ROWS, ROWS));
                let gradient = LayerGradient { x, d: Matrix::new(&d, stride, COLUMNS) };
                let mut room = vec![0.0; stride];
                assert!(kernels.adam_gradient(rates, 1.0, &gradient, 0, &mut room, blocks));
                for (y, m) in y.chunks_mut(COLUMNS).zip(m.floats().chunks(stride)) {
                    y.copy_from_slice(&m[..COLUMNS]);
                }
            }
        }
        y
    }

    /// Root of the mean square of the error of an element.
    fn error(&self, kernels: &Desktop, product: Product) -> f64 {
        let mut sum = 0.0;
        for (i, y) in self.multiply(kernels, product).into_iter().enumerate() {
            let (n, o) = (i / COLUMNS, i % COLUMNS);
            let term = |k| f64::from(self.x[n * self.terms + k]) * f64::from(self.w[k * COLUMNS + o]);
            sum += (f64::from(y) - (0..self.terms).map(term).sum::<f64>()).powi(2);
        }
        (sum / (ROWS * COLUMNS) as f64).sqrt()
    }
}

/// Runs `check` for each product and number of terms.
fn each(check: impl Fn(&Desktop, Product, usize)) {
    let Some(kernels) = arm_needs::avx512(Desktop::with(Level::Avx512Pairs)) else { return };
    for (product, terms) in PRODUCTS {
        terms.iter().for_each(|&terms| check(&kernels, product, terms));
    }
}

#[test]
fn pairs_round_like_single_terms() {
    each(|pairs, product, terms| {
        let Some(single) = arm_needs::avx512(Desktop::with(Level::Avx512)) else { return };
        // Largest x and w, w to compare with, how much larger the error may be.
        for (tall, wide, like, times) in [
            (1.0, 0.25, 0.25, 4.0),
            (1e6, 0.25, 0.25, 4.0),
            (1e-6, 0.25, 0.25, 4.0),
            (1.0, 1e-3, 0.25, 4.0),
            (1.0, 0.0, 0.25, 4.0),
            (1.0, 2.0, 2.0, 16.0),
        ] {
            let a = Factors::random(terms, tall, wide).error(pairs, product);
            let b = Factors::random(terms, tall, like).error(&single, product);
            assert!(a < times * b, "{product:?} of {terms}, x {tall}, w {wide}: {a:e} {b:e}");
        }
        let factors = Factors::random(terms, 1.0, 0.25);
        assert!(factors.multiply(pairs, product) != factors.multiply(&single, product));
    });
}

#[test]
fn a_power_of_two_passes_through() {
    each(|kernels, product, terms| {
        let one = Factors::random(terms, 1.0, 0.25).multiply(kernels, product);
        for power in [2f32.powi(-40), 0.5, 2f32.powi(50)] {
            let y = Factors::random(terms, power, 0.25).multiply(kernels, product);
            assert!(y.iter().zip(&one).all(|(y, one)| *y == one * power), "{product:?} of {terms}");
        }
    });
}

#[test]
fn rows_of_zeros_give_zeros_and_others_what_they_gave() {
    each(|kernels, product, terms| {
        let mut factors = Factors::random(terms, 1.0, 0.25);
        let before = factors.multiply(kernels, product);
        factors.x[3 * terms..4 * terms].fill(0.0);
        let y = factors.multiply(kernels, product);
        for (n, (y, before)) in y.chunks(COLUMNS).zip(before.chunks(COLUMNS)).enumerate() {
            let expected = if n == 3 { &[0.0; COLUMNS] } else { before };
            assert!(y == expected, "{product:?} of {terms}, row {n}");
        }
    });
}

#[test]
fn rows_of_zeros_give_the_bias() {
    let Some(kernels) = arm_needs::avx512(Desktop::with(Level::Avx512Pairs)) else { return };
    for terms in [32, 200, 500] {
        let mut w = Factors::random(terms, 1.0, 0.25).w;
        w.resize((terms + 1) * COLUMNS, 0.7);
        let (x, mut y) = (vec![0.0; ROWS * terms], vec![0.0; ROWS * COLUMNS]);
        let (w, x) = (Matrix::new(&w, COLUMNS, COLUMNS), Matrix::new(&x, terms, terms));
        kernels.affine(w, x, Activation::LINEAR, MatrixMut::new(&mut y, COLUMNS, COLUMNS));
        assert!(y.iter().all(|y| *y == 0.7), "{terms}");
    }
}

#[test]
fn what_is_not_finite_is_seen() {
    each(|kernels, product, terms| {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            // In a pair and in none.
            for term in [7, terms - 1] {
                let mut factors = Factors::random(terms, 1.0, 0.25);
                factors.x[term] = bad;
                let y = factors.multiply(kernels, product);
                assert!(y[..COLUMNS].iter().all(|y| !y.is_finite()), "{product:?} of {terms}");
                assert!(y[COLUMNS..].iter().all(|y| y.is_finite()), "{product:?} of {terms}");
                let mut factors = Factors::random(terms, 1.0, 0.25);
                factors.w[term * COLUMNS] = bad;
                let y = factors.multiply(kernels, product);
                let seen = y.iter().enumerate().all(|(i, y)| y.is_finite() != (i % COLUMNS == 0));
                assert!(seen, "{product:?} of {terms}");
            }
        }
    });
}
