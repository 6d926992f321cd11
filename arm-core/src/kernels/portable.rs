//! The reference kernels: plain loops in a fixed order, without fused operations.

use super::{AdamRates, Drawn, Kernels};
use crate::estimator::Unit;
use crate::math::{exp_neg_abs, ln, sqrt};
use crate::matrix::{BitMatrix, Matrix, MatrixMut};
use wide::f32x8;

/// The kernels that give the same bits on every target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portable;

/// Factors 1 + e <= 2 that one product takes before its logarithm is due.
const FLUSH: u32 = 64;

/// sum ln(1 + e_i) over e_i in [0, 1] as the logarithm of products.
struct LogProduct {
    product: f32,
    left: u32,
    sum: f32,
}

impl LogProduct {
    #[inline(always)]
    fn new() -> Self {
        LogProduct { product: 1.0, left: FLUSH, sum: 0.0 }
    }

    #[inline(always)]
    fn push(&mut self, factor: f32) {
        self.product *= factor;
        self.left -= 1;
        if self.left == 0 {
            *self = LogProduct { sum: self.sum(), ..Self::new() };
        }
    }

    #[inline(always)]
    fn sum(&self) -> f32 {
        self.sum + ln(self.product)
    }
}

/// (e^-|phi|, sigmoid(phi), sigmoid(-phi)).
#[inline(always)]
fn probabilities(phi: f32) -> (f32, f32, f32) {
    let e = exp_neg_abs(phi);
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    if phi >= 0.0 { (e, large, small) } else { (e, small, large) }
}

/// log sigmoid(x) = min(x, 0) - ln(1 + e^-|x|): its first term, min(x, 0), but NaN stays NaN.
#[inline(always)]
fn below_zero(x: f32) -> f32 {
    if x > 0.0 { 0.0 } else { x }
}

#[inline(always)]
fn activate(slope: f32, y: &mut [f32]) {
    if slope != 1.0 {
        for y in y {
            *y = if *y > 0.0 { *y } else { slope * *y };
        }
    }
}

#[inline(always)]
fn add(x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += x;
    }
}

