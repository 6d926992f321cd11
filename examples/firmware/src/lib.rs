//! What the images share.
//!
//! Text goes to the board's own serial port where `boards.txt` names its chip, otherwise through semihosting. On a board that
//! needs a debug probe that serves it; without one, the first line of text stops the program.
#![no_std]

pub mod board;
pub mod programs;
pub mod proofs;

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
