//! Tables in memory: packed bits, and grey levels.

mod bits;
mod grey;

pub use bits::BitTable;
pub(crate) use bits::pack;
pub use grey::{GreyTable, Table};
