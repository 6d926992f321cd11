//! Sums of eight columns of a dense layer.

use crate::integer::assembly::thumb2::{self, finish};
use crate::integer::assembly::{ALIGNED, Layer};
use core::arch::naked_asm;

const _: () = assert!(ALIGNED == 2, "what is no word goes to the loops of Thumb-2");

/// The row behind r0 times the lower or the upper number of r12; r3 is what is between rows.
macro_rules! row_of {
    ($lower:literal, $upper:literal) => {
        concat!(
            "ldrd lr, r2, [r0]\n",
            row_of!(@word "lr", "r4", "r5", $lower, $upper),
            row_of!(@word "r2", "r6", "r7", $lower, $upper),
            "ldrd lr, r2, [r0, #8]\n",
            "add r0, r3\n",
            row_of!(@word "lr", "r8", "r9", $lower, $upper),
            row_of!(@word "r2", "r10", "r11", $lower, $upper),
        )
    };
    (@word $word:literal, $first:literal, $second:literal, $lower:literal, $upper:literal) => {
        concat!(
            $lower, " ", $first, ", r12, ", $word, ", ", $first, "\n", $upper, " ", $second, ", r12, ", $word, ", ", $second,
            "\n"
        )
    };
}

/// Sums begin with a half, in r2, and biases behind r0, times what is in r3.
macro_rules! bias {
    () => {
        concat!(
            "ldrd r1, lr, [r0]\n",
            bias!(@word "r1", "r4", "r5"),
            bias!(@word "lr", "r6", "r7"),
            "ldrd r1, lr, [r0, #8]\n",
            bias!(@word "r1", "r8", "r9"),
            bias!(@word "lr", "r10", "r11"),
        )
    };
    (@word $word:literal, $first:literal, $second:literal) => {
        concat!(
            "smlabb ", $first, ", ", $word, ", r3, r2\n", "smlatb ", $second, ", ", $word, ", r3, r2\n"
        )
    };
}

/// Numbers of two words, from `at` behind r1 on, are added to four sums.
macro_rules! add {
    ($at:literal, $first:literal, $second:literal, $third:literal, $fourth:literal) => {
        concat!(
            "ldrd r0, r2, [r1, #", $at, "]\n",
            add!(@word "r0", $first, $second),
            add!(@word "r2", $third, $fourth),
        )
    };
    (@word $word:literal, $first:literal, $second:literal) => {
        concat!(
            "sxtah ", $first, ", ", $first, ", ", $word, "\n",
            "add ", $second, ", ", $second, ", ", $word, ", asr #16\n"
        )
    };
}

/// See [`thumb2::scaled`]: of words, and of pairs of inputs.
///
/// # Safety
/// As there.
pub(crate) unsafe fn scaled(layer: &mut Layer<i16>) -> u32 {
    let words = (layer.w as usize | layer.x as usize | layer.stride | 2 * layer.n) % 4 == 0;
    // SAFETY: the caller's.
    unsafe { if words { scaled_words(layer) } else { thumb2::scaled(layer) } }
}

/// The end of the inputs is on the stack.
#[unsafe(naked)]
unsafe extern "C" fn scaled_words(layer: &mut Layer<i16>) -> u32 {
    naked_asm!(
        "push {{r0, r1, r4-r11, lr}}",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp]",
        "ldr r0, [r12, #16]",
        "ldr r2, [r12, #36]",
        "mov r3, #256",
        bias!(),
        "ldm r12, {{r0-r3}}",
        "tst r2, #2",
        "add r2, r1, r2, lsl #1",
        "str r2, [sp, #4]",
        "bne 4f",
        "b 3f",
        "2:",
        "ldr r12, [r1], #4",
        row_of!("smlabb", "smlabt"),
        row_of!("smlatb", "smlatt"),
        "4:",
        "ldr r12, [r1], #4",
        row_of!("smlabb", "smlabt"),
        row_of!("smlatb", "smlatt"),
        "3:",
        "ldr r2, [sp, #4]",
        "cmp r1, r2",
        "bne 2b",
        "ldr r12, [sp]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "add sp, #8",
        "pop {{r4-r11, pc}}",
        finish = sym finish,
    )
}

/// See [`thumb2::selected`]: of words.
///
/// # Safety
/// As there.
pub(crate) unsafe fn selected(layer: &mut Layer<u32>) -> u32 {
    let words = (layer.w as usize | layer.stride) % 4 == 0;
    // SAFETY: the caller's.
    unsafe { if words { selected_words(layer) } else { thumb2::selected(layer) } }
}

/// On the stack are the first row of a word of bits, where the next word is, and how many are left.
#[unsafe(naked)]
unsafe extern "C" fn selected_words(layer: &mut Layer<u32>) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "sub sp, #12",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp, #12]",
        "ldr r0, [r12, #16]",
        "ldr r2, [r12, #36]",
        "mov r3, #1",
        bias!(),
        "ldm r12, {{r0-r3}}",
        "b 4f",
        "2:",
        "ldr r12, [r1], #4",
        "stm sp, {{r0, r1, r2}}",
        "mov r1, r0",
        "rbit r12, r12",
        "cmp r12, #0",
        "beq 6f",
        // r1 is the row of the next bit, the highest of r12.
        "3:",
        "clz lr, r12",
        "mla r1, lr, r3, r1",
        "add lr, #1",
        "lsls r12, lr",
        add!("0", "r4", "r5", "r6", "r7"),
        add!("8", "r8", "r9", "r10", "r11"),
        "add r1, r3",
        "bne 3b",
        "6:",
        "ldm sp, {{r0, r1, r2}}",
        "add r0, r0, r3, lsl #5",
        "4:",
        "subs r2, #1",
        "bpl 2b",
        "ldr r12, [sp, #12]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "add sp, #16",
        "pop {{r4-r11, pc}}",
        finish = sym finish,
    )
}
