//! Magnitudes.

use crate::integer::assembly::thumb2::{bits_of_halves, magnitudes_of_halves};
use core::arch::naked_asm;

/// Of two numbers those that are not positive change their sign, where r3 is zero: -2^15 becomes 2^15.
macro_rules! magnitude {
    ($word:literal) => {
        concat!("ssub16 r8, r3, ", $word, "\n", "sel ", $word, ", r8, ", $word, "\n")
    };
}

macro_rules! add {
    ($word:literal) => {
        concat!(magnitude!($word), "uxtah r0, r0, ", $word, "\n", "add r0, r0, ", $word, ", lsr #16\n")
    };
}

macro_rules! orr {
    ($word:literal) => {
        concat!(magnitude!($word), "orr r0, ", $word, "\n")
    };
}

/// See [`magnitudes_of_halves`]: of four words at a time.
///
/// # Safety
/// As there.
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
        "mov r3, #0",
        "b 3f",
        "2:",
        "ldm r2!, {{r4-r7}}",
        add!("r4"),
        add!("r5"),
        add!("r6"),
        add!("r7"),
        "3:",
        "cmp r2, r12",
        "bne 2b",
        "bx lr",
        halves = sym magnitudes_of_halves,
    )
}

/// See [`bits_of_halves`]: of four words at a time.
///
/// # Safety
/// As there.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn bits(x: *const i16, n: usize) -> u32 {
    naked_asm!(
        "lsl r2, r1, #1",
        "orr r2, r2, r0, lsl #2",
        "tst r2, #15",
        "beq 1f",
        "b {halves}",
        "1:",
        "push {{r4-r8, lr}}",
        "mov r2, r0",
        "add r12, r2, r1, lsl #1",
        "mov r0, #0",
        "mov r3, #0",
        "b 3f",
        "2:",
        "ldm r2!, {{r4-r7}}",
        orr!("r4"),
        orr!("r5"),
        orr!("r6"),
        orr!("r7"),
        "3:",
        "cmp r2, r12",
        "bne 2b",
        "orr r0, r0, r0, lsr #16",
        "uxth r0, r0",
        "pop {{r4-r8, pc}}",
        halves = sym bits_of_halves,
    )
}
