//! Estimators with the gradient of f.

use crate::law::{Law, Samples, Two, pieces, with};

/// f'(b) p (1 - p).
pub fn straight_through(two: &Two<'_>) -> Law {
    two.of_samples(1, |b| {
        let (g, pq) = ((two.slope)(b[0]), two.pq());
        [g[0] * pq[0], g[1] * pq[1]]
    })
}

/// f'(b) |b - p| / 2.
pub fn reinmax(two: &Two<'_>) -> Law {
    two.of_samples(1, |b| {
        let (g, score) = ((two.slope)(b[0]), two.score(b[0]));
        [g[0] * score[0].abs() / 2.0, g[1] * score[1].abs() / 2.0]
    })
}

/// (f(b) - f(p) - f'(p) (b - p)) (b - p) + f'(p) p (1 - p).
pub fn muprop(two: &Two<'_>) -> Law {
    let (p, pq) = (two.p(), two.pq());
    let (f, g) = ((two.f)(p), (two.slope)(p));
    two.of_samples(1, |b| {
        let score = two.score(b[0]);
        let rest = (two.f)(b[0]) - f - g[0] * score[0] - g[1] * score[1];
        [0, 1].map(|v| rest * score[v] + g[v] * pq[v])
    })
}

/// A net r(z) with one hidden layer: of each hidden unit the weights of both z and the bias, then its output's weight.
#[derive(Clone, Debug, Default)]
pub struct Net {
    /// The hidden units.
    pub units: Vec<([f64; 3], f64)>,
    /// The output's bias.
    pub bias: f64,
}

impl Net {
    /// r and its gradient; LeakyReLU 0.3.
    fn at(&self, z: [f64; 2]) -> (f64, [f64; 2]) {
        let (mut r, mut g) = (self.bias, [0.0; 2]);
        for (w, out) in &self.units {
            let v = w[0] * z[0] + w[1] * z[1] + w[2];
            let slope = if v > 0.0 { 1.0 } else { 0.3 };
            r += out * slope * v;
            [0, 1].iter().for_each(|&i| g[i] += out * slope * w[i]);
        }
        (r, g)
    }
}

/// A unit of REBAR: b, z, and z~ with its derivative.
struct Relaxed {
    b: f64,
    z: f64,
    given: f64,
    slope: f64,
}

fn relaxed(phi: f64, p: f64, u: f64, v: f64) -> Relaxed {
    let logit = |u: f64| (u / (1.0 - u)).ln();
    let b = f64::from(u8::from(u > 1.0 - p));
    // Uniform where b is what it is: above 1 - p, or below.
    let again = if b == 1.0 { 1.0 - p + v * p } else { v * (1.0 - p) };
    // Its derivative with respect to phi, v kept, and then that of phi + logit.
    let moved = p * (1.0 - p) * if b == 1.0 { v - 1.0 } else { -v };
    Relaxed { b, z: phi + logit(u), given: phi + logit(again), slope: 1.0 + moved / (again * (1.0 - again)) }
}

/// (f(b) - c(z~)) (b - p) + dc(z)/dphi - dc(z~)/dphi, c(z) = s (f(sigmoid(z / T)) + r(z)), of the uniforms u of z and v of z~.
pub fn rebar_at(two: &Two<'_>, (t, s): (f64, f64), net: &Net, u: [f64; 2], v: [f64; 2]) -> [f64; 2] {
    let control = |z: [f64; 2]| {
        let y = z.map(|z| 1.0 / (1.0 + (-z / t).exp()));
        let ((r, of_r), g) = (net.at(z), (two.slope)(y));
        (s * ((two.f)(y) + r), [0, 1].map(|v| s * (g[v] * y[v] * (1.0 - y[v]) / t + of_r[v])))
    };
    let p = two.p();
    let [first, second] = [0, 1].map(|i| relaxed(two.phi[i], p[i], u[i], v[i]));
    let (_, free) = control([first.z, second.z]);
    let (c, given) = control([first.given, second.given]);
    let (sample, slope) = ([first.b, second.b], [first.slope, second.slope]);
    let (signal, score) = ((two.f)(sample) - c, two.score(sample));
    [0, 1].map(|v| signal * score[v] + free[v] - given[v] * slope[v])
}

/// The law of [`rebar_at`], by quadrature with `n` nodes.
pub fn rebar(two: &Two<'_>, settings: (f64, f64), net: &Net, n: usize) -> Law {
    let [first, second] = two.p().map(|p| pieces(n, &[1.0 - p]));
    let again = pieces(n, &[]);
    let mut law = Law::default();
    for ((a, w), (b, x)) in first.iter().flat_map(|a| again.iter().map(move |b| (a, b))) {
        for ((c, y), (d, z)) in second.iter().flat_map(|c| again.iter().map(move |d| (c, d))) {
            law.push(w * x * y * z, rebar_at(two, settings, net, [*a, *c], [*b, *d]));
        }
    }
    law
}

