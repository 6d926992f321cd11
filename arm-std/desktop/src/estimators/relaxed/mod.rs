//! Estimators that use the gradient of f with respect to b, or learn something of their own.

mod biased;
mod control;
mod double_cv;
mod learned;
mod muprop;
mod nvil;
mod relax;
mod rodeo;
mod stein;

pub use biased::{GumbelSoftmax, ReinMax, StraightThrough};
pub use double_cv::DoubleCv;
pub use muprop::MuProp;
pub use nvil::Nvil;
pub use relax::Relax;
pub use rodeo::Rodeo;

use arm_core::estimator::DrawnUnit;
use arm_core::relaxed::Rows;
use arm_core::{Error, Shape};

/// An independent draw from the uniform u: b = 1\[u > sigmoid(-phi)\], that is phi + logit(u) > 0, with the score b - p.
#[inline(always)]
pub(super) fn unit(p: f32, q: f32, u: f32) -> DrawnUnit {
    if u > q { DrawnUnit::alone(true, q) } else { DrawnUnit::alone(false, -p) }
}

/// log(u / (1 - u)).
fn logit(u: f32) -> f32 {
    arm_core::math::ln(u / (1.0 - u))
}

/// The samples of a row as numbers.
fn numbers<'a>(rows: &Rows<'a>, row: usize) -> impl Iterator<Item = f32> + use<'a> {
    rows.b.bits(row).iter().map(|b| f32::from(u8::from(b)))
}

/// `Err(Unsupported)` for a stack of stochastic layers: samples above a relaxed one are no smooth function of it, and a
/// control variate whose gradient leaves them out has another mean (as in the published code for stacks).
fn one_layer(shape: &Shape<'_>) -> Result<(), Error> {
    if shape.stochastic_layers() == 1 { Ok(()) } else { Err(Error::Unsupported) }
}
