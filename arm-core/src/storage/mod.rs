//! Parameters that outlive a power loss: as bytes, and in flash.

pub mod codec;
pub mod record;
