//! What a board is to a program: text and exit codes, a clock, an interrupt, a painted stack.

pub mod clock;
#[cfg(esp32c3)]
mod esp32c3;
pub mod host;
pub mod ram;
#[cfg(rp2040)]
pub mod rp2040;
pub mod tick;