/// f'(y) y (1 - y) / T, y = sigmoid((phi + logit(u)) / T), by quadrature with `n` nodes.
pub fn gumbel_softmax(two: &Two<'_>, t: f64, n: usize) -> Law {
    let mut law = Law::default();
    for (u, w) in pieces(n, &[]) {
        for (v, x) in pieces(n, &[]) {
            let relaxed = |phi: f64, u: f64| 1.0 / (1.0 + (-(phi + (u / (1.0 - u)).ln()) / t).exp());
            let y = [relaxed(two.phi[0], u), relaxed(two.phi[1], v)];
            let g = (two.slope)(y);
            law.push(w * x, [0, 1].map(|v| g[v] * y[v] * (1.0 - y[v]) / t));
        }
    }
    law
}

fn dot(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// The mean of `of` over the samples but `k`.
fn over_others<const N: usize>(k: usize, n: usize, of: impl Fn(usize) -> [f64; N]) -> [f64; N] {
    let mut sum = [0.0; N];
    for j in (0..n).filter(|j| *j != k) {
        sum.iter_mut().zip(of(j)).for_each(|(s, v)| *s += v / (n - 1) as f64);
    }
    sum
}

/// Leave-one-out REINFORCE of f_k + alpha (b_k - p) g_-k, less alpha p (1 - p) g_-k.
pub fn double_cv(two: &Two<'_>, n: usize, alpha: f64) -> Law {
    let pq = two.pq();
    two.of_samples(n, |samples| {
        let mean_slope = |k: usize| over_others(k, n, |j| (two.slope)(samples[j]));
        let value = |k: usize| (two.f)(samples[k]) + alpha * dot(two.score(samples[k]), mean_slope(k));
        let mut g = [0.0; 2];
        for (k, sample) in samples.iter().enumerate() {
            let signal = value(k) - over_others(k, n, |j| [value(j)])[0];
            let (score, slope) = (two.score(*sample), mean_slope(k));
            [0, 1].iter().for_each(|&v| g[v] += (signal * score[v] - alpha * pq[v] * slope[v]) / n as f64);
        }
        g
    })
}

/// RODEO. `net` are its parameters: of each hidden unit the weight of the feature, of the context, the bias and the
/// weights of both outputs, then the biases of these.
pub fn rodeo(two: &Two<'_>, n: usize, (alpha, beta): (f64, f64), net: &[f64]) -> Law {
    let (units, biases) = net.split_at(net.len() - 2);
    let h = |feature: f64, context: f64| {
        let mut out = [biases[0], biases[1]];
        for unit in units.chunks(5) {
            let v = unit[0] * feature + unit[1] * context + unit[2];
            let a = if v > 0.0 { v } else { 0.3 * v };
            [0, 1].iter().for_each(|&o| out[o] += unit[3 + o] * a);
        }
        out
    };
    // Of sample k: h and h_2 at any b.
    let surrogate = |samples: &Samples, k: usize, b: [f64; 2]| {
        let feature = |j: usize| dot((two.slope)(samples[j]), [b[0] - samples[j][0], b[1] - samples[j][1]]);
        let [feature, context] = over_others(k, n, |j| [feature(j), (two.f)(samples[j])]);
        h(feature, context)
    };
    two.of_samples(n, |samples| {
        // (A h)(b_k), and (A h')(b_k) with h'(b) = h_2(b) (b - p).
        let stein = |k: usize| {
            let b = samples[k];
            let here = surrogate(samples, k, b);
            let (mut first, mut second) = (0.0, [0.0; 2]);
            for i in 0..2 {
                let flipped = with(b, i, 1.0 - b[i]);
                let (rate, there) = (two.score(b)[i].abs() / 2.0, surrogate(samples, k, flipped));
                first += rate * (there[0] - here[0]);
                let (from, to) = (two.score(b), two.score(flipped));
                [0, 1].iter().for_each(|&v| second[v] += rate * (there[1] * to[v] - here[1] * from[v]));
            }
            (first, second)
        };
        let steins: Vec<_> = (0..n).map(stein).collect();
        let mut g = [0.0; 2];
        for (k, (sample, stein)) in samples.iter().zip(&steins).enumerate() {
            let baseline = over_others(k, n, |j| [(two.f)(samples[j]) + alpha * steins[j].0])[0];
            let (signal, score) = ((two.f)(*sample) - baseline, two.score(*sample));
            [0, 1].iter().for_each(|&v| g[v] += (signal * score[v] + beta * stein.1[v]) / n as f64);
        }
        g
    })
}
