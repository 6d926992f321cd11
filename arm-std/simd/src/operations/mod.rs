//! What each kernel means: an [`Op`](crate::lanes::Op) for each method of [`Kernels`](arm_core::kernels::Kernels).

pub(crate) mod adam_gradient;
pub(crate) mod affine;
pub(crate) mod affine_bits;
pub(crate) mod back;
mod back_few;
pub(crate) mod bernoulli;
pub(crate) mod gradient;
pub(crate) mod gradient_bits;
pub(crate) mod optimise;
pub(crate) mod publish;
pub(crate) mod uniforms;
pub(crate) mod within;
