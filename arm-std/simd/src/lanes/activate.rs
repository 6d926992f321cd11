//! Activations of vectors of sums. Another one than LeakyReLU is written here, from what [`Lanes`] offers.

use crate::lanes::Lanes;
use arm_core::Activation;

/// What the activation makes of sums, which are left as they are where it [is linear](Activation::is_linear): loops ask that
/// once.
#[inline(always)]
pub(crate) fn activated<L: Lanes>(l: L, activation: Activation, sums: L::V) -> L::V {
    l.leaky(activation.slope(), sums)
}

/// The derivative with respect to a sum, of which the activation made `a`, from that with respect to `a`.
#[inline(always)]
pub(crate) fn back(activation: Activation, a: f32, d: f32) -> f32 {
    if a > 0.0 { d } else { activation.slope() * d }
}
