//! Every level that this CPU has against the portable kernels.
//!
//! Tolerance: sums of n terms differ by rounding, so elements may differ by 1e-6 (n + 4)^(1/2) times the largest term
//! sum, which is bounded here by the same kernel on absolute values.

use crate::memory::Aligned;
use crate::{Desktop, Level, Soon};
use arm_core::estimator::{Arm, DisArm, DrawRule, Reinforce};
use arm_core::kernels::{AdamRates, Drawn, Input, Kernels, Portable};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

fn levels() -> Vec<Desktop> {
    Level::ALL.into_iter().filter_map(Desktop::with).collect()
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

/// Runs `check` for every level, shape and padding.
fn each(check: impl Fn(Desktop, &mut Stream, (usize, usize, usize), usize, &str)) {
    for kernels in levels() {
        for shape in SHAPES {
            for pad in [1, 16] {
                let mut rng = Stream::new(7, Purpose::Initial, 0, 0, shape.1);
                let what = format!("{:?} {shape:?} pad {pad}", kernels.level());
                check(kernels, &mut rng, shape, pad, &what);
            }
        }
    }
}

#[test]
fn affine() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let x = Rows::new(rng, rows, inputs, pad, f32::NAN);
        for slope in [1.0, 0.1, 0.0] {
            let mut y = Rows::new(rng, rows, outputs, pad, 0.0);
            let mut expected = y.clone();
            kernels.affine(w.view(), x.view(), slope, y.view_mut());
            Portable.affine(w.view(), x.view(), slope, expected.view_mut());
            close(&y, &expected, inputs, what);
            assert!(y.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = y.row(n);
                one.data.fill(0.0);
                kernels.affine(w.view(), x.row(n).view(), slope, one.view_mut());
                assert!(same(&one.data, &y.row(n).data), "{what} row {n}");
            }
        }
    });
}

#[test]
fn affine_bits() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        for (density, slope) in [(0.0, 1.0), (0.13, 0.1), (0.5, 0.1), (1.0, 1.0)] {
            let data = bits(rng, rows, inputs, density);
            let x = BitMatrix::new(&data, inputs);
            let mut y = Rows::new(rng, rows, outputs, pad, 0.0);
            let mut expected = y.clone();
            kernels.affine_bits(w.view(), x, slope, y.view_mut());
            Portable.affine_bits(w.view(), x, slope, expected.view_mut());
            close(&y, &expected, inputs, what);
            assert!(y.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = y.row(n);
                one.data.fill(0.0);
                kernels.affine_bits(w.view(), BitMatrix::new(x.row(n), inputs), slope, one.view_mut());
                assert!(same(&one.data, &y.row(n).data), "{what} row {n}");
            }
        }
    });
}

#[test]
fn affine_without_inputs_is_the_bias() {
    for kernels in levels() {
        let mut rng = Stream::new(1, Purpose::Initial, 0, 0, 0);
        let w = Rows::new(&mut rng, 1, 37, 16, 0.0);
        let mut y = Rows::new(&mut rng, 5, 37, 16, 0.0);
        kernels.affine_bits(w.view(), BitMatrix::new(&[], 0), 1.0, y.view_mut());
        assert!(y.view().rows().all(|row| same(row, &w.data[..37])));
        let mut g = Rows::new(&mut rng, 1, 37, 16, 0.0);
        let mut expected = g.clone();
        kernels.gradient_bits(0.3, BitMatrix::new(&[], 0), 0, y.view(), g.view_mut());
        Portable.gradient_bits(0.3, BitMatrix::new(&[], 0), 0, y.view(), expected.view_mut());
        close(&g, &expected, 5, "bias");
    }
}

#[test]
fn bits_beyond_the_columns_are_ignored() {
    for kernels in levels() {
        let mut rng = Stream::new(1, Purpose::Initial, 0, 0, 0);
        let w = Rows::new(&mut rng, 4, 5, 1, 0.0);
        let [mut y, mut z] = [(); 2].map(|()| Rows { data: vec![0.0; 5], stride: 5, cols: 5 });
        kernels.affine_bits(w.view(), BitMatrix::new(&[u32::MAX], 3), 1.0, y.view_mut());
        kernels.affine_bits(w.view(), BitMatrix::new(&[7], 3), 1.0, z.view_mut());
        assert!(same(&y.data, &z.data));
    }
}

