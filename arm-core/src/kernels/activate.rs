//! Activations of rows and of vectors of floats. Another one than LeakyReLU has its loops here.

use crate::numeric::math::TINY;
use crate::shape::Activation;

/// y = act(y).
#[inline(always)]
pub(super) fn activate(activation: Activation, y: &mut [f32]) {
    arm_vfp::activate(activation.slope(), TINY, y);
}

/// dx = act'(a) dx.
#[inline(always)]
pub(super) fn activate_back(activation: Activation, a: &[f32], dx: &mut [f32]) {
    arm_vfp::activate_back(activation.slope(), TINY, a, dx);
}
