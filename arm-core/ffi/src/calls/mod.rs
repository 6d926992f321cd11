//! The functions that C calls.

mod ask;
mod bytes;
mod create;
mod detector;
mod learn;
mod queue;
mod record;
mod windows;

pub use ask::*;
pub use bytes::*;
pub use create::*;
pub use detector::*;
pub use learn::*;
pub use record::*;
pub use windows::*;
