//! Every kernel at every level that this CPU has, with odd shapes and strides, empty and huge sizes, on slices that end or
//! begin at a page that must not be touched.
//!
//! What is asked for is done as the portable kernels do it, within the rounding of its sums, or refused by a panic; what lies
//! between and behind rows stays as it was.
#![cfg(unix)]

mod cases;
mod guarded;
mod rows;

use arm_core::Activation;
use arm_core::estimator::Arm;
use arm_core::kernels::{AdamBlock, AdamRates, Drawn, Input, Kernels, LayerGradient, Portable};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::{Desktop, Level, PrefetchHint};
use cases::Case;
use guarded::{Guard, Guarded};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `check` on random cases of every level. Returns in how many the kernel did what it was asked for.
fn each(cases: u64, mut check: impl FnMut(Desktop, &mut Case) -> bool) -> u64 {
    let mut done = 0;
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        let mut own = 0;
        for seed in 0..cases {
            own += u64::from(check(kernels, &mut Case::new(seed)));
        }
        assert!(own > cases / 3, "{:?} refused most of what it was asked for", kernels.level());
        done += own;
    }
    done
}

/// Whether `call` returned; a refusal is a panic.
fn done(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_ok()
}

/// Sums of `terms` terms of up to 1, in pairs with four times the error.
fn close(a: &Guarded, b: &[f32], terms: usize, what: &str) {
    let tolerance = 4e-6 * (terms as f32 + 4.0).sqrt();
    for (i, (a, b)) in a.floats().iter().zip(b).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()) || a.to_bits() == b.to_bits(),
            "{what}: {i}: {a} {b}"
        );
    }
}

const ACTIVATIONS: [Activation; 3] = [Activation::LINEAR, Activation::leaky_relu(0.1), Activation::RELU];

#[test]
fn affine() {
    each(150, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(70), case.size(), case.size());
        let [height, width, examples] = [inputs + 1, outputs, rows].map(|n| case.about(n));
        let (w, x) = (case.real(height, width, f32::NAN), case.real(examples, inputs, f32::NAN));
        let (mut y, activation) = (case.real(rows, outputs, 7.0), ACTIVATIONS[case.below(3)]);
        let mut expected = y.data.floats().to_vec();
        let done = done(|| kernels.affine(w.view(), x.view(), activation, y.view_mut()));
        if [height, width, examples] == [inputs + 1, outputs, rows] && inputs > 0 && outputs > 0 {
            assert!(done);
            Portable.affine(w.view(), x.view(), activation, MatrixMut::new(&mut expected, y.stride, outputs));
            close(&y.data, &expected, inputs, &format!("{rows} {inputs} {outputs}"));
        }
        done
    });
}

#[test]
fn affine_bits() {
    each(150, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(70), case.size(), case.size());
        let [height, width, examples] = [inputs + 1, outputs, rows].map(|n| case.about(n));
        let (w, x) = (case.real(height, width, f32::NAN), case.bits(examples, inputs));
        let (mut y, activation) = (case.real(rows, outputs, 7.0), ACTIVATIONS[case.below(3)]);
        let mut expected = y.data.floats().to_vec();
        let done = done(|| kernels.affine_bits(w.view(), x.view(), activation, y.view_mut()));
        if [height, width, examples] == [inputs + 1, outputs, rows] && outputs > 0 {
            assert!(done);
            let (x, out) = (x.clean(), MatrixMut::new(&mut expected, y.stride, outputs));
            Portable.affine_bits(w.view(), BitMatrix::new(&x, inputs), activation, out);
            close(&y.data, &expected, inputs, &format!("{rows} {inputs} {outputs}"));
        }
        done
    });
}

