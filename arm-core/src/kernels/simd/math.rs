//! [`crate::math`] by lanes: the same operations in the same order, and so the same bits.

use crate::numeric::math::{SQRT_HALF, exp_parts, ln_parts};
use wide::{f32x4, f32x16, u32x4, u32x16};

/// e^x for x in [-87.336_54, 0]: [`exp_below_one`](crate::math::exp_below_one).
#[inline(always)]
pub(super) fn exp_below_one(x: f32x16) -> f32x16 {
    let (y, shifted) = exp_parts(x);
    // The exponent lies in the low bits of the sum; those above leave at the top.
    y * f32x16::from_bits((shifted.to_bits() << 23) + u32x16::splat(127 << 23))
}

/// e^-|x|, or zero beyond a magnitude of `saturated`; NaN for NaN.
#[inline(always)]
pub(super) fn decay(x: f32x16, saturated: f32) -> f32x16 {
    let size = x.abs();
    !size.simd_gt(f32x16::splat(saturated)) & exp_below_one(-size)
}

/// ln x for positive normal numbers: [`ln`](crate::math::ln).
#[inline(always)]
pub(super) fn ln(x: f32x4) -> f32x4 {
    let half = u32x4::splat(SQRT_HALF);
    let bits = x.to_bits() - half;
    let n = f32x4::from_i32x4(bits.cast_signed() >> 23);
    ln_parts(f32x4::from_bits((bits & u32x4::splat(0x007f_ffff)) + half), n)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::numeric::math;
    use std::thread;

    /// Sixteen numbers, `stride` bit patterns apart, by lanes and one by one.
    fn compare(first: u32, stride: u32) {
        let x: [f32; 16] = core::array::from_fn(|i| f32::from_bits(first.wrapping_add(stride * i as u32)));
        let bits = |x: f32| if x.is_nan() { u32::MAX } else { x.to_bits() };
        let expected = x.map(|x| {
            let e = if x.abs() > 27.0 { 0.0 } else { math::exp_below_one(-x.abs()) };
            bits(if x.is_nan() { x } else { e })
        });
        assert_eq!(decay(f32x16::new(x), 27.0).to_array().map(bits), expected, "{x:?}");
        let inside = x.map(|x| if (-87.336_54..=0.0).contains(&x) { x } else { 0.0 });
        let expected = inside.map(|x| bits(math::exp_below_one(x)));
        assert_eq!(exp_below_one(f32x16::new(inside)).to_array().map(bits), expected, "{inside:?}");
        for x in x.as_chunks::<4>().0 {
            let x = x.map(|x| if x.is_normal() && x > 0.0 { x } else { 1.0 });
            assert_eq!(ln(f32x4::new(x)).to_array().map(bits), x.map(|x| bits(math::ln(x))), "{x:?}");
        }
    }

    #[test]
    fn bits_of_one_by_one_on_a_sample() {
        assert_eq!(ln(f32x4::splat(1.0)).to_array(), [0.0; 4]);
        (0..u32::MAX - 16 * 8191).step_by(16 * 8191).for_each(|first| compare(first, 8191));
    }

    #[test]
    #[ignore = "five minutes: every f32"]
    fn bits_of_one_by_one_exhaustive() {
        let n = thread::available_parallelism().map_or(2, |n| n.get());
        let share = |k| {
            (16 * k..=(u32::MAX - 15) as usize).step_by(16 * n).for_each(|first| compare(first as u32, 1))
        };
        thread::scope(|scope| (0..n).for_each(|k| drop(scope.spawn(move || share(k)))));
    }
}
