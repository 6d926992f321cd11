//! The loops against floats of 64 bits, and at the ends of their ranges.

extern crate std;
use super::*;
use crate::kernels::Kernels;
use crate::numeric::matrix::BitMatrix;
use std::vec;
use std::vec::Vec;

/// Numbers that look random, within +-`size`.
fn wavy(n: usize, size: f64, phase: f64) -> Vec<i16> {
    (0..n).map(|i| ((i as f64 * 1.7 + phase).sin() * size).round() as i16).collect()
}

const SIZES: [(usize, usize); 6] = [(1, 1), (3, 5), (8, 8), (16, 24), (33, 17), (70, 40)];
const HIDDEN: Units = Units { hidden: true, activation: Activation::leaky_relu(0.25) };
const LOGITS: Units = Units { hidden: false, activation: Activation::LINEAR };

fn product(x: &[i16], w: &[i16], cols: usize, o: usize) -> f64 {
    let bias = f64::from(w[x.len() * cols + o]) * 256.0;
    bias + x.iter().enumerate().map(|(i, x)| f64::from(*x) * f64::from(w[i * cols + o])).sum::<f64>()
}

#[test]
fn layers_are_within_half_a_unit() {
    for (inputs, cols) in SIZES {
        let (w, x) = (wavy((inputs + 1) * cols, 3000.0, 0.3), wavy(inputs, 400.0, 1.0));
        let bits: Vec<u32> = (0..inputs.div_ceil(32) as u32).map(|i| 0x9e37_79b9u32.rotate_left(i)).collect();
        let tail = inputs % 32;
        let bits: Vec<u32> = bits
            .iter()
            .enumerate()
            .map(|(i, b)| if 32 * i + 32 > inputs { b & ((1 << tail) - 1) } else { *b })
            .collect();
        let set: Vec<i16> =
            (0..inputs).map(|i| if bits[i / 32] >> (i % 32) & 1 == 1 { 256 } else { 0 }).collect();
        let integer = Integer::default();
        let matrix = Matrix::new(&w, cols, cols);
        for (units, bits_behind) in [(HIDDEN, 8), (LOGITS, 11)] {
            let (mut y, mut of_bits) = (vec![0; cols], vec![0; cols]);
            integer.affine(
                matrix,
                Input::Real(Matrix::new(&x, inputs, inputs)),
                units,
                MatrixMut::new(&mut y, cols, cols),
            );
            integer.affine(
                matrix,
                Input::Bits(BitMatrix::new(&bits, inputs)),
                units,
                MatrixMut::new(&mut of_bits, cols, cols),
            );
            for o in 0..cols {
                for (y, x) in [(&y, &x), (&of_bits, &set)] {
                    let exact = product(x, &w, cols, o) / f64::from(1 << (20 - bits_behind));
                    let (exact, slack) = match units.hidden && exact < 0.0 {
                        true => (0.25 * exact, 0.75),
                        false => (exact, 0.51),
                    };
                    assert!((f64::from(y[o]) - exact).abs() < slack, "{inputs} {cols} {o}: {} {exact}", y[o]);
                }
            }
        }
        assert_eq!(integer.saturated(), 0);
    }
}

#[test]
fn gradients_of_hidden_units_are_within_a_unit() {
    for (inputs, cols) in SIZES {
        let (w, d) = (wavy(inputs * cols, 3000.0, 0.3), wavy(cols, 500.0, 1.0));
        let a = wavy(inputs, 9.0, 0.0);
        for of in [Of::Hidden, Of::Sampled, Of::Given] {
            let (integer, mut dx) = (Integer::default(), vec![0; inputs]);
            let [w, d] = [(&w, cols), (&d, cols)].map(|(data, cols)| Matrix::new(data, cols, cols));
            let a = Matrix::new(&a, inputs, inputs);
            integer.back(w, d, of, a, Activation::leaky_relu(0.5), MatrixMut::new(&mut dx, inputs, inputs));
            for (i, dx) in dx.iter().enumerate() {
                let sum: f64 =
                    w.row(i).iter().zip(d.row(0)).map(|(w, d)| f64::from(*w) * f64::from(*d)).sum();
                let exact = sum / f64::from(1 << (bits(of) + 4)) * if a.row(0)[i] > 0 { 1.0 } else { 0.5 };
                assert!((f64::from(*dx) - exact).abs() < 0.8, "{inputs} {cols} {i}: {dx} {exact}");
            }
        }
    }
}

