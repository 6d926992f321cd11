//! Two thirds of the multiplications of an inner product, for CPUs that add beside them.
//!
//! Two terms of a sum take one multiplication (Winograd, A New Algorithm for Inner Product, IEEE Trans. Comput. C-17,
//! 1968): x0 w0 + x1 w1 = (x0 + w1) (x1 + w0) - x0 x1 - w0 w1, where x0 x1 is needed once a row of x and w0 w1 once a
//! column of w. An AMD Zen has as many adders as multipliers. With two of three terms in a pair both are always busy: two
//! additions and two fused multiplications for three terms.
//!
//! Rounding is that of sums of squares of x and of w, so both should be about as large. A power of two brings the
//! largest of a row of x to between 1/4 and 1/2, where weights of a network are, too. Then the error is less than four
//! times that of the sum term by term, as long as the elements of a row and the weights are about as large. It does not
//! shrink with weights below 1/4 nor with the smaller elements of a row, and grows with the square of larger weights. The
//! gradient of weights gives a power of two to each column of both factors.
//! The products of w are summed in the order of the inner product itself, so that a row of zeros gives zero exactly.

pub(crate) mod affine;
pub(crate) mod back;
pub(crate) mod gradient;

use super::panel::Panel;

/// [`power`] for the largest magnitude.
#[inline(always)]
pub(crate) fn scale(x: &[f32]) -> (f32, f32) {
    power(x.iter().fold(0, |m, x| m.max(magnitude(*x))))
}

/// The bits of |x|, which are ordered like it.
#[inline(always)]
pub(crate) fn magnitude(x: f32) -> u32 {
    x.to_bits() & 0x7fff_ffff
}

/// A power of two that brings a magnitude to between 1/4 and 1/2 unless it is subnormal or above 2^125, and its inverse.
#[inline(always)]
pub(crate) fn power(largest: u32) -> (f32, f32) {
    // The exponent of the largest becomes -2. Zero and subnormal numbers get 252; below 1 there is no normal power.
    let scale = 252u32.saturating_sub(largest >> 23).max(1);
    (f32::from_bits(scale << 23), f32::from_bits((254 - scale) << 23))
}

/// Where `N` of `count` rows from `i` on begin; rows that are not there repeat the last one.
#[inline(always)]
pub(crate) fn rows_from<const N: usize>(
    first: Panel<'_>,
    stride: usize,
    i: usize,
    count: usize,
) -> [Panel<'_>; N] {
    let mut rows = [first; N];
    for (k, row) in rows.iter_mut().enumerate() {
        *row = first.from((i + k).min(count - 1) * stride);
    }
    rows
}
