//! The exact law of a random gradient with respect to two logits, as a list of outcomes: enumerated, or the nodes of a
//! quadrature.

/// Outcomes with their probabilities, which sum to one.
#[derive(Clone, Debug, Default)]
pub struct Law(Vec<(f64, [f64; 2])>);

impl Law {
    /// Adds an outcome.
    pub fn push(&mut self, probability: f64, gradient: [f64; 2]) {
        self.0.push((probability, gradient));
    }

    /// The outcomes with their probabilities.
    pub fn outcomes(&self) -> &[(f64, [f64; 2])] {
        &self.0
    }

    /// The mean of a function of the gradient.
    pub fn expect(&self, of: impl Fn([f64; 2]) -> f64) -> f64 {
        self.0.iter().map(|(p, g)| p * of(*g)).sum()
    }

    /// The mean.
    pub fn mean(&self) -> [f64; 2] {
        [0, 1].map(|i| self.expect(|g| g[i]))
    }

    /// The covariance of two elements, and the standard deviation of what its mean it is.
    pub fn covariance(&self, i: usize, j: usize) -> (f64, f64) {
        let mean = self.mean();
        let product = |g: [f64; 2]| (g[i] - mean[i]) * (g[j] - mean[j]);
        let value = self.expect(product);
        (value, self.expect(|g| (product(g) - value).powi(2)).sqrt())
    }

    /// The variance of an element.
    pub fn variance(&self, i: usize) -> f64 {
        self.covariance(i, i).0
    }

    /// The sum of both variances.
    pub fn trace(&self) -> f64 {
        self.variance(0) + self.variance(1)
    }

    /// Sums of outcomes: 1 but for rounding.
    pub fn total(&self) -> f64 {
        self.expect(|_| 1.0)
    }
}

/// Nodes and weights of Gauss-Legendre quadrature with `n` nodes between `a` and `b`: exact for polynomials of degree 2n - 1.
pub fn nodes(n: usize, a: f64, b: f64) -> Vec<(f64, f64)> {
    let node = |i: usize| {
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..50 {
            let (mut last, mut value) = (0.0, 1.0);
            for k in 0..n {
                (last, value) = (value, ((2 * k + 1) as f64 * x * value - k as f64 * last) / (k + 1) as f64);
            }
            slope = n as f64 * (x * value - last) / (x * x - 1.0);
            x -= value / slope;
        }
        (a + (b - a) * (x + 1.0) / 2.0, (b - a) / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(node).collect()
}

/// Nodes and weights over (0, 1), in pieces that end at `cuts`.
pub fn pieces(n: usize, cuts: &[f64]) -> Vec<(f64, f64)> {
    let mut ends = vec![0.0, 1.0];
    ends.extend(cuts);
    ends.sort_by(f64::total_cmp);
    let apart = |ends: &&[f64]| ends[1] - ends[0] > 1e-12;
    ends.windows(2).filter(apart).flat_map(|e| nodes(n, e[0], e[1])).collect()
}

/// A function of two bits that is known between them too, at two logits.
pub struct Two<'a> {
    /// The logits.
    pub phi: [f64; 2],
    /// f, at real vectors.
    pub f: &'a dyn Fn([f64; 2]) -> f64,
    /// Its gradient.
    pub slope: &'a dyn Fn([f64; 2]) -> [f64; 2],
    /// Whether f contains log q.
    pub log_q: bool,
}

/// 1 / (1 + e^-x).
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What estimators of several samples see.
pub type Samples = Vec<[f64; 2]>;

impl Two<'_> {
    /// The probabilities of ones.
    pub fn p(&self) -> [f64; 2] {
        self.phi.map(sigmoid)
    }

    /// p (1 - p).
    pub fn pq(&self) -> [f64; 2] {
        self.p().map(|p| p * (1.0 - p))
    }

    /// b - p.
    pub fn score(&self, b: [f64; 2]) -> [f64; 2] {
        let p = self.p();
        [b[0] - p[0], b[1] - p[1]]
    }

    /// Probability of a sample.
    pub fn q(&self, b: [f64; 2]) -> f64 {
        let p = self.p();
        [0, 1].map(|v| if b[v] == 1.0 { p[v] } else { 1.0 - p[v] }).iter().product()
    }

    /// All tuples of `k` samples with their probabilities.
    pub fn tuples(&self, k: usize) -> Vec<(f64, Samples)> {
        let sample = |index: usize| [(index & 1) as f64, (index >> 1 & 1) as f64];
        let tuple = |index: usize| {
            let samples: Samples = (0..k).map(|i| sample(index >> (2 * i))).collect();
            (samples.iter().map(|b| self.q(*b)).product(), samples)
        };
        (0..1 << (2 * k)).map(tuple).collect()
    }

    /// The law of an estimator that is a function of `k` independent samples.
    pub fn of_samples(&self, k: usize, gradient: impl Fn(&Samples) -> [f64; 2]) -> Law {
        let mut law = Law::default();
        self.tuples(k).iter().for_each(|(p, samples)| law.push(*p, gradient(samples)));
        law
    }

    /// The gradient itself.
    pub fn gradient(&self) -> [f64; 2] {
        self.of_samples(1, |b| self.score(b[0]).map(|s| s * (self.f)(b[0]))).mean()
    }

    /// f at samples.
    pub fn at(&self, samples: &Samples) -> Vec<f64> {
        samples.iter().map(|b| (self.f)(*b)).collect()
    }
}

/// b with unit `v` set.
pub fn with(b: [f64; 2], v: usize, to: f64) -> [f64; 2] {
    let mut b = b;
    b[v] = to;
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        let sum =
            |n: usize, degree: i32| pieces(n, &[0.3]).iter().map(|(x, w)| w * x.powi(degree)).sum::<f64>();
        for (n, degree) in [(1, 1), (3, 5), (12, 23)] {
            assert!((sum(n, degree) - 1.0 / f64::from(degree + 1)).abs() < 1e-14, "{n}");
        }
        assert!((sum(3, 14) - 1.0 / 15.0).abs() > 1e-6);
    }
}