#[inline(always)]
fn multiply_add(a: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// Inner product in eight interleaved sums, added as ((0+4)+(2+6)) + ((1+5)+(3+7)).
#[inline(always)]
fn dot(x: &[f32], y: &[f32]) -> f32 {
    let (xs, x_rest) = x.as_chunks::<8>();
    let (ys, y_rest) = y.as_chunks::<8>();
    let mut sum = f32x8::ZERO;
    for (&x, &y) in xs.iter().zip(ys) {
        sum += f32x8::new(x) * f32x8::new(y);
    }
    let mut s = sum.to_array();
    for ((s, x), y) in s.iter_mut().zip(x_rest).zip(y_rest) {
        *s += x * y;
    }
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

impl Kernels for Portable {
    fn affine(&self, w: Matrix<'_>, x: Matrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
        let bias = w.row(x.cols());
        for (x, y) in x.rows().zip(y.rows_mut()) {
            for (y, b) in y.iter_mut().zip(bias) {
                *y = *b;
            }
            for (&x, w) in x.iter().zip(w.rows()) {
                multiply_add(x, w, y);
            }
            activate(slope, y);
        }
    }

    fn affine_bits(&self, w: Matrix<'_>, x: BitMatrix<'_>, slope: f32, mut y: MatrixMut<'_>) {
        let bias = w.row(x.cols());
        for (n, y) in y.rows_mut().enumerate() {
            for (y, b) in y.iter_mut().zip(bias) {
                *y = *b;
            }
            for i in x.bits(n).ones() {
                add(w.row(i), y);
            }
            activate(slope, y);
        }
    }

    fn back(&self, w: Matrix<'_>, d: Matrix<'_>, a: Matrix<'_>, slope: f32, mut dx: MatrixMut<'_>) {
        for ((d, a), dx) in d.rows().zip(a.rows()).zip(dx.rows_mut()) {
            for ((w, &a), dx) in w.rows().zip(a).zip(dx) {
                let s = dot(d, w);
                *dx = if a > 0.0 { s } else { slope * s };
            }
        }
    }

    fn gradient(&self, a: f32, x: Matrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        for (x, d) in x.rows().zip(d.rows()) {
            let x = x.iter().copied().chain([1.0]).skip(first);
            for (x, g) in x.zip(g.rows_mut()) {
                multiply_add(a * x, d, g);
            }
        }
    }

    fn gradient_bits(&self, a: f32, x: BitMatrix<'_>, first: usize, d: Matrix<'_>, mut g: MatrixMut<'_>) {
        for (n, d) in d.rows().enumerate() {
            let x = x.bits(n);
            for (r, g) in g.rows_mut().enumerate() {
                let i = first.wrapping_add(r);
                if i == x.len() || x.get(i) {
                    multiply_add(a, d, g);
                }
            }
        }
    }

    fn sample<E: Unit>(&self, rule: &E, logits: &[f32], uniforms: &[f32], out: Drawn<'_>) -> (f32, f32) {
        let (mut log_q, mut log_q_partner) = (0.0, 0.0);
        let mut normaliser = LogProduct::new();
        let words = out.sample.iter_mut().zip(out.partner).zip(out.score.chunks_mut(32));
        for ((phi, u), ((sample, partner), score)) in logits.chunks(32).zip(uniforms.chunks(32)).zip(words) {
            (*sample, *partner) = (0, 0);
            for (i, ((&phi, &u), score)) in phi.iter().zip(u).zip(score).enumerate() {
                let (e, p, q) = probabilities(phi);
                let (b, b_partner, s) = rule.unit(p, q, u);
                *sample |= u32::from(b) << i;
                *partner |= u32::from(b_partner) << i;
                *score = s;
                log_q += below_zero(if b { phi } else { -phi });
                log_q_partner += below_zero(if b_partner { phi } else { -phi });
                normaliser.push(1.0 + e);
            }
        }
        let normaliser = normaliser.sum();
        (log_q - normaliser, log_q_partner - normaliser)
    }

    fn draw<E: Unit>(&self, rule: &E, logits: &[f32], uniforms: &[f32], sample: &mut [u32]) -> f32 {
        let mut log_q = 0.0;
        let mut normaliser = LogProduct::new();
        for ((phi, u), sample) in logits.chunks(32).zip(uniforms.chunks(32)).zip(sample) {
            *sample = 0;
            for (i, (&phi, &u)) in phi.iter().zip(u).enumerate() {
                let (e, p, q) = probabilities(phi);
                let (b, _, _) = rule.unit(p, q, u);
                *sample |= u32::from(b) << i;
                log_q += below_zero(if b { phi } else { -phi });
                normaliser.push(1.0 + e);
            }
        }
        log_q - normaliser.sum()
    }

    fn log_prob(&self, logits: &[f32], b: &[u32]) -> f32 {
        let mut sum = 0.0;
        let mut normaliser = LogProduct::new();
        for (logits, word) in logits.chunks(32).zip(b) {
            for (i, &l) in logits.iter().enumerate() {
                let x = if word >> i & 1 == 1 { l } else { -l };
                sum += below_zero(x);
                normaliser.push(1.0 + exp_neg_abs(l));
            }
        }
        sum - normaliser.sum()
    }

    fn log_prob_delta(&self, logits: &mut [f32], b: &[u32]) -> f32 {
        let mut sum = 0.0;
        let mut normaliser = LogProduct::new();
        for (logits, word) in logits.chunks_mut(32).zip(b) {
            for (i, l) in logits.iter_mut().enumerate() {
                let one = word >> i & 1 == 1;
                let x = if one { *l } else { -*l };
                let e = exp_neg_abs(x);
                sum += below_zero(x);
                normaliser.push(1.0 + e);
                // The residual sigmoid(-x) keeps full relative precision where sigmoid(l) - 1 would cancel.
                let large = 1.0 / (1.0 + e);
                let residual = if x >= 0.0 { e * large } else { large };
                *l = if one { -residual } else { residual };
            }
        }
        sum - normaliser.sum()
    }

    fn axpy(&self, a: f32, x: &[f32], y: &mut [f32]) {
        multiply_add(a, x, y);
    }

    fn momentum(&self, rate: f32, momentum: f32, g: &[f32], v: &mut [f32], w: &mut [f32]) {
        for ((g, v), w) in g.iter().zip(v).zip(w) {
            *v = momentum * *v + g;
            *w -= rate * *v;
        }
    }

    fn adam(&self, r: AdamRates, g: &[f32], m: &mut [f32], v: &mut [f32], w: &mut [f32]) {
        for (((&g, m), v), w) in g.iter().zip(m).zip(v).zip(w) {
            *m = r.beta1 * *m + (1.0 - r.beta1) * g;
            *v = r.beta2 * *v + (1.0 - r.beta2) * (g * g);
            *w -= r.rate * *m / (sqrt(*v) * r.scale + r.epsilon);
        }
    }
}
