//! Kernels that take many short rows at once.

use crate::cases::{Case, Real};
use crate::guarded::Guarded;
use crate::{done, each};
use arm_core::estimator::Arm;
use arm_core::kernels::{Drawn, DrawnRows, Kernels, Portable};
use arm_core::matrix::{Matrix, MatrixMut};

/// Rows of up to 70 units, mostly whole vectors.
struct Sizes {
    count: usize,
    cols: usize,
    stride: usize,
}

impl Sizes {
    fn new(case: &mut Case) -> Self {
        let (count, cols) = (case.size().min(60), case.below(70));
        let stride = if case.below(8) == 0 { cols + case.below(20) } else { cols.next_multiple_of(16) };
        Sizes { count, cols, stride }
    }

    /// What kernels take, where `rows` rows are given.
    fn fit(&self, rows: &[usize]) -> bool {
        (1..=64).contains(&self.cols)
            && self.stride.is_multiple_of(16)
            && rows.iter().all(|rows| *rows >= self.count)
    }

    /// Numbers between `low` and `high`, and what is none between the rows.
    fn real(&self, case: &mut Case, rows: usize, low: f32, high: f32) -> Real {
        let Sizes { cols, stride, .. } = *self;
        let mut data = case.floats(rows * stride);
        for row in data.floats_mut().chunks_mut(stride.max(1)) {
            let (units, padding) = row.split_at_mut(cols);
            units.iter_mut().for_each(|x| *x = low + (high - low) * (0.5 + 0.499 * *x));
            padding.fill(f32::NAN);
        }
        Real { data, stride, cols }
    }
}

fn near(a: f32, b: f32) -> bool {
    (a - b).abs() <= 4e-6 * b.abs() + 1e-5
}

/// Whether nothing lies in `data` between and behind rows but what is none.
fn padded(data: &Guarded, sizes: &Sizes) -> bool {
    data.floats().chunks(sizes.stride.max(1)).all(|row| row[sizes.cols..].iter().all(|x| x.is_nan()))
}

#[test]
fn sampled() {
    each(150, |kernels, case| {
        let sizes = Sizes::new(case);
        let Sizes { count, cols, stride } = sizes;
        let [of_logits, of_uniforms, of_scores] = [count; 3].map(|n| case.about(n));
        let logits = sizes.real(case, of_logits, -6.0, 6.0);
        let uniforms = sizes.real(case, of_uniforms, 0.0, 1.0);
        let mut score = sizes.real(case, of_scores, 0.0, 1.0);
        let per_row = cols.div_ceil(32);
        let [of_samples, of_partners, of_log_q] =
            [count * per_row, count * per_row, count].map(|n| case.about(n));
        let (mut sample, mut partner) = (case.words(of_samples), case.words(of_partners));
        let (mut log_q, mut other) = (case.floats(count), case.floats(of_log_q));
        let before = score.data.floats().to_vec();
        let mut taken = false;
        let whole = done(|| {
            let out = DrawnRows {
                sample: sample.words_mut(),
                partner: partner.words_mut(),
                score: score.view_mut(),
                log_q: log_q.floats_mut(),
                log_q_partner: other.floats_mut(),
            };
            taken = kernels.sample_rows(&Arm, logits.view(), uniforms.view(), out);
        });
        let what = format!("{count} {cols} {stride}");
        let fit = sizes.fit(&[of_logits, of_uniforms, of_scores]);
        let room = of_samples.min(of_partners) >= count * per_row && of_log_q >= count;
        assert!(padded(&score.data, &sizes), "{what}");
        assert!(taken == (fit && whole) && (whole || !room), "{what}");
        if !fit {
            assert_eq!(score.data.floats()[..cols.min(before.len())], before[..cols.min(before.len())]);
            return false;
        }
        for row in (0..count).take_while(|_| whole) {
            let (mut b, mut p, mut s) = (vec![0; per_row], vec![0; per_row], vec![0.0; cols]);
            let drawn = Drawn { sample: &mut b, partner: &mut p, score: &mut s };
            let [phi, u] = [&logits, &uniforms].map(|x| &x.data.floats()[row * stride..row * stride + cols]);
            let logs = Portable.sample(&Arm, phi, u, drawn);
            let words = row * per_row..(row + 1) * per_row;
            assert!(sample.words()[words.clone()] == b && partner.words()[words] == p, "{what}");
            let own = &score.data.floats()[row * stride..row * stride + cols];
            assert!(own.iter().zip(&s).all(|(a, b)| near(*a, *b)), "{what}");
            assert!(near(log_q.floats()[row], logs.0) && near(other.floats()[row], logs.1), "{what}");
        }
        whole
    });
}