#[test]
fn back() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let d = Rows::new(rng, rows, outputs, pad, f32::NAN);
        let a = Rows::new(rng, rows, inputs, pad, f32::NAN);
        for slope in [1.0, 0.1] {
            let mut dx = Rows::new(rng, rows, inputs, pad, 0.0);
            let mut expected = dx.clone();
            kernels.back(w.view(), d.view(), a.view(), slope, dx.view_mut());
            Portable.back(w.view(), d.view(), a.view(), slope, expected.view_mut());
            close(&dx, &expected, outputs, what);
            assert!(dx.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = dx.row(n);
                one.data.fill(0.0);
                kernels.back(w.view(), d.row(n).view(), a.row(n).view(), slope, one.view_mut());
                assert!(same(&one.data, &dx.row(n).data), "{what} row {n}");
            }
        }
    });
}

/// Rows `first..` of `g` on its own, and the examples `n..` in a second call.
#[test]
fn gradient() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let x = Rows::new(rng, rows, inputs, pad, f32::NAN);
        let d = Rows::new(rng, rows, outputs, pad, f32::NAN);
        let start = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let (mut g, mut expected, mut split) = (start.clone(), start.clone(), start.clone());
        kernels.gradient(0.3, x.view(), 0, d.view(), g.view_mut());
        Portable.gradient(0.3, x.view(), 0, d.view(), expected.view_mut());
        close(&g, &expected, rows, what);
        assert!(g.padding().all(|p| p == 0.0), "{what}");
        let n = rows / 3;
        for first in [0, inputs / 2] {
            let end = if first == 0 { inputs / 2 } else { inputs + 1 };
            let part = &mut split.data[first * start.stride..end * start.stride];
            for (from, to) in [(0, n), (n, rows)] {
                let x = Matrix::new(&x.data[from * x.stride..to * x.stride], x.stride, inputs);
                let d = Matrix::new(&d.data[from * d.stride..to * d.stride], d.stride, outputs);
                kernels.gradient(0.3, x, first, d, MatrixMut::new(part, start.stride, outputs));
            }
            if inputs / 2 == 0 {
                break;
            }
        }
        if inputs / 2 > 0 {
            assert!(same(&split.data, &g.data), "{what}");
        }
    });
}

#[test]
fn gradient_bits() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let data = bits(rng, rows, inputs, 0.4);
        let words = inputs.div_ceil(32);
        let d = Rows::new(rng, rows, outputs, pad, f32::NAN);
        let start = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let (mut g, mut expected, mut split) = (start.clone(), start.clone(), start.clone());
        kernels.gradient_bits(0.3, BitMatrix::new(&data, inputs), 0, d.view(), g.view_mut());
        Portable.gradient_bits(0.3, BitMatrix::new(&data, inputs), 0, d.view(), expected.view_mut());
        close(&g, &expected, rows, what);
        assert!(g.padding().all(|p| p == 0.0), "{what}");
        let n = rows / 3;
        let middle = inputs / 2 + 1;
        for (first, end) in [(0, middle), (middle, inputs + 1)] {
            let part = &mut split.data[first * start.stride..end * start.stride];
            for (from, to) in [(0, n), (n, rows)] {
                let x = BitMatrix::new(&data[from * words..to * words], inputs);
                let d = Matrix::new(&d.data[from * d.stride..to * d.stride], d.stride, outputs);
                kernels.gradient_bits(0.3, x, first, d, MatrixMut::new(part, start.stride, outputs));
            }
        }
        assert!(same(&split.data, &g.data), "{what}");
    });
}

/// What a draw leaves: samples, partners, scores, log q of both.
type Drawing = (Vec<u32>, Vec<u32>, Vec<f32>, (f32, f32));

fn sampled<K: Kernels, E: DrawRule>(kernels: &K, rule: &E, logits: &[f32], u: &[f32]) -> Drawing {
    let words = logits.len().div_ceil(32);
    let (mut b, mut partner, mut score) = (vec![9; words], vec![9; words], vec![9.0; logits.len()]);
    let drawn = Drawn { sample: &mut b, partner: &mut partner, score: &mut score };
    let log_q = kernels.sample(rule, logits, u, drawn);
    (b, partner, score, log_q)
}

/// Log-probabilities may differ by 2e-6 of themselves, plus 1e-6.
fn close_log(a: f32, b: f32) {
    assert!((a - b).abs() <= 2e-6 * b.abs() + 1e-6, "{a} {b}");
}

