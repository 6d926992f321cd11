use super::learned::Learned;
use super::{numbers, unit};
use arm_core::estimator::{self, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::sigmoid;
use arm_core::relaxed::{Relaxation, RelaxedLayer};
use arm_core::{Error, MatrixMut, Shape};

/// Double control variates: leave-one-out REINFORCE with K samples, each f_k plus r_k = alpha (b_k - p)^T g_-k, where g_-k
/// is the mean gradient of f at the other samples, and the mean of r_k (b_k - p), alpha p (1 - p) g_-k, taken off.
/// Unbiased for every alpha.
///
/// Titsias & Shi, AISTATS 2022. K evaluations of f with their gradients. One alpha for each stochastic layer, learned
/// from 0; at 0 it is leave-one-out REINFORCE. In a stack the gradient is that with the samples of other layers kept.
#[derive(Clone, Debug, PartialEq)]
pub struct DoubleCv {
    samples: usize,
    alpha: Learned,
}

impl DoubleCv {
    /// With `samples` samples K, 2 to 1024, for `layers` stochastic layers, starting from `alpha`.
    pub fn new(samples: usize, layers: usize, alpha: f32) -> Self {
        DoubleCv { samples, alpha: Learned::new(vec![alpha; layers]) }
    }

    /// The factors alpha, one for each stochastic layer.
    pub fn alpha(&self) -> &[f32] {
        self.alpha.values()
    }
}

impl DrawRule for DoubleCv {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

impl Estimator for DoubleCv {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        let valid = (2..=1024).contains(&self.samples) && self.alpha.len() == shape.stochastic_layers();
        if valid && self.alpha().iter().all(|a| a.is_finite()) { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0 / self.samples as f32);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }

    fn learned(&self) -> Option<&dyn estimator::Learned> {
        Some(&self.alpha)
    }

    fn learned_mut(&mut self) -> Option<&mut dyn estimator::Learned> {
        Some(&mut self.alpha)
    }
}

impl Relaxation for DoubleCv {
    fn statistics(&self) -> usize {
        self.alpha.len()
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, k, width) = (layer.rows, self.samples, layer.rows.phi.cols());
        let (alpha, others) = (self.alpha()[rows.layer], (k - 1) as f32);
        let mut gradients = vec![0.0; rows.f.len() * width];
        layer.smooth.at_samples(false, MatrixMut::new(&mut gradients, width, width))?;
        let (mut scores, mut sum) = (vec![0.0; k * width], vec![0.0; width]);
        let (mut r, mut total, mut slope) = (vec![0.0; k], vec![0.0; width], vec![0.0; width]);
        let statistics = layer.statistics.chunks_mut(self.alpha.len());
        for ((e, gradients), statistics) in gradients.chunks(k * width).enumerate().zip(statistics) {
            sum.fill(0.0);
            for g in gradients.chunks(width) {
                sum.iter_mut().zip(g).for_each(|(s, g)| *s += g);
            }
            let of_samples = scores.chunks_mut(width).zip(gradients.chunks(width));
            for ((s, (score, g)), r) in of_samples.enumerate().zip(&mut r) {
                let row = e * k + s;
                *r = 0.0;
                let units = score.iter_mut().zip(numbers(&rows, row)).zip(rows.phi.row(row));
                for (((score, b), phi), (g, sum)) in units.zip(g.iter().zip(&sum)) {
                    *score = b - sigmoid(*phi);
                    *r += *score * (sum - g) / others;
                }
            }
            let f = &rows.f[e * k..][..k];
            let (f_sum, r_sum) = (f.iter().sum::<f32>(), r.iter().sum::<f32>());
            let mut squared = 0.0;
            total.fill(0.0);
            slope.fill(0.0);
            for (s, (score, g)) in scores.chunks(width).zip(gradients.chunks(width)).enumerate() {
                let row = e * k + s;
                let f = f[s] - (f_sum - f[s]) / others;
                let r = r[s] - (r_sum - r[s]) / others;
                let units = layer.delta.row_mut(row).iter_mut().zip(score).zip(g.iter().zip(&sum));
                for ((((delta, score), (g, sum)), total), slope) in units.zip(&mut total).zip(&mut slope) {
                    // (b - p)^2 is p^2 or (1 - p)^2, so that p (1 - p) = |b - p| (1 - |b - p|).
                    let variance = score.abs() * (1.0 - score.abs());
                    let by_alpha = (r * score - variance * (sum - g) / others) / k as f32;
                    *delta = f * score / k as f32 + alpha * by_alpha;
                    *total += *delta;
                    *slope += by_alpha;
                    squared += 2.0 * *delta * by_alpha;
                }
            }
            // Above the first layer each sample has its own logits.
            let joint = || total.iter().zip(&slope).map(|(d, s)| 2.0 * d * s).sum();
            statistics[rows.layer] = if rows.layer == 0 { joint() } else { squared };
        }
        Ok(())
    }
}