#[test]
fn log_probabilities() {
    each(150, |kernels, case| {
        let sizes = Sizes::new(case);
        let Sizes { count, cols, stride } = sizes;
        let (given, words) = (case.about(count), case.about(cols.div_ceil(32)));
        let mut logits = sizes.real(case, given, -6.0, 6.0);
        let rows: Vec<_> = (0..count).map(|_| case.words(words)).collect();
        let (mut total, mut cost) = (case.floats(count), case.floats(count));
        let before = [&total, &cost].map(|data| data.floats().to_vec());
        let taken = kernels.log_prob_rows(logits.view(), |row| rows[row].words(), total.floats_mut());
        let phi = logits.data.floats().to_vec();
        let with_delta =
            kernels.log_prob_delta_rows(&mut logits.view_mut(), |row| rows[row].words(), cost.floats_mut());
        let what = format!("{count} {cols} {stride} {given} {words}");
        assert!(taken == sizes.fit(&[given]) && with_delta == taken, "{what}");
        assert!(padded(&logits.data, &sizes), "{what}");
        for row in 0..count {
            let mut own = [0; 3];
            own.iter_mut().zip(rows[row].words()).for_each(|(own, word)| *own = *word);
            let mut delta = phi.get(row * stride..row * stride + cols).unwrap_or_default().to_vec();
            let log_p = if taken { Portable.log_prob_delta(&mut delta, &own) } else { 0.0 };
            for (after, before) in [&total, &cost].into_iter().zip(&before) {
                assert!(near(after.floats()[row], before[row] - log_p), "{what}");
            }
            let is = logits.data.floats().get(row * stride..row * stride + cols).unwrap_or_default();
            assert!(is.iter().zip(&delta).all(|(a, b)| near(*a, *b)), "{what}");
        }
        taken
    });
}

/// Rows without data that claim to be as far apart as a number can say.
#[test]
fn huge_claims() {
    each(1, |kernels, _| {
        for (stride, count) in [(usize::MAX & !15, 2), (1 << 63, 2), (1 << 60, 16), (usize::MAX, 1)] {
            let (mut logits, mut total) = ([0.5; 64], vec![1.0; count]);
            let view = Matrix::new(&[0.5; 64], stride, 64);
            let mut delta = MatrixMut::new(&mut logits, stride, 64);
            assert!(!done(|| assert!(kernels.log_prob_rows(view, |_| &[0; 2], &mut total))));
            assert!(!done(|| assert!(kernels.log_prob_delta_rows(&mut delta, |_| &[0; 2], &mut total))));
            let mut logs = [vec![7.0; count], vec![7.0; count]];
            let [log_q, log_q_partner] = &mut logs;
            let (mut sample, mut partner, mut score) = (vec![0; 2 * count], vec![0; 2 * count], [7.0; 64]);
            let score = MatrixMut::new(&mut score, stride, 64);
            let out = DrawnRows { sample: &mut sample, partner: &mut partner, score, log_q, log_q_partner };
            assert!(!done(|| assert!(kernels.sample_rows(&Arm, view, view, out))));
        }
        true
    });
}
