//! The bound of K samples, L = log of the mean of e^-f_k (Burda, Grosse & Salakhutdinov, ICLR 2016).
//!
//! Tests: `tests/tests/estimators/bound.rs`.

use crate::numeric::math::{exp_below_one_called, ln_called};

/// e^x for x <= 0.
fn exp_negative(x: f32) -> f32 {
    if x < -87.336_54 { 0.0 } else { exp_below_one_called(x) }
}

/// log of the mean of e^v, one v at a time, without overflow.
#[derive(Clone, Copy, Debug)]
pub struct LogMeanExp {
    largest: f32,
    sum: f32,
    count: u32,
}

impl LogMeanExp {
    /// Of no values yet.
    pub const fn new() -> Self {
        LogMeanExp { largest: f32::NEG_INFINITY, sum: 0.0, count: 0 }
    }

    /// Takes in one value.
    pub fn push(&mut self, v: f32) {
        let larger = v > self.largest;
        let (low, high) = if larger { (self.largest, v) } else { (v, self.largest) };
        let share = if v == f32::NEG_INFINITY { 0.0 } else { exp_negative(low - high) };
        self.sum = if larger { self.sum * share + 1.0 } else { self.sum + share };
        self.largest = high;
        self.count = self.count.saturating_add(1);
    }

    /// The share of a value that was taken in, e^v over the sum of all.
    pub fn share(&self, v: f32) -> f32 {
        exp_negative(v - self.largest) / self.sum
    }

    /// The result; minus infinity for no values.
    pub fn value(&self) -> f32 {
        if self.largest == f32::NEG_INFINITY && self.sum == 0.0 {
            return self.largest;
        }
        self.largest + ln_called(self.sum / self.count.max(1) as f32)
    }
}

impl Default for LogMeanExp {
    fn default() -> Self {
        Self::new()
    }
}

/// L of all f.
pub(in crate::estimator) fn bound(f: &[f32]) -> LogMeanExp {
    let mut sum = LogMeanExp::new();
    f.iter().for_each(|f| sum.push(-f));
    sum
}

/// L of all f but that of sample `k`, still to take in another in its layer.
pub(in crate::estimator) fn without(f: &[f32], k: usize) -> LogMeanExp {
    let mut sum = LogMeanExp::new();
    f.iter().enumerate().filter(|&(j, _)| j != k).for_each(|(_, f)| sum.push(-f));
    sum
}

/// L with `f_k` in the place of the f of sample `k`.
pub(in crate::estimator) fn replaced(f: &[f32], k: usize, f_k: f32) -> f32 {
    let mut sum = without(f, k);
    sum.push(-f_k);
    sum.value()
}

/// The normalised weights of the samples: what L's gradient weighs the gradients of -f with.
pub(in crate::estimator) fn weights(f: &[f32], weight: &mut [f32]) {
    let sum = bound(f);
    weight.iter_mut().zip(f).for_each(|(w, f)| *w = sum.share(-f));
}
