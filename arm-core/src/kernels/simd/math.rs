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
