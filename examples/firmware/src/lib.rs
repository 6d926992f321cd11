//! What the images share: text and exit codes, a clock, a painted stack.
//!
//! Text goes to the board's own serial port where `boards.txt` names its chip, otherwise through semihosting. On a board that
//! needs a debug probe that serves it; without one, the first line of text stops the program.
#![no_std]

pub mod clock;
pub mod detector;
#[cfg(esp32c3)]
mod esp32c3;
pub mod golden;
pub mod guard;
pub mod host;
pub mod integer_shapes;
pub mod monitor;
pub mod node;
pub mod ram;
pub mod reference;
pub mod refusals;
#[cfg(rp2040)]
pub mod rp2040;
pub mod shapes;
pub mod source;
pub mod survey;
pub mod switchboard;
pub mod tick;
pub mod vibration;

/// Clock of the timer in Hz: the board's, out of `boards.txt`.
pub(crate) const CLOCK: u32 = match u32::from_str_radix(env!("CLOCK"), 10) {
    Ok(clock) => clock,
    Err(_) => panic!("a clock in Hz in boards.txt"),
};

// It has the critical section.
#[cfg(all(target_arch = "riscv32", not(target_has_atomic = "32")))]
use riscv as _;

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