#[test]
fn back() {
    each(150, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(70), case.size(), case.size());
        let [height, width, examples] = [inputs + 1, outputs, rows].map(|n| case.about(n));
        let (w, d) = (case.real(height, width, f32::NAN), case.real(examples, outputs, f32::NAN));
        let (a, mut dx) = (case.real(rows, inputs, f32::NAN), case.real(rows, inputs, 7.0));
        let (activation, mut expected) = (ACTIVATIONS[case.below(3)], dx.data.floats().to_vec());
        let done = done(|| kernels.back(w.view(), d.view(), a.view(), activation, dx.view_mut()));
        if [height, width, examples] == [inputs + 1, outputs, rows] && outputs > 0 {
            assert!(done);
            let out = MatrixMut::new(&mut expected, dx.stride, inputs);
            Portable.back(w.view(), d.view(), a.view(), activation, out);
            close(&dx.data, &expected, outputs, &format!("{rows} {inputs} {outputs}"));
        }
        done
    });
}

/// The first row of a block of a layer with `inputs` inputs, and how many it may have: in rare cases far outside.
fn block(case: &mut Case, inputs: usize) -> (usize, usize) {
    let first = match case.below(12) {
        0 => usize::MAX - case.below(40),
        1 => inputs + case.below(4),
        _ => case.below(inputs + 2),
    };
    let height = (inputs + 1).saturating_sub(first);
    let height = height.min(case.below(80));
    (first, case.about(height))
}

#[test]
fn gradient() {
    each(150, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(70), case.size(), case.size());
        let ((first, height), examples) = (block(case, inputs), case.about(rows));
        let (x, d) = (case.real(rows, inputs, f32::NAN), case.real(examples, outputs, f32::NAN));
        let mut g = case.real(height, outputs, 7.0);
        let mut expected = g.data.floats().to_vec();
        let done = done(|| kernels.gradient(0.3, x.view(), first, d.view(), g.view_mut()));
        if examples == rows && first <= inputs && inputs > 0 {
            assert!(done);
            let out = MatrixMut::new(&mut expected[..height * g.stride], g.stride, outputs);
            Portable.gradient(0.3, x.view(), first, d.view(), out);
            close(&g.data, &expected, rows, &format!("{rows} {inputs} {outputs} {first}"));
        }
        done
    });
}

#[test]
fn gradient_bits() {
    each(150, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(70), case.size(), case.size());
        let ((first, height), examples) = (block(case, inputs), case.about(rows));
        let (x, d) = (case.bits(rows, inputs), case.real(examples, outputs, f32::NAN));
        let mut g = case.real(height, outputs, 7.0);
        let mut expected = g.data.floats().to_vec();
        let done = done(|| kernels.gradient_bits(0.3, x.view(), first, d.view(), g.view_mut()));
        if examples == rows && first <= inputs {
            assert!(done);
            let (x, out) = (x.clean(), MatrixMut::new(&mut expected[..height * g.stride], g.stride, outputs));
            Portable.gradient_bits(0.3, BitMatrix::new(&x, inputs), first, d.view(), out);
            close(&g.data, &expected, rows, &format!("{rows} {inputs} {outputs} {first}"));
        }
        done
    });
}

const RATES: AdamRates = AdamRates { beta1: 0.9, beta2: 0.999, rate: 1e-2, scale: 1.5, epsilon: 1e-3 };

