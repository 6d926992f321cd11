//! Transcendental functions in portable arithmetic: the same bits on every target.
//!
//! Only `+ - * /`, comparisons and bit patterns are used, in a fixed order and without fused operations. Errors are
//! measured over every finite `f32` against `f64` (test `exhaustive`):
//!
//! | function | largest error | domain |
//! |---|---|---|
//! | [`exp`] | 1 ULP | results below 2^-126 become 0, results above `f32::MAX` infinity |
//! | [`sigmoid`] | 3 ULP | as [`exp`] |
//! | [`softplus`] | 2 ULP where the result is over 1e-3, else 6e-8 absolute | all finite |
//! | [`ln`] | 1 ULP | positive normal numbers |
//! | [`sqrt`] | correctly rounded | all |

use core::ops::{Add, Mul, Sub};

/// Adding this puts the nearest integer of a small number into the low bits of the sum.
pub(crate) const MAGIC: f32 = 12_582_912.0;

/// Bits of sqrt(1/2).
pub(crate) const SQRT_HALF: u32 = 0x3f35_04f3;

/// A float, or several that are worked on together.
pub(crate) trait Real: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// `x`, in each.
    fn splat(x: f32) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn splat(x: f32) -> Self {
        x
    }
}

/// e^x. NaN gives NaN. Source: S. L. Moshier, Cephes `expf` (range reduction by ln 2 in two chunks, degree-7 polynomial).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (y, k) = exp_reduced(if x < 88.722_84 { x } else { 88.722_84 });
    // Two factors, because 2^128 is needed at the upper end and is no f32.
    let half = k >> 1;
    let y = y * power_of_two(half) * power_of_two(k.wrapping_sub(half));
    let y = if x < -87.336_54 { 0.0 } else { y };
    let y = if x > 88.722_84 { f32::INFINITY } else { y };
    if x.is_nan() { x } else { y }
}

/// e^-|x| for any x that is not NaN; 0 where the result would be subnormal.
#[inline(always)]
pub fn exp_neg_abs(x: f32) -> f32 {
    let y = -x.abs();
    if y < -87.336_54 { 0.0 } else { exp_below_one(y) }
}

/// e^x for x in [-87.336_54, 0], where one factor 2^k is enough.
#[inline(always)]
pub fn exp_below_one(x: f32) -> f32 {
    let (y, k) = exp_reduced(x);
    y * power_of_two(k)
}

/// 2^k for -127 < k < 128.
#[inline(always)]
fn power_of_two(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// (y, k) with e^x = y 2^k, y in (0.7, 1.5).
#[inline(always)]
fn exp_reduced(x: f32) -> (f32, i32) {
    let (y, shifted) = exp_parts(x);
    (y, shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i32)
}

/// (y, k + [`MAGIC`]) with e^x = y 2^k, y in (0.7, 1.5).
#[inline(always)]
pub(crate) fn exp_parts<T: Real>(x: T) -> (T, T) {
    let c = T::splat;
    let shifted = x * c(core::f32::consts::LOG2_E) + c(MAGIC);
    let n = shifted - c(MAGIC);
    let r = x - n * c(0.693_359_4);
    let r = r - n * c(-2.121_944_4e-4);
    let p = c(1.987_569_2e-4);
    let p = p * r + c(1.398_2e-3);
    let p = p * r + c(8.333_452e-3);
    let p = p * r + c(4.166_579_6e-2);
    let p = p * r + c(1.666_666_5e-1);
    let p = p * r + c(0.5);
    (p * (r * r) + r + c(1.0), shifted)
}

/// ln x for a positive normal `x`; other arguments give an unspecified value.
/// Source: S. L. Moshier, Cephes `logf` (mantissa in [sqrt 1/2, sqrt 2), degree-9 polynomial).
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // Subtracting the bits of sqrt(1/2) makes the exponent field count from that mantissa.
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    let n = (bits as i32 >> 23) as f32;
    ln_parts(f32::from_bits((bits & 0x007f_ffff).wrapping_add(SQRT_HALF)), n)
}

/// ln(m 2^n) for m in [sqrt 1/2, sqrt 2).
#[inline(always)]
pub(crate) fn ln_parts<T: Real>(m: T, n: T) -> T {
    let c = T::splat;
    let m = m - c(1.0);
    let p = c(7.037_683_6e-2);
    let p = p * m - c(1.151_461e-1);
    let p = p * m + c(1.167_699_9e-1);
    let p = p * m - c(1.242_014_1e-1);
    let p = p * m + c(1.424_932_3e-1);
    let p = p * m - c(1.666_805_7e-1);
    let p = p * m + c(2.000_071_5e-1);
    let p = p * m - c(2.499_999_4e-1);
    let p = p * m + c(3.333_333e-1);
    let m2 = m * m;
    let tail = p * m * m2 + n * c(-2.121_944_4e-4) - c(0.5) * m2;
    m + tail + n * c(0.693_359_4)
}

/// [`exp_below_one`], compiled once.
#[inline(never)]
pub(crate) fn exp_below_one_called(x: f32) -> f32 {
    exp_below_one(x)
}

/// [`ln`], compiled once for where it is rare.
#[inline(never)]
pub(crate) fn ln_called(x: f32) -> f32 {
    ln(x)
}

