//! Several samples for each example, which are compared with each other.

mod arms;
mod arms_bound;
pub(super) mod bound;
mod ovis;
mod rloo;
mod rws;
mod vimco;

pub use arms::Arms;
pub use arms_bound::ArmsBound;
pub use bound::LogMeanExp;
pub use ovis::Ovis;
pub use rloo::Rloo;
pub use rws::Rws;
pub use vimco::Vimco;
