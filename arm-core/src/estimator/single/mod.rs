//! One sample for each example: its f times its scores.

mod ar;
mod baseline;
mod exact;
mod reinforce;

pub use ar::Ar;
pub use baseline::Baseline;
pub use exact::Exact;
pub use reinforce::Reinforce;
