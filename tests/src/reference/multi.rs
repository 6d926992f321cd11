//! Estimators with several samples, of the mean of f and of the bound L.

use crate::law::{Law, Samples, Two};

/// Sum over samples of signal (b - p).
fn reinforced(two: &Two<'_>, samples: &Samples, signal: impl Fn(usize) -> f64) -> [f64; 2] {
    let mut g = [0.0; 2];
    for (k, b) in samples.iter().enumerate() {
        let (s, score) = (signal(k), two.score(*b));
        [0, 1].iter().for_each(|&v| g[v] += s * score[v]);
    }
    g
}

/// L of f-values: log of the mean of e^-f.
fn bound(f: &[f64]) -> f64 {
    (f.iter().map(|f| (-f).exp()).sum::<f64>() / f.len() as f64).ln()
}

/// The normalised weights.
fn weights(f: &[f64]) -> Vec<f64> {
    let sum: f64 = f.iter().map(|f| (-f).exp()).sum();
    f.iter().map(|f| (-f).exp() / sum).collect()
}

/// f-values with that of sample `k` replaced.
fn replaced(f: &[f64], k: usize, by: f64) -> Vec<f64> {
    f.iter().enumerate().map(|(i, f)| if i == k { by } else { *f }).collect()
}

/// f-values of the others.
fn others(f: &[f64], k: usize) -> Vec<f64> {
    f.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, f)| *f).collect()
}

fn mean(f: &[f64]) -> f64 {
    f.iter().sum::<f64>() / f.len() as f64
}

/// w_k, where f contains log q.
fn direct(two: &Two<'_>, f: &[f64], k: usize) -> f64 {
    if two.log_q { weights(f)[k] } else { 0.0 }
}

/// Mean over k of (f_k - mean of the other f) (b_k - p).
pub fn rloo(two: &Two<'_>, k: usize) -> Law {
    two.of_samples(k, |samples| {
        let f = two.at(samples);
        reinforced(two, samples, |i| (f[i] - mean(&others(&f, i))) / k as f64)
    })
}

/// -(L - L_k) (b_k - p), L_k with the mean of the other f in the place of f_k, and the gradient of f.
pub fn vimco(two: &Two<'_>, k: usize) -> Law {
    two.of_samples(k, |samples| {
        let f = two.at(samples);
        let without = |i: usize| bound(&replaced(&f, i, mean(&others(&f, i))));
        reinforced(two, samples, |i| without(i) - bound(&f) + direct(two, &f, i))
    })
}

/// -(L - w_k - c_k) (b_k - p), c_k = L of the others + log(1 - 1 / K); without log q in f neither w_k nor the logarithm.
pub fn ovis(two: &Two<'_>, k: usize) -> Law {
    two.of_samples(k, |samples| {
        let f = two.at(samples);
        let few = if two.log_q { (1.0 - 1.0 / k as f64).ln() } else { 0.0 };
        reinforced(two, samples, |i| bound(&others(&f, i)) + few - bound(&f) + direct(two, &f, i))
    })
}

/// -w_k (b_k - p), w_k of e^-f / q.
pub fn rws(two: &Two<'_>, k: usize) -> Law {
    two.of_samples(k, |samples| {
        let log_q = |b: &[f64; 2]| if two.log_q { 0.0 } else { two.q(*b).ln() };
        let f: Vec<f64> = samples.iter().map(|b| (two.f)(*b) + log_q(b)).collect();
        reinforced(two, samples, |i| -weights(&f)[i])
    })
}

