//! A sample and its antithetic partner: the difference of their f.

mod arm;
mod disarm;
mod local_disarm;

pub use arm::Arm;
pub use disarm::DisArm;
pub use local_disarm::LocalDisArm;