/// At the ends of all ranges, with the largest sums there can be: the sums are right to the bits that were shifted out, and
/// what leaves the range is its end and counted.
#[test]
fn no_sum_overflows() {
    for n in [1usize, 7, 8, 64, 300] {
        for (w, x) in
            [(i16::MAX, i16::MAX), (i16::MIN, i16::MAX), (i16::MIN, i16::MIN), (1, i16::MIN), (-1, i16::MAX)]
        {
            let (weights, input) = (vec![w; (n + 1) * 8], vec![x; n]);
            let (integer, mut y) = (Integer::default(), vec![0; 8]);
            integer.affine(
                Matrix::new(&weights, 8, 8),
                Input::Real(Matrix::new(&input, n, n)),
                Units { hidden: true, activation: Activation::LINEAR },
                MatrixMut::new(&mut y, 8, 8),
            );
            let exact = (product(&input, &weights, 8, 0) / 4096.0).clamp(-32_768.0, 32_767.0);
            // Half of what is shifted out of each input.
            let lost =
                n as f64 * 0.5 * f64::from(1 << integer::headroom(&input)) * f64::from(w).abs() / 4096.0;
            assert!((f64::from(y[0]) - exact).abs() <= 1.0 + lost, "{n} {w} {x}: {} {exact}", y[0]);
            assert_eq!(integer.saturated() > 0, w.unsigned_abs() > 1, "{n} {w} {x}");
            let mut dx = vec![0; n];
            let row = vec![x; 8];
            integer.back(
                Matrix::new(&weights[..8 * n], 8, 8),
                Matrix::new(&row, 8, 8),
                Of::Hidden,
                Matrix::new(&input, n, n),
                Activation::LINEAR,
                MatrixMut::new(&mut dx, n, n),
            );
            let exact = (f64::from(w) * f64::from(x) * 8.0 / 4096.0).clamp(-32_768.0, 32_767.0);
            assert!((f64::from(dx[0]) - exact).abs() <= 2.0, "{n} {w} {x}: {} {exact}", dx[0]);
        }
    }
}

#[test]
fn logarithms_and_differences_of_probabilities() {
    let logits: Vec<i16> = (0..77).map(|i| (i * 853 - 32_700) as i16).collect();
    let b = [0x1234_5678, 0x9abc_def0, 0x0000_1357];
    let floats: Vec<f32> = logits.iter().map(|l| f32::from(*l) / 2048.0).collect();
    let integer = Integer::default();
    let exact = Kernels::log_prob(&super::super::Portable, &floats, &b);
    let sum = integer.log_prob(&logits, &b);
    // At most 5 units of 2^-16 each.
    assert!((f64::from(sum.0) / 65_536.0 - f64::from(exact)).abs() < 77.0 * 5.0 / 65_536.0, "{sum} {exact}");
    let mut deltas = logits.clone();
    assert_eq!(integer.log_prob_delta(&mut deltas, &b), sum);
    let mut exact = floats.clone();
    Kernels::log_prob_delta(&super::super::Portable, &mut exact, &b);
    for (d, exact) in deltas.iter().zip(&exact) {
        assert!((f64::from(*d) / 4096.0 - f64::from(*exact)).abs() < 0.75 / 4096.0, "{d} {exact}");
    }
}

/// A layer whose f is beyond what is counted: f is then infinite whatever else is in it.
#[test]
fn too_many_nats_are_infinite() {
    use crate::numeric::number::Nats;
    let logits = vec![i16::MIN; 4096];
    let integer = Integer::default();
    let lost = integer.log_prob(&logits, &[u32::MAX; 128]);
    assert!(!lost.finite() && !(FixedNats::of(-8000.0) - lost).finite() && integer.saturated() == 1);
    assert!(integer.log_prob(&logits, &[0; 128]).finite());
}