/// The laws of `n` bits with probability p each under the Dirichlet copula, and p (1 - p) / (p - P11).
fn antithetic(n: usize, p: f64) -> (Vec<(f64, Vec<f64>)>, f64) {
    let small = p.min(1.0 - p);
    // u = (1 - d)^(n - 1) < small where d > t; of d ~ Dirichlet(1, .., 1) i are that large with (1 - i t)^(n - 1).
    let t = 1.0 - small.powf(1.0 / (n - 1) as f64);
    let all = |i: usize| (1.0 - i as f64 * t).max(0.0).powi(n as i32 - 1);
    let choose = |n: usize, k: usize| (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
    let exactly = |set: usize| {
        let rest = n - set;
        (0..=rest).map(|j| if j % 2 == 0 { 1.0 } else { -1.0 } * choose(rest, j) * all(set + j)).sum::<f64>()
    };
    let pattern = |index: usize| {
        let marked = |i: usize| index >> i & 1 == 1;
        let bits = (0..n).map(|i| f64::from(u8::from(marked(i) == (p < 0.5)))).collect();
        (exactly(index.count_ones() as usize), bits)
    };
    ((0..1 << n).map(pattern).collect(), p * (1.0 - p) / (small - all(2)))
}

/// The antithetic samples of both units, each with its probability, and the factors of their scores.
fn antithetic_samples(two: &Two<'_>, n: usize) -> (Vec<(f64, Samples)>, [f64; 2]) {
    let [(first, a), (second, b)] = two.p().map(|p| antithetic(n, p));
    let mut samples = Vec::new();
    for (w, x) in &first {
        for (v, y) in &second {
            samples.push((w * v, x.iter().zip(y).map(|(x, y)| [*x, *y]).collect()));
        }
    }
    (samples, [a, b])
}

/// Sum over i of (f_i - mean f) (b_i - p) / (n - 1) p (1 - p) / (p - P11).
pub fn arms(two: &Two<'_>, n: usize) -> Law {
    let (antithetic, factor) = antithetic_samples(two, n);
    let mut law = Law::default();
    for (w, samples) in &antithetic {
        let f = two.at(samples);
        let g = reinforced(two, samples, |i| (f[i] - mean(&f)) / (n - 1) as f64);
        law.push(*w, [g[0] * factor[0], g[1] * factor[1]]);
    }
    law
}

/// For every sample ARMS of -L with `n` antithetic samples in its place, and the gradient of f.
pub fn arms_bound(two: &Two<'_>, n: usize) -> Law {
    let (antithetic, factor) = antithetic_samples(two, n);
    let mut law = Law::default();
    for (w, own) in two.tuples(n) {
        let f = two.at(&own);
        let direct = reinforced(two, &own, |k| direct(two, &f, k));
        for (v, samples) in &antithetic {
            let at = two.at(samples);
            let mut signal = vec![0.0; n];
            for k in 0..n {
                let values: Vec<f64> = at.iter().map(|a| -bound(&replaced(&f, k, *a))).collect();
                signal.iter_mut().zip(&values).for_each(|(s, f)| *s += (f - mean(&values)) / (n - 1) as f64);
            }
            let g = reinforced(two, samples, |i| signal[i]);
            law.push(w * v, [0, 1].map(|i| g[i] * factor[i] + direct[i]));
        }
    }
    law
}

/// A unit of an antithetic pair: (probability, b, b~).
fn pairs(p: f64) -> [(f64, f64, f64); 3] {
    let (m, same) = (p.min(1.0 - p), f64::from(u8::from(p > 0.5)));
    [(m, 1.0, 0.0), (m, 0.0, 1.0), (1.0 - 2.0 * m, same, same)]
}

/// For every k DisARM of -L as a function of sample k, and the gradient of f; `symmetrised`: the mean with the pairs'
/// roles exchanged.
pub fn local_disarm(two: &Two<'_>, k: usize, symmetrised: bool) -> Law {
    let units = two.p().map(pairs);
    let once = |own: &Samples, partners: &Samples| {
        let (f, of_partners) = (two.at(own), two.at(partners));
        let mut g = reinforced(two, own, |i| direct(two, &f, i));
        for (i, (b, partner)) in own.iter().zip(partners).enumerate() {
            let difference = bound(&replaced(&f, i, of_partners[i])) - bound(&f);
            for (v, p) in two.p().into_iter().enumerate() {
                g[v] += 0.5 * difference * (b[v] - partner[v]) * p.max(1.0 - p);
            }
        }
        g
    };
    let mut law = Law::default();
    for index in 0..9usize.pow(k as u32) {
        let (mut rest, mut w) = (index, 1.0);
        let (mut own, mut partners) = (vec![[0.0; 2]; k], vec![[0.0; 2]; k]);
        for i in 0..k {
            for v in 0..2 {
                let (probability, b, partner) = units[v][rest % 3];
                rest /= 3;
                w *= probability;
                (own[i][v], partners[i][v]) = (b, partner);
            }
        }
        let (a, b) = (once(&own, &partners), once(&partners, &own));
        law.push(w, if symmetrised { [0, 1].map(|v| 0.5 * (a[v] + b[v])) } else { a });
    }
    law
}
