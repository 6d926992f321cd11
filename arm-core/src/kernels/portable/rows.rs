//! What counts as zero.

/// Smallest magnitude of what is multiplied with a parameter or added to one: smaller values count as zero.
///
/// Parameters then stay multiples of 2^-63, products in sums at least 2^-103, and no sum can be subnormal: machines that
/// flush subnormal numbers to zero (Helium does) compute the same bits as those that do not.
pub(super) const TINY: f32 = 1.0 / (1u64 << 40) as f32;

/// `x`, or zero where its magnitude is below [`TINY`].
#[inline(always)]
pub(crate) fn significant(x: f32) -> f32 {
    if x.abs() < TINY { 0.0 } else { x }
}

/// The smallest magnitude in `d` that is not zero; infinity if there is none.
#[inline(never)]
pub(super) fn smallest(d: &[f32]) -> f32 {
    // As integers one below: zero becomes the largest.
    let bits = arm_vfp::fold(d, u32::MAX, |m, d| (d.to_bits() & 0x7fff_ffff).wrapping_sub(1).min(m));
    bits.checked_add(1).map_or(f32::INFINITY, f32::from_bits)
}
