//! Stochastic binary networks for C: `include/sbn.h` is generated from this crate and documented there.
//!
//! The caller owns all memory. A network lives in a block of words that C declares, with the size that a macro of the
//! header computes; it holds no pointers. Each call checks its pointers, takes the block apart into slices, runs the
//! engine of `arm-core` on them and puts the few words of state back.
#![no_std]

// On a machine with an operating system the standard library handles panics; on bare metal this crate does.
#[cfg(not(target_os = "none"))]
extern crate std;

mod block;
mod calls;
mod pointers;
mod rules;
mod status;
mod types;

pub use calls::*;
pub use status::*;
pub use types::*;

/// Never called: `arm-core` has no path that panics, and `scripts/firmware-c.sh` checks that the linked image has none.
#[cfg(all(target_os = "none", feature = "panic-handler"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
