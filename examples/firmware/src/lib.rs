//! What the images share: text and exit codes through semihosting, a clock, a painted stack.
//!
//! On a board semihosting needs a debug probe that serves it; without one, the first line of text stops the program.
#![no_std]

pub mod board;
pub mod clock;
pub mod detector;
pub mod golden;
pub mod host;
pub mod monitor;
pub mod ram;
pub mod reference;
pub mod refusals;
pub mod shapes;
pub mod source;
pub mod survey;
pub mod switchboard;
pub mod tick;
pub mod vibration;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

/// Linking fails, naming this symbol, when any path to a panic is left in an image: nothing defines it.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        safe fn sbn_panic_is_reachable() -> !;
    }
    sbn_panic_is_reachable()
}