fn check_rule<E: DrawRule>(rule: E) {
    for kernels in levels() {
        for n in [0, 1, 5, 31, 32, 33, 200, 784, 2500] {
            let mut rng = Stream::new(3, Purpose::Initial, 0, 0, n);
            let logits: Vec<f32> =
                (0..n).map(|i| (rng.uniform() - 0.5) * [1.0, 10.0, 200.0][i % 3]).collect();
            let u: Vec<f32> = (0..n).map(|_| rng.uniform()).collect();
            let (a, b) = (sampled(&kernels, &rule, &logits, &u), sampled(&Portable, &rule, &logits, &u));
            assert_eq!((&a.0, &a.1), (&b.0, &b.1));
            near(&a.2, &b.2);
            close_log(a.3.0, b.3.0);
            close_log(a.3.1, b.3.1);
            let mut drawn = vec![9; n.div_ceil(32)];
            close_log(kernels.draw(&rule, &logits, &u, &mut drawn), b.3.0);
            assert_eq!(drawn, b.0);
            close_log(kernels.log_prob(&logits, &b.0), b.3.0);
            let (mut x, mut y) = (logits.clone(), logits.clone());
            let (p, q) = (kernels.log_prob_delta(&mut x, &b.0), Portable.log_prob_delta(&mut y, &b.0));
            close_log(p, q);
            near(&x, &y);
        }
    }
}

#[test]
fn bernoulli_units() {
    check_rule(Arm);
    check_rule(DisArm);
    check_rule(Reinforce::default());
}

#[test]
fn not_a_number_stays_one() {
    for kernels in levels() {
        let logits = [0.0, f32::NAN, 1.0];
        assert!(kernels.log_prob(&logits, &[3]).is_nan());
        assert!(kernels.log_prob_delta(&mut logits.clone(), &[3]).is_nan());
        assert!(sampled(&kernels, &Arm, &logits, &[0.5; 3]).3.0.is_nan());
        let mut y = [0.0; 3];
        kernels.affine_bits(
            Matrix::new(&logits, 3, 3),
            BitMatrix::new(&[], 0),
            0.1,
            MatrixMut::new(&mut y, 3, 3),
        );
        assert!(y[1].is_nan() && y[2] == 1.0);
    }
}

#[test]
fn optimisers() {
    for kernels in levels() {
        for n in [1, 15, 16, 100, 209] {
            let mut rng = Stream::new(3, Purpose::Initial, 0, 0, n);
            let mut random = |scale: f32| (0..n).map(|_| rng.uniform() * scale).collect::<Vec<_>>();
            let (g, m, v, w) = (random(1.0), random(0.1), random(0.01), random(1.0));
            let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-3, scale: 1.5, epsilon: 1e-8 };
            let (mut a, mut b) = ((m.clone(), v.clone(), w.clone()), (m.clone(), v.clone(), w.clone()));
            kernels.adam(rates, &g, &mut a.0, &mut a.1, &mut a.2);
            Portable.adam(rates, &g, &mut b.0, &mut b.1, &mut b.2);
            assert!(a.2 != w);
            [(&a.0, &b.0), (&a.1, &b.1), (&a.2, &b.2)].into_iter().for_each(|(a, b)| near(a, b));
            let mut shared = (m.clone(), v.clone(), Aligned::zeroed(n));
            shared.2.floats_mut().copy_from_slice(&w);
            kernels.shared(true).adam(rates, &g, &mut shared.0, &mut shared.1, shared.2.floats_mut());
            assert!(same(&shared.0, &a.0) && same(&shared.1, &a.1) && same(shared.2.floats(), &a.2));
            kernels.momentum(0.1, 0.9, &g, &mut a.1, &mut a.2);
            Portable.momentum(0.1, 0.9, &g, &mut b.1, &mut b.2);
            kernels.axpy(0.3, &g, &mut a.0);
            Portable.axpy(0.3, &g, &mut b.0);
            [(&a.0, &b.0), (&a.1, &b.1), (&a.2, &b.2)].into_iter().for_each(|(a, b)| near(a, b));
            let mut copy = Aligned::zeroed(n);
            kernels.publish([(&g[..], copy.floats_mut())].into_iter());
            assert!(same(copy.floats(), &g));
        }
    }
}

