//! Products of matrices.

use super::{Rows, bits, close, each, levels, same};
use arm_core::Activation;
use arm_core::kernels::{Kernels, Portable};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

const ACTIVATIONS: [Activation; 3] = [Activation::LINEAR, Activation::leaky_relu(0.1), Activation::RELU];

#[test]
fn affine() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let x = Rows::new(rng, rows, inputs, pad, f32::NAN);
        for activation in ACTIVATIONS {
            let mut y = Rows::new(rng, rows, outputs, pad, 0.0);
            let mut expected = y.clone();
            kernels.affine(w.view(), x.view(), activation, y.view_mut());
            Portable.affine(w.view(), x.view(), activation, expected.view_mut());
            close(&y, &expected, inputs, what);
            assert!(y.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = y.row(n);
                one.data.fill(0.0);
                kernels.affine(w.view(), x.row(n).view(), activation, one.view_mut());
                assert!(same(&one.data, &y.row(n).data), "{what} row {n}");
            }
        }
    });
}

#[test]
fn affine_bits() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let [linear, leaky, _] = ACTIVATIONS;
        for (density, activation) in [(0.0, linear), (0.13, leaky), (0.5, leaky), (1.0, linear)] {
            let data = bits(rng, rows, inputs, density);
            let x = BitMatrix::new(&data, inputs);
            let mut y = Rows::new(rng, rows, outputs, pad, 0.0);
            let mut expected = y.clone();
            kernels.affine_bits(w.view(), x, activation, y.view_mut());
            Portable.affine_bits(w.view(), x, activation, expected.view_mut());
            close(&y, &expected, inputs, what);
            assert!(y.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = y.row(n);
                one.data.fill(0.0);
                kernels.affine_bits(w.view(), BitMatrix::new(x.row(n), inputs), activation, one.view_mut());
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
        kernels.affine_bits(w.view(), BitMatrix::new(&[], 0), Activation::LINEAR, y.view_mut());
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
        kernels.affine_bits(w.view(), BitMatrix::new(&[u32::MAX], 3), Activation::LINEAR, y.view_mut());
        kernels.affine_bits(w.view(), BitMatrix::new(&[7], 3), Activation::LINEAR, z.view_mut());
        assert!(same(&y.data, &z.data));
    }
}

#[test]
fn back() {
    each(|kernels, rng, (rows, inputs, outputs), pad, what| {
        let w = Rows::new(rng, inputs + 1, outputs, pad, 0.0);
        let d = Rows::new(rng, rows, outputs, pad, f32::NAN);
        let a = Rows::new(rng, rows, inputs, pad, f32::NAN);
        for activation in ACTIVATIONS {
            let mut dx = Rows::new(rng, rows, inputs, pad, 0.0);
            let mut expected = dx.clone();
            kernels.back(w.view(), d.view(), a.view(), activation, dx.view_mut());
            Portable.back(w.view(), d.view(), a.view(), activation, expected.view_mut());
            close(&dx, &expected, outputs, what);
            assert!(dx.padding().all(|p| p == 0.0), "{what}");
            for n in 0..rows {
                let mut one = dx.row(n);
                one.data.fill(0.0);
                kernels.back(w.view(), d.row(n).view(), a.row(n).view(), activation, one.view_mut());
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
