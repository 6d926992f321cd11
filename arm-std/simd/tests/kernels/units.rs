//! Bernoulli units.

use super::{levels, near};
use arm_core::Activation;
use arm_core::estimator::{Arm, DisArm, DrawRule, Reinforce};
use arm_core::kernels::{Drawn, DrawnRows, DrawnUnit, Kernels, Portable, RuleWork};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};
use arm_core::rng::{Purpose, Stream};

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

/// Stands for [`Arm`].
struct Chosen;

impl DrawRule for Chosen {
    fn draw(&self, _: f32, _: f32, _: f32) -> DrawnUnit {
        panic!("unit by unit")
    }

    fn resolve<W: RuleWork>(&self, work: W) -> W::Output {
        work.with(&Arm)
    }
}

#[test]
fn a_rule_that_stands_for_another_is_asked_once_a_row() {
    check_rule(Chosen);
    for kernels in levels() {
        let (values, mut scores) = ([0.5; 40], [0.0; 40]);
        let rows = || Matrix::new(&values, 8, 8);
        let out = DrawnRows {
            sample: &mut [0; 5],
            partner: &mut [0; 5],
            score: MatrixMut::new(&mut scores, 8, 8),
            log_q: &mut [0.0; 5],
            log_q_partner: &mut [0.0; 5],
        };
        kernels.sample_rows(&Chosen, rows(), rows(), out);
    }
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
            Activation::leaky_relu(0.1),
            MatrixMut::new(&mut y, 3, 3),
        );
        assert!(y[1].is_nan() && y[2] == 1.0);
    }
}
