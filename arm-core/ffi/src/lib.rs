//! Stochastic binary networks for C: `include/sbn.h` is generated from this crate and documented there.
//!
//! The caller owns all memory. A network lives in a block of words that C declares, with the size that a macro of the
//! header computes. Each call claims the block, checks its pointers, runs the learner of `arm-core` that is kept there,
//! and gives the block back. There are two kinds of networks, in floats and in integers: see `by_kind.rs`.
#![no_std]
#![deny(clippy::missing_safety_doc, clippy::undocumented_unsafe_blocks, unsafe_op_in_unsafe_fn)]

// On a machine with an operating system the standard library handles panics; on bare metal this crate does.
#[cfg(not(target_os = "none"))]
extern crate std;

mod block;
mod by_kind;
mod calls;
mod claim;
mod kind;
mod pointers;
mod rules;
mod status;
mod types;

pub use calls::*;
pub use kind::{sbn_floats, sbn_integers};
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
