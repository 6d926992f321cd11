//! What counts as zero.

/// Smallest magnitude of what is multiplied with a parameter or added to one: smaller values count as zero.
///
/// Parameters then stay multiples of 2^-63, products in sums at least 2^-103, and no sum can be subnormal: machines that
/// flush subnormal numbers to zero (Helium does) compute the same bits as those that do not.
pub(super) const TINY: f32 = 1.0 / (1u64 << 40) as f32;

/// `x`, or zero where its magnitude is below [`TINY`].
#[inline(always)]
pub(crate) fn significant(x: f32) -> f32 {
    arm_vfp::significant(TINY, x)
}
