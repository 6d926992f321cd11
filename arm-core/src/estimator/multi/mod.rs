//! Several samples for each example, which are compared with each other.

mod arms;
mod arms_bound;
pub(super) mod bound;
mod rloo;
mod vimco;

pub use arms::Arms;
pub use arms_bound::ArmsBound;
pub use bound::LogMeanExp;
pub use rloo::Rloo;
pub use vimco::Vimco;