/// Adam without gradients: moments decay as they should and end as nothing, never as subnormal numbers.
#[test]
fn moments_fade_away() {
    let rates = AdamRates { beta1: 0.5, beta2: 0.5, rate: 0.0, scale: 1.0, epsilon: 1e-8 };
    for (kernels, rate) in levels().into_iter().flat_map(|k| [(k, 0.0), (k, 1e-40)]) {
        let rates = AdamRates { rate, ..rates };
        let (g, mut m, mut v, mut w) = ([0.0; 17], [3.0; 17], [5.0; 17], [2.0; 17]);
        for step in 1..200 {
            kernels.adam(rates, &g, &mut m, &mut v, &mut w);
            let half = f32::powi(0.5, step);
            for (start, moment) in [(3.0, m), (5.0, v)] {
                let exact = start * half;
                for now in moment {
                    assert!(
                        now == exact || step > 70 && (now - exact).abs() < f32::powi(0.5, 100),
                        "{now} {exact}"
                    );
                    assert!(now == 0.0 || now.is_normal());
                }
            }
        }
        assert_eq!((m, v, w), ([0.0; 17], [0.0; 17], [2.0; 17]), "a rate of nothing changes nothing");
    }
}

/// One pass against a gradient that is stored first. Lines of 64 bytes are what the driver gives.
#[test]
fn adam_gradient() {
    for kernels in levels() {
        for (rows, inputs, outputs) in
            SHAPES.into_iter().chain([(150, 40, 50), (3, 0, 20), (50, 450, 40), (100, 450, 70)])
        {
            let mut rng = Stream::new(7, Purpose::Initial, 1, 0, rows);
            let x = Rows::new(&mut rng, rows, inputs.max(1), 16, f32::NAN);
            let words = [0.2, 0.7].map(|density| bits(&mut rng, rows, inputs, density));
            let mut d = Rows::new(&mut rng, rows, outputs, 16, 0.0);
            let (first, stride) = (inputs / 3, d.stride);
            let height = inputs + 1 - first;
            let block = |rng: &mut Stream, low: f32| {
                let mut block = Aligned::zeroed(height * stride);
                for row in block.floats_mut().chunks_mut(stride) {
                    row[..outputs].fill_with(|| low + rng.uniform());
                }
                block
            };
            let start = [block(&mut rng, -0.5), block(&mut rng, 0.01), block(&mut rng, -0.5)];
            let rates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-2, scale: 1.5, epsilon: 1e-8 };
            let (a, terms) = (1.0 / rows as f32, rows);
            let [few, many] = words.each_ref().map(|words| Input::Bits(BitMatrix::new(words, inputs)));
            for x in [few, many, Input::Real(x.view())] {
                if matches!(x, Input::Real(_)) && inputs == 0 {
                    continue;
                }
                let what = format!("{:?} {rows} {inputs} {outputs} {x:?}", kernels.level());
                let mut g = vec![0.0; height * stride];
                let out = MatrixMut::new(&mut g, stride, outputs);
                match x {
                    Input::Bits(x) => Portable.gradient_bits(a, x, first, d.view(), out),
                    Input::Real(x) => Portable.gradient(a, x, first, d.view(), out),
                }
                let [mut m, mut v, mut w] = start.clone();
                Portable.adam(rates, &g, m.floats_mut(), v.floats_mut(), w.floats_mut());
                for shared in [false, true] {
                    let mut own = start.clone();
                    let [m_new, v_new, w_new] = own.each_mut().map(Aligned::floats_mut);
                    let room = &mut vec![f32::NAN; 7 * stride];
                    let blocks = (m_new, v_new, w_new);
                    let kernels = kernels.shared(shared);
                    assert!(kernels.adam_gradient(rates, a, x, first, d.view(), room, blocks));
                    for (own, expected) in own.iter().zip([&m, &v, &w]) {
                        let rows =
                            |data: &Aligned| Rows { data: data.floats().to_vec(), stride, cols: outputs };
                        close(&rows(own), &rows(expected), terms, &what);
                        assert!(rows(own).padding().all(|p| p == 0.0), "{what}");
                    }
                    // In two parts that ask for memory: the same bits.
                    let mut parts = start.clone();
                    let [m, v, w] =
                        parts.each_mut().map(|all| all.floats_mut().split_at_mut(height / 3 * stride));
                    for (first, blocks) in [(first, (m.0, v.0, w.0)), (first + height / 3, (m.1, v.1, w.1))] {
                        Soon::new(&d.data).leave();
                        assert!(kernels.adam_gradient(rates, a, x, first, d.view(), room, blocks));
                    }
                    Soon::take_back();
                    assert!(own.iter().zip(&parts).all(|(a, b)| same(a.floats(), b.floats())), "{what}");
                }
            }
            // Nothing is done where rows are not whole lines, or not aligned to them.
            d.stride = outputs.max(17) | 1;
            d.data = vec![0.0; rows * d.stride];
            let none = (&mut [][..], &mut [][..], &mut [][..]);
            assert!(!kernels.adam_gradient(rates, a, few, first, d.view(), &mut [0.0; 900], none));
        }
    }
}