#[test]
fn adam_gradient() {
    each(200, |kernels, case| {
        let (rows, inputs, outputs) = (case.size().min(300), case.size(), case.size().min(300));
        let ((first, height), examples) = (block(case, inputs), case.about(rows));
        let stride = outputs.next_multiple_of(16).max(16);
        let (x, words) = (case.real(rows, inputs, f32::NAN), case.bits(rows, inputs));
        let mut d = case.floats(examples * stride);
        d.floats_mut().chunks_mut(stride).for_each(|row| row[outputs..].fill(0.0));
        let guard = if case.below(2) == 0 { Guard::End } else { Guard::Start };
        let mut blocks = [(); 3].map(|()| Guarded::zeroed(guard, height * stride));
        for (block, low) in blocks.iter_mut().zip([-0.5, 0.01, -0.5]) {
            for row in block.floats_mut().chunks_mut(stride) {
                row[..outputs].fill_with(|| low + case.below(1000) as f32 * 1e-3);
            }
        }
        let before = blocks.each_ref().map(|block| block.floats().to_vec());
        let [rows_of_room, of_hint] = [1 + case.below(30), case.below(3000)];
        let (mut room, hint) = (case.floats(stride * rows_of_room), case.floats(of_hint));
        let kernels = kernels
            .streaming_stores(case.below(2) == 0)
            .prefetching(PrefetchHint::new(blocks[2].floats(), hint.floats()));
        let dense = case.below(2) == 0;
        let x = if dense { Input::Real(x.view()) } else { Input::Bits(words.view()) };
        let gradient = LayerGradient { x, d: Matrix::new(d.floats(), stride, outputs) };
        let mut taken = false;
        let done = done(|| {
            let [m, v, w] = blocks.each_mut().map(Guarded::floats_mut);
            taken =
                kernels.adam_gradient(RATES, 0.1, &gradient, first, room.floats_mut(), AdamBlock { m, v, w });
        });
        let what = format!("{rows} {inputs} {outputs} {first} {height} {dense}");
        // Without examples there is nothing to take.
        let refused = examples > 0 && first.checked_add(height).is_none_or(|end| end > inputs + 1);
        if refused || !done {
            assert!(!done && (refused || examples > rows), "{what}");
            assert!(blocks.iter().zip(&before).all(|(a, b)| a.floats() == b), "{what}");
        } else if examples == rows && rows > 0 {
            assert!(taken, "{what}");
            let (mut g, [mut m, mut v, mut w]) = (vec![0.0; height * stride], before);
            match x {
                // No rows have no gradient.
                _ if height == 0 => {}
                Input::Real(x) => {
                    Portable.gradient(0.1, x, first, gradient.d, MatrixMut::new(&mut g, stride, outputs))
                }
                Input::Bits(_) => {
                    let (x, out) = (words.clean(), MatrixMut::new(&mut g, stride, outputs));
                    Portable.gradient_bits(0.1, BitMatrix::new(&x, inputs), first, gradient.d, out);
                }
            }
            Portable.adam(RATES, &g, &mut m, &mut v, &mut w);
            for (block, expected) in blocks.iter().zip([m, v, w]) {
                close(block, &expected, rows, &what);
            }
        }
        done
    });
}

#[test]
fn updates() {
    each(100, |kernels, case| {
        let n = case.size();
        let [sizes_g, sizes_m, sizes_v] = [n; 3].map(|n| case.about(n));
        let (g, mut m, mut v, mut w) =
            (case.floats(sizes_g), case.floats(sizes_m), case.floats(sizes_v), case.floats(n));
        v.floats_mut().iter_mut().for_each(|v| *v = v.abs());
        let [mut m2, mut v2, mut w2] = [&m, &v, &w].map(|data| data.floats().to_vec());
        let kernels = kernels.streaming_stores(case.below(2) == 0);
        kernels.adam(RATES, g.floats(), m.floats_mut(), v.floats_mut(), w.floats_mut());
        let used = sizes_g.min(sizes_m).min(sizes_v).min(n);
        Portable.adam(RATES, &g.floats()[..used], &mut m2[..used], &mut v2[..used], &mut w2[..used]);
        kernels.momentum(0.1, 0.9, g.floats(), v.floats_mut(), w.floats_mut());
        Portable.momentum(0.1, 0.9, g.floats(), &mut v2, &mut w2);
        kernels.axpy(0.3, g.floats(), m.floats_mut());
        Portable.axpy(0.3, g.floats(), &mut m2);
        for (data, expected) in [(&m, &m2), (&v, &v2), (&w, &w2)] {
            close(data, expected, 1, "updates");
        }
        let mut copy = case.floats(n);
        kernels.publish([(g.floats(), copy.floats_mut())].into_iter());
        assert_eq!(copy.floats()[..n.min(sizes_g)], g.floats()[..n.min(sizes_g)]);
        assert!(kernels.within(1.0, g.floats()));
        if let Some(last) = copy.floats_mut().last_mut() {
            *last = f32::NAN;
            assert!(!kernels.within(1.0, copy.floats()));
        }
        true
    });
}

