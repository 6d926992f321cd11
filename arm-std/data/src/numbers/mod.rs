//! From numbers to tables: how many values a column has, and what they mean.

mod coded;
mod count;
mod decode;
mod levels;
mod raw;
mod reading;
mod rows;
mod suspect;
#[cfg(test)]
mod tests;

pub(crate) use decode::decode;
pub(crate) use raw::Raw;
pub use reading::Reading;
pub(crate) use rows::Rows;

/// Fewer rows than this tell little of what their values mean; and one row in so many is split off for a split that is
/// missing.
pub(crate) const SHARE: usize = 6;