/// An update of all rows of a layer.
fn descend(
    integer: &Integer,
    a: f32,
    x: Input<'_, i16>,
    d: Matrix<'_, i16>,
    of: Of,
    noise: u32,
    w: MatrixMut<'_, i16>,
) {
    let (mut units, mut one) = ([0i16; 1], Saturating(0));
    let gradient = LayerGradient { x, d };
    integer.prepare(a, &gradient, || noise, Prepared { units: &mut units, one: &mut one });
    integer.descend(a, &gradient, 0, of, Prepared { units: &mut units, one: &mut one }, w);
}

/// Over all words of noise, the mean of what a step adds to a parameter is the rate times the gradient, to the 15 bits of
/// the rate and the 2^-16 of a unit that factors are rounded with.
#[test]
fn the_mean_of_a_step_is_exact() {
    let d = [300i16, -77, 1, 0, 500];
    let x = [256i16, -90, 3];
    for (rate, of) in
        [(0.3f32, Of::Hidden), (0.01, Of::Given), (3e-4, Of::Sampled), (1e-6, Of::Given), (2.0, Of::Given)]
    {
        let mut sums = [0f64; 20];
        let steps = 200_000u32;
        let integer = Integer::default();
        for i in 0..steps {
            let mut w = [0i16; 20];
            let (x, d) = (Input::Real(Matrix::new(&x, 3, 3)), Matrix::new(&d, 5, 5));
            let noise = i.wrapping_mul(0x9e37_79b1).rotate_left(9);
            descend(&integer, -rate, x, d, of, noise, MatrixMut::new(&mut w, 5, 5));
            sums.iter_mut().zip(w).for_each(|(s, w)| *s += f64::from(w));
        }
        for (i, sum) in sums.iter().enumerate() {
            let x = if i / 5 < 3 { f64::from(x[i / 5]) / 256.0 } else { 1.0 };
            let exact = -f64::from(rate) * x * f64::from(d[i % 5]) / f64::from(1u32 << bits(of)) * 4096.0;
            let mean = sum / f64::from(steps);
            // Half a unit of the rate; rounding a parameter, and its factor, times the gradient, has a variance of at most 1/4
            // each: six standard errors.
            let unit = f64::from(d[i % 5].unsigned_abs()) / 65_536.0;
            let slack = exact.abs() / 32_768.0 + 3.0 * ((1.0 + unit * unit) / f64::from(steps)).sqrt();
            assert!((mean - exact).abs() < slack, "{rate} {of:?} {i}: {mean} {exact}");
        }
        assert_eq!(integer.saturated(), 0);
    }
}

#[test]
fn rates_of_any_size() {
    let (x, d) = ([32_767i16; 2], [32_767i16, -32_768]);
    for rate in [0.0f32, 1e-30, 1e-3, 1.0, 1e6] {
        let (integer, mut w) = (Integer::default(), [0i16; 6]);
        let (x, d) = (Input::Real(Matrix::new(&x, 2, 2)), Matrix::new(&d, 2, 2));
        descend(&integer, -rate, x, d, Of::Hidden, 0, MatrixMut::new(&mut w, 2, 2));
        if rate < 1e-20 {
            assert_eq!(w, [0; 6], "{rate}");
        } else {
            // All but that of the biases would move by more than the whole range.
            assert!(
                w.as_chunks::<2>().0.iter().take(2).all(|w| w[0] < -16_000 && w[1] > 16_000),
                "{rate} {w:?}"
            );
            assert!(integer.saturated() >= 2, "{rate}");
        }
    }
}

#[test]
fn a_float_becomes_the_nearest_parameter() {
    for w in [0, 1, -1, 4096, i16::MAX, i16::MIN] {
        assert_eq!(Integer::nearest(Integer::float(w)), (w, false));
    }
    assert_eq!(Integer::float(-6144), -1.5);
    let unit = 1.0 / 4096.0;
    assert_eq!([0.49, 0.51, -0.49, -0.51].map(|x| Integer::nearest(x * unit).0), [0, 1, 0, -1]);
    assert_eq!(
        [8.0, -9.0, f32::INFINITY].map(Integer::nearest),
        [(i16::MAX, true), (i16::MIN, true), (i16::MAX, true)]
    );
    assert_eq!(Integer::nearest(f32::NAN), (0, false));
}