#[test]
fn units() {
    each(100, |kernels, case| {
        let n = case.size();
        let [of_uniforms, of_scores] = [n; 2].map(|n| case.about(n));
        let words = case.about(n.div_ceil(32));
        let (mut logits, mut u) = (case.floats(n), case.floats(of_uniforms));
        u.floats_mut().iter_mut().for_each(|u| *u = 0.5 + 0.499 * *u);
        let (mut sample, mut partner) = (case.words(words), case.words(words));
        let (mut score, mut drawn) = (case.floats(of_scores), case.words(words));
        let out =
            Drawn { sample: sample.words_mut(), partner: partner.words_mut(), score: score.floats_mut() };
        let log_q = kernels.sample(&Arm, logits.floats(), u.floats(), out);
        let of_draw = kernels.draw(&Arm, logits.floats(), u.floats(), drawn.words_mut());
        let p = kernels.log_prob(logits.floats(), sample.words());
        let whole = of_uniforms >= n && of_scores >= n && words >= n.div_ceil(32);
        let delta = kernels.log_prob_delta(logits.floats_mut(), sample.words());
        if whole {
            let near = |a: f32, b: f32| (a - b).abs() <= 4e-6 * b.abs() + 1e-5;
            assert_eq!(sample.words()[..n / 32], drawn.words()[..n / 32]);
            assert!(near(log_q.0, of_draw) && near(p, of_draw) && near(delta, p), "{n}");
        }
        let (height, width) = (case.size().min(70), case.size());
        let mut u = case.real(height, width, 7.0);
        let expected = u.data.floats().to_vec();
        let state = |row| Stream::state(5, Purpose::Sample, 1, row as u64, 2);
        kernels.uniforms(state, u.view_mut());
        let stride = u.stride.max(1);
        for (row, (u, before)) in u.data.floats().chunks(stride).zip(expected.chunks(stride)).enumerate() {
            let (mut stream, inside) = (Stream::from_state(state(row)), u.len() == stride);
            let is =
                |(i, (u, before))| if inside && i < width { u == &stream.uniform() } else { u == before };
            assert!(u.iter().zip(before).enumerate().all(is), "{height} {width}");
        }
        true
    });
}

/// Matrices without data that claim to be as large as a number can say.
#[test]
fn huge_claims() {
    let (real, bits) = (Matrix::new(&[], usize::MAX, usize::MAX), BitMatrix::new(&[], usize::MAX));
    let (none, row) = (Matrix::new(&[], 16, 16), Matrix::new(&[1.0; 16], 16, 16));
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        let mut y = [7.0; 32];
        let mut call = |kernel: &dyn Fn(MatrixMut<'_>)| done(|| kernel(MatrixMut::new(&mut y, 16, 16)));
        assert!(!call(&|y| kernels.affine(row, real, ACTIVATIONS[1], y)));
        assert!(!call(&|y| kernels.affine_bits(row, bits, ACTIVATIONS[1], y)));
        assert!(!call(&|y| kernels.back(row, real, row, ACTIVATIONS[1], y)));
        call(&|y| kernels.back(real, row, real, ACTIVATIONS[1], y));
        for first in [0, 1, usize::MAX - 1, usize::MAX] {
            call(&|y| kernels.gradient(0.1, real, first, none, y));
            call(&|y| kernels.gradient(0.1, real, first, row, y));
            call(&|y| kernels.gradient_bits(0.1, bits, first, none, y));
            assert!(!call(&|y| kernels.gradient_bits(0.1, bits, first, row, y)));
            for x in [Input::Real(real), Input::Bits(bits), Input::Bits(BitMatrix::NONE)] {
                let [mut m, mut v, mut w] = [(); 3].map(|()| Guarded::zeroed(Guard::End, 16));
                done(|| {
                    let blocks = AdamBlock { m: m.floats_mut(), v: v.floats_mut(), w: w.floats_mut() };
                    let gradient = LayerGradient { x, d: none };
                    kernels.adam_gradient(RATES, 0.1, &gradient, first, &mut [0.0; 16], blocks);
                });
            }
        }
        assert_eq!(y, [7.0; 32]);
        let mut u = [7.0; 3];
        kernels.uniforms(|_| [1; 2], MatrixMut::new(&mut u, usize::MAX, usize::MAX));
        assert_eq!(u, [7.0; 3]);
    }
}
