use super::learned::Learned;
use super::stein::Stein;
use super::{numbers, unit};
use arm_core::estimator::{self, DrawRule, DrawnUnit, Estimator, Evaluated, SecondPaths};
use arm_core::math::sigmoid;
use arm_core::relaxed::{Relaxation, RelaxedLayer, Rows};
use arm_core::{Error, MatrixMut, Shape};

/// RODEO: leave-one-out REINFORCE with K samples and two control variates from discrete Stein operators, mean over k of
/// (f_k - mean over the other j of (f_j + alpha (A h)(b_j))) (b_k - p) + beta (A h')(b_k), h'(b) = h_2(b) (b - p).
/// Unbiased for all alpha, beta and h.
///
/// Shi, Zhou, Hwang, Titsias & Mackey, NeurIPS 2022. A is the Gibbs operator, the mean over units i of q(b_i flipped)
/// (h(b with b_i flipped) - h(b)), whose mean is zero; h and h_2 are a net with 100 LeakyReLU units over g (b - b_j) and
/// f_j, g the gradient of f, where both are averaged over the other samples j (the published code averages h for
/// K > 2). K evaluations of f with their gradients, and V + 1 of the net, of 100 units, a sample. alpha and beta, one of
/// each for every stochastic layer, are learned from 0. In a stack the gradient is that with other layers' samples kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Rodeo {
    samples: usize,
    layers: usize,
    net: Stein,
    /// alpha of each layer, beta of each, the parameters of the net.
    learned: Learned,
}

impl Rodeo {
    /// With `samples` samples K, 2 to 1024, for `layers` stochastic layers, from alpha and beta; the net is drawn from
    /// `seed`.
    pub fn new(samples: usize, layers: usize, (alpha, beta): (f32, f32), seed: u64) -> Self {
        let net = Stein { hidden: 100 };
        let mut values = vec![alpha; layers];
        values.resize(2 * layers, beta);
        values.extend(net.initial(seed));
        Rodeo { samples, layers, net, learned: Learned::new(values) }
    }

    /// The factors alpha and beta of each stochastic layer.
    pub fn factors(&self) -> (&[f32], &[f32]) {
        self.learned.values()[..2 * self.layers].split_at(self.layers)
    }
}

impl DrawRule for Rodeo {
    #[inline(always)]
    fn draw(&self, p: f32, q: f32, u: f32) -> DrawnUnit {
        unit(p, q, u)
    }
}

/// A sample of an example and what its surrogate is made of.
#[derive(Default)]
struct Sample {
    /// b - p.
    score: Vec<f32>,
    /// The feature with each unit flipped, and last with none; the context.
    features: Vec<f32>,
    context: f32,
    /// The outputs of the net at the features.
    h: [Vec<f32>; 2],
    /// (A h) of both outputs.
    stein: [f32; 2],
}

impl Sample {
    /// Probability of each flip, over V: that of b = 1 from 0 is p, that of 0 from 1 is 1 - p, both |b - p|.
    fn flips(&self) -> impl Iterator<Item = f32> + '_ {
        let width = self.score.len() as f32;
        self.score.iter().map(move |s| s.abs() / width)
    }

    /// +1 for a unit that is 0, -1 for one that is 1: how flipping changes it.
    fn changes(&self) -> impl Iterator<Item = f32> + '_ {
        self.score.iter().map(|s| if *s > 0.0 { -1.0 } else { 1.0 })
    }
}

impl Rodeo {
    /// The samples of example `e`, given the gradients of f at them.
    fn fill(&self, rows: &Rows<'_>, e: usize, gradients: &[f32], samples: &mut [Sample]) {
        let (k, width) = (self.samples, rows.phi.cols());
        let others = (k - 1) as f32;
        let mut sum = vec![0.0; width];
        let mut dots = vec![0.0; k];
        for ((s, g), dot) in gradients.chunks(width).enumerate().zip(&mut dots) {
            sum.iter_mut().zip(g).for_each(|(sum, g)| *sum += g);
            *dot = g.iter().zip(numbers(rows, e * k + s)).map(|(g, b)| g * b).sum();
        }
        let f = &rows.f[e * k..][..k];
        let (f_sum, dot_sum) = (f.iter().sum::<f32>(), dots.iter().sum::<f32>());
        let params = &self.learned.values()[2 * self.layers..];
        for (s, sample) in samples.iter_mut().enumerate() {
            let row = e * k + s;
            let g = &gradients[s * width..][..width];
            sample.score.clear();
            sample.score.extend(numbers(rows, row).zip(rows.phi.row(row)).map(|(b, phi)| b - sigmoid(*phi)));
            sample.context = (f_sum - f[s]) / others;
            let mean = |i: usize| (sum[i] - g[i]) / others;
            let along: f32 = numbers(rows, row).enumerate().map(|(i, b)| b * mean(i)).sum();
            let base = along - (dot_sum - dots[s]) / others;
            sample.features.clear();
            for (i, b) in numbers(rows, row).enumerate() {
                sample.features.push(base + (1.0 - 2.0 * b) * mean(i));
            }
            sample.features.push(base);
            sample.h.iter_mut().for_each(|h| h.resize(width + 1, 0.0));
            let [first, second] = &mut sample.h;
            self.net.at(params, &sample.features, sample.context, [first, second]);
            let stein = [0, 1].map(|o| {
                let h = &sample.h[o];
                sample.flips().zip(h).map(|(q, flipped)| q * (flipped - h[width])).sum()
            });
            sample.stein = stein;
        }
    }

