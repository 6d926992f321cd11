//! Units that are flipped, all others kept: what f changes by.

mod bitflip;
mod leg;
mod ugc;

pub use bitflip::BitFlip;
pub use leg::Leg;
pub use ugc::Ugc;
