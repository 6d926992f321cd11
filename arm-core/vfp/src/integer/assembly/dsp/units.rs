//! Magnitudes.

use crate::integer::assembly::thumb2::magnitudes_from_halves;
use core::arch::naked_asm;

/// Of two numbers those that are not positive change their sign: -2^15 becomes 2^15.
macro_rules! magnitude {
    ($word:literal) => {
        concat!(
            "ssub16 r8, r3, ",
            $word,
            "\n",
            "sel ",
            $word,
            ", r8, ",
            $word,
            "\n",
            "uxtah r0, r0, ",
            $word,
            "\n",
            "add r0, r0, ",
            $word,
            ", lsr #16\n",
            "orr r1, ",
            $word,
            "\n",
        )
    };
}

/// See [`magnitudes_from_halves`]: of four words at a time.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes_from() {
    naked_asm!(
        "sub r0, r12, r2",
        "orr r0, r0, r2, lsl #2",
        "tst r0, #15",
        "beq 1f",
        "b {halves}",
        "1:",
        "mov r0, #0",
        "mov r1, #0",
        "mov r3, #0",
        "b 3f",
        "2:",
        "ldm r2!, {{r4-r7}}",
        magnitude!("r4"),
        magnitude!("r5"),
        magnitude!("r6"),
        magnitude!("r7"),
        "3:",
        "cmp r2, r12",
        "bne 2b",
        "orr r1, r1, r1, lsr #16",
        "uxth r1, r1",
        "bx lr",
        halves = sym magnitudes_from_halves,
    )
}