    /// Adds to the statistics of an example the derivatives of its squared gradient; `d` is twice that gradient, over K, a
    /// row a sample or one for all.
    fn keep(&self, layer: usize, samples: &[Sample], d: &[f32], statistics: &mut [f32]) {
        let width = samples[0].score.len();
        let (alpha, beta) = (self.factors().0[layer], self.factors().1[layer]);
        let others = (self.samples - 1) as f32;
        let row = |s: usize| &d[if d.len() > width { s * width } else { 0 }..][..width];
        let along: Vec<f32> = samples
            .iter()
            .enumerate()
            .map(|(s, sample)| row(s).iter().zip(&sample.score).map(|(d, s)| d * s).sum())
            .collect();
        let along_sum: f32 = along.iter().sum();
        let stein_sum: f32 = samples.iter().map(|s| s.stein[0]).sum();
        let (factors, of_net) = statistics.split_at_mut(2 * self.layers);
        let params = &self.learned.values()[2 * self.layers..];
        let mut d_h = [vec![0.0; width + 1], vec![0.0; width + 1]];
        for (s, sample) in samples.iter().enumerate() {
            factors[layer] -= along[s] * (stein_sum - sample.stein[0]) / others;
            let d_first = -alpha * (along_sum - along[s]) / others;
            let (mut all, mut d_beta) = (0.0, along[s] * sample.stein[1]);
            let units = sample.flips().zip(sample.changes()).zip(row(s)).enumerate();
            for (i, ((q, change), d)) in units {
                d_h[0][i] = d_first * q;
                d_h[1][i] = beta * q * (along[s] + d * change);
                d_beta += d * q * change * sample.h[1][i];
                all += q;
            }
            (d_h[0][width], d_h[1][width]) = (-d_first * all, -beta * along[s] * all);
            factors[self.layers + layer] += d_beta;
            self.net.back(params, &sample.features, sample.context, [&d_h[0], &d_h[1]], of_net);
        }
    }
}

impl Estimator for Rodeo {
    const SECOND_PATHS: SecondPaths = SecondPaths::None;

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self, shape: &Shape<'_>) -> Result<(), Error> {
        let valid = (2..=1024).contains(&self.samples) && self.layers == shape.stochastic_layers();
        let (alpha, beta) = self.factors();
        let finite = alpha.iter().chain(beta).all(|f| f.is_finite());
        if valid && finite { Ok(()) } else { Err(Error::Setting) }
    }

    fn signals(&self, _: Evaluated<'_>, signal: &mut [f32], weight: &mut [f32]) {
        signal.fill(1.0);
        weight.fill(1.0 / self.samples as f32);
    }

    fn relaxation(&self) -> Option<&dyn Relaxation> {
        Some(self)
    }

    fn learned(&self) -> Option<&dyn estimator::Learned> {
        Some(&self.learned)
    }

    fn learned_mut(&mut self) -> Option<&mut dyn estimator::Learned> {
        Some(&mut self.learned)
    }
}

impl Relaxation for Rodeo {
    fn statistics(&self) -> usize {
        self.learned.len()
    }

    fn relax(&self, layer: &mut RelaxedLayer<'_>) -> Result<(), Error> {
        let (rows, k, width) = (layer.rows, self.samples, layer.rows.phi.cols());
        let (alpha, beta) = (self.factors().0[rows.layer], self.factors().1[rows.layer]);
        let (others, share) = ((k - 1) as f32, 1.0 / k as f32);
        let mut gradients = vec![0.0; rows.f.len() * width];
        layer.smooth.at_samples(false, MatrixMut::new(&mut gradients, width, width))?;
        let mut samples: Vec<_> = (0..k).map(|_| Sample::default()).collect();
        let mut d = vec![0.0; if rows.layer == 0 { width } else { k * width }];
        let statistics = layer.statistics.chunks_mut(self.learned.len());
        for ((e, gradients), statistics) in gradients.chunks(k * width).enumerate().zip(statistics) {
            self.fill(&rows, e, gradients, &mut samples);
            let f = &rows.f[e * k..][..k];
            let baseline = |s: usize| f[s] + alpha * samples[s].stein[0];
            let sum: f32 = (0..k).map(baseline).sum();
            d.fill(0.0);
            for (s, sample) in samples.iter().enumerate() {
                let signal = f[s] - (sum - baseline(s)) / others + beta * sample.stein[1];
                // All logits of an example share one gradient in the first layer.
                let d = &mut d[if rows.layer == 0 { 0 } else { s * width }..][..width];
                let units = sample.score.iter().zip(sample.flips().zip(sample.changes())).zip(&sample.h[1]);
                for (((score, (q, change)), h), (delta, d)) in
                    units.zip(layer.delta.row_mut(e * k + s).iter_mut().zip(d))
                {
                    *delta = share * (signal * score + beta * q * change * h);
                    *d += 2.0 * share * *delta;
                }
            }
            self.keep(rows.layer, &samples, &d, statistics);
        }
        Ok(())
    }
}
