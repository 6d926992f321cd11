//! Many rows are what each is on its own.

use arm_core::estimator::{Arm, DisArm, DrawRule};
use arm_core::kernels::{DrawnRows, Kernels, Portable};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};
use arm_simd::{Desktop, Level};

/// What rows leave: samples, partners, scores, log q of both.
#[derive(Clone, Debug, PartialEq)]
struct All(Vec<u32>, Vec<u32>, Vec<f32>, Vec<f32>, Vec<f32>);

const PADDING: f32 = 7.0;

fn draw<K: Kernels>(kernels: &K, rule: &impl DrawRule, [phi, u]: [Matrix<'_>; 2]) -> Option<All> {
    let (count, cols) = (phi.height(), phi.cols());
    let words = || vec![9; count * cols.div_ceil(32)];
    let mut all = All(words(), words(), vec![PADDING; phi.data().len()], vec![9.0; count], vec![9.0; count]);
    let out = DrawnRows {
        sample: &mut all.0,
        partner: &mut all.1,
        score: MatrixMut::new(&mut all.2, phi.stride(), cols),
        log_q: &mut all.3,
        log_q_partner: &mut all.4,
    };
    kernels.sample_rows(rule, phi, u, out).then_some(all)
}

fn near(a: f32, b: f32) {
    assert!((a - b).abs() <= 2e-6 * b.abs() + 2e-6, "{a} {b}");
}

fn check(kernels: Desktop, rule: &impl DrawRule, count: usize, cols: usize) {
    let (stride, words) = (cols.next_multiple_of(16), cols.div_ceil(32));
    let mut rng = Stream::new(3, Purpose::Initial, 0, count as u64, cols);
    let mut random = |low: f32, high: f32| -> Vec<f32> {
        (0..count * stride)
            .map(|i| if i % stride < cols { low + (high - low) * rng.uniform() } else { f32::NAN })
            .collect()
    };
    let (phi, u) = (random(-6.0, 6.0), random(0.0, 1.0));
    let view = |data| Matrix::new(data, stride, cols);
    let all = draw(&kernels, rule, [view(&phi), view(&u)]).unwrap();
    let (mut total, mut cost, mut delta) = (vec![1.0; count], vec![0.0; count], phi.clone());
    let bits = BitMatrix::new(&all.0, cols);
    assert!(kernels.log_prob_rows(view(&phi), |row| bits.row(row), &mut total));
    let logits = &mut MatrixMut::new(&mut delta, stride, cols);
    assert!(kernels.log_prob_delta_rows(logits, |row| bits.row(row), &mut cost));
    for row in 0..count {
        let (own, here) = (row * stride..row * stride + cols, row * words..(row + 1) * words);
        let (mut b, mut partner, mut score) = (vec![0; words], vec![0; words], vec![0.0; cols]);
        let drawn = arm_core::kernels::Drawn { sample: &mut b, partner: &mut partner, score: &mut score };
        let logs = Portable.sample(rule, &phi[own.clone()], &u[own.clone()], drawn);
        assert_eq!((&all.0[here.clone()], &all.1[here]), (&b[..], &partner[..]), "{count} {cols}");
        all.2[own.clone()].iter().zip(&score).for_each(|(a, b)| near(*a, *b));
        near(all.3[row], logs.0);
        near(all.4[row], logs.1);
        near(1.0 - total[row], logs.0);
        near(-cost[row], logs.0);
        let mut expected = phi[own.clone()].to_vec();
        Portable.log_prob_delta(&mut expected, &b);
        delta[own.clone()].iter().zip(&expected).for_each(|(a, b)| near(*a, *b));
        let behind = own.end..(row + 1) * stride;
        assert!(
            all.2[behind.clone()].iter().all(|&s| s == PADDING) && delta[behind].iter().all(|d| d.is_nan())
        );
    }
    // The last rows alone: the same bits.
    let from = count / 3;
    let alone = draw(&kernels, rule, [view(&phi[from * stride..]), view(&u[from * stride..])]).unwrap();
    let last = All(
        all.0[from * words..].to_vec(),
        all.1[from * words..].to_vec(),
        all.2[from * stride..].to_vec(),
        all.3[from..].to_vec(),
        all.4[from..].to_vec(),
    );
    assert_eq!(alone, last, "{count} {cols}");
    let mut again = vec![1.0; count - from];
    assert!(kernels.log_prob_rows(view(&phi[from * stride..]), |row| bits.row(from + row), &mut again));
    assert_eq!(again, total[from..]);
}

#[test]
fn many_rows_are_what_each_is() {
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        for count in [1, 2, 3, 15, 16, 17, 50] {
            for cols in [1, 8, 15, 16, 17, 20, 32, 33, 48, 50, 64] {
                check(kernels, &Arm, count, cols);
            }
        }
        check(kernels, &DisArm, 9, 40);
    }
}

#[test]
fn what_is_no_number_stays_none_and_long_rows_are_refused() {
    for kernels in Level::ALL.into_iter().filter_map(Desktop::with) {
        for cols in [3, 20] {
            let mut phi = vec![0.5; 3 * 32];
            phi[32 + 1] = f32::NAN;
            let mut total = [0.0; 3];
            assert!(kernels.log_prob_rows(Matrix::new(&phi, 32, cols), |_| &[2], &mut total));
            assert_eq!(total.map(f32::is_nan), [false, true, false]);
        }
        for (stride, cols) in [(80, 65), (20, 20), (16, 0)] {
            let phi = vec![0.5; 2 * stride];
            assert!(!kernels.log_prob_rows(Matrix::new(&phi, stride, cols), |_| &[0; 3], &mut [0.0; 2]));
        }
    }
}
