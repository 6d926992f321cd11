//! Magnitudes.

use crate::integer::assembly::thumb2;
use core::arch::naked_asm;

/// See [`thumb2::magnitudes`]: of four words at a time.
///
/// # Safety
/// As there.
pub(crate) unsafe fn magnitudes(x: *const i16, n: usize) -> u64 {
    // SAFETY: the caller's.
    unsafe {
        if x as usize % 4 == 0 && n % 8 == 0 && n > 0 {
            magnitudes_of_words(x, n)
        } else {
            thumb2::magnitudes(x, n)
        }
    }
}

/// Of two numbers those that are not positive change their sign: -2^15 becomes 2^15.
macro_rules! magnitude {
    ($word:literal) => {
        concat!(
            "ssub16 lr, r3, ", $word, "\n",
            "sel ", $word, ", lr, ", $word, "\n",
            "uxtah r0, r0, ", $word, "\n",
            "add r0, r0, ", $word, ", lsr #16\n",
            "orr r1, ", $word, "\n",
        )
    };
}

#[unsafe(naked)]
unsafe extern "C" fn magnitudes_of_words(x: *const i16, n: usize) -> u64 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "mov r2, r0",
        "add r12, r2, r1, lsl #1",
        "mov r0, #0",
        "mov r1, #0",
        "mov r3, #0",
        "2:",
        "ldm r2!, {{r4-r7}}",
        magnitude!("r4"),
        magnitude!("r5"),
        magnitude!("r6"),
        magnitude!("r7"),
        "cmp r2, r12",
        "bne 2b",
        "orr r1, r1, r1, lsr #16",
        "uxth r1, r1",
        "pop {{r4-r7, pc}}",
    )
}