/// ln(1 + e) for `e` in [0, 1]: absolute error below 6e-8.
#[inline(always)]
pub fn ln_1p(e: f32) -> f32 {
    let u = 1.0 + e;
    // The second term gives back what rounding 1 + e lost.
    ln(u) + (e - (u - 1.0)) / u
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    sigmoid_pair(x).0
}

/// (sigmoid(x), sigmoid(-x)), each to full relative precision.
#[inline(always)]
pub fn sigmoid_pair(x: f32) -> (f32, f32) {
    let e = exp_neg_abs(x);
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    if x >= 0.0 { (large, small) } else { (small, large) }
}

/// ln(1 + e^x), without overflow.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let positive = if x > 0.0 { x } else { 0.0 };
    positive + ln_1p(exp_neg_abs(x))
}

/// Square root, correctly rounded.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    arm_vfp::sqrt(x)
}

/// x^n by repeated squaring: the same bits on every target.
pub fn powi(x: f32, mut n: u32) -> f32 {
    let (mut base, mut y) = (x, 1.0);
    while n > 0 {
        if n & 1 == 1 {
            y *= base;
        }
        base *= base;
        n >>= 1;
    }
    y
}

/// Smallest magnitude of what is multiplied with a parameter or added to one: smaller values count as zero.
///
/// Parameters then stay multiples of 2^-63, products in sums at least 2^-103, and no sum can be subnormal: machines that
/// flush subnormal numbers to zero (Helium does) compute the same bits as those that do not.
pub(crate) const TINY: f32 = 1.0 / (1u64 << 40) as f32;

/// `x`, or zero where its magnitude is below [`TINY`].
#[inline(always)]
pub(crate) fn significant(x: f32) -> f32 {
    arm_vfp::significant(TINY, x)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::thread;

    fn ulp(x: f64) -> f64 {
        let exponent = (x.abs().log2().floor() as i32).clamp(-126, 127);
        2f64.powi(exponent - 23)
    }

    /// Largest errors (exp, sigmoid, softplus relative, softplus absolute, ln) over every `stride`-th bit pattern.
    fn worst(first: u32, stride: u32) -> [f64; 5] {
        let mut w = [0f64; 5];
        let mut bits = first;
        loop {
            let x = f32::from_bits(bits);
            if x.is_finite() {
                let d = f64::from(x);
                let e = d.exp();
                if (f64::from(f32::MIN_POSITIVE)..f64::from(f32::MAX)).contains(&e) {
                    w[0] = w[0].max((f64::from(exp(x)) - e).abs() / ulp(e));
                    let s = 1.0 / (1.0 + (-d).exp());
                    w[1] = w[1].max((f64::from(sigmoid(x)) - s).abs() / ulp(s));
                }
                let sp = d.max(0.0) + (-d.abs()).exp().ln_1p();
                let err = (f64::from(softplus(x)) - sp).abs();
                if sp > 1e-3 {
                    w[2] = w[2].max(err / ulp(sp));
                } else {
                    w[3] = w[3].max(err);
                }
                if x >= f32::MIN_POSITIVE {
                    let l = d.ln();
                    w[4] = w[4].max((f64::from(ln(x)) - l).abs() / ulp(l).max(1e-45));
                    assert_eq!(sqrt(x).to_bits(), x.sqrt().to_bits());
                }
            }
            match bits.checked_add(stride) {
                Some(next) => bits = next,
                None => return w,
            }
        }
    }

    fn check(w: [f64; 5]) {
        std::println!(
            "exp {:.3}, sigmoid {:.3}, softplus {:.3} / {:.2e}, ln {:.3}",
            w[0],
            w[1],
            w[2],
            w[3],
            w[4]
        );
        assert!(w[0] <= 1.0 && w[1] <= 3.0 && w[2] <= 2.0 && w[3] <= 6e-8 && w[4] <= 1.0, "{w:?}");
    }

    #[test]
    fn errors_on_a_sample() {
        check(worst(0, 509));
    }

    #[test]
    #[ignore = "five minutes: every f32"]
    fn exhaustive() {
        let n = thread::available_parallelism().map_or(2, |n| n.get() as u32);
        let runs: std::vec::Vec<_> = (0..n).map(|i| thread::spawn(move || worst(i, n))).collect();
        let all = runs.into_iter().map(|r| r.join().unwrap());
        check(all.fold([0.0; 5], |a, b| core::array::from_fn(|i| a[i].max(b[i]))));
    }

    #[test]
    fn edges() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-200.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(200.0), f32::INFINITY);
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan() && softplus(f32::NAN).is_nan());
        assert_eq!(sigmoid_pair(0.0), (0.5, 0.5));
        assert_eq!(sigmoid_pair(f32::INFINITY), (1.0, 0.0));
        assert_eq!(sigmoid_pair(f32::NEG_INFINITY), (0.0, 1.0));
        assert_eq!(softplus(1e30), 1e30);
        assert_eq!(softplus(f32::NEG_INFINITY), 0.0);
        assert_eq!(softplus(f32::INFINITY), f32::INFINITY);
        assert_eq!(powi(0.5, 10), 1.0 / 1024.0);
    }

    #[test]
    fn sigmoid_halves_sum_to_one() {
        for i in -2000..2000 {
            let (p, q) = sigmoid_pair(i as f32 * 0.01);
            assert!((p + q - 1.0).abs() <= 1.2e-7);
        }
    }
}
