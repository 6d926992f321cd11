//! Sums of eight columns of a dense layer: what is on the stack is told beside [`finish`].

use crate::integer::assembly::thumb2::{finish, scaled_groups, selected_groups};
use crate::integer::assembly::{MOST, magnitudes_from, rest_of};
use core::arch::naked_asm;

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

/// See [`scaled_groups`] and what is before it: of words, and of pairs of inputs.
///
/// # Safety
/// `x` is good for reads of `n` numbers, `w` of `len`, and `y` for writes of `cols`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled(
    w: *const i16,
    x: *const (),
    n: usize,
    len: usize,
    stride: usize,
    cols: usize,
    down: u32,
    slope: i32,
    y: *mut i16,
    units: usize,
) -> u32 {
    naked_asm!(
        enter_scaled!(),
        "ldm sp, {{r0-r2}}",
        "orr r0, r1",
        "orr r0, r2",
        "orr r0, r10",
        "orr r0, r5",
        "tst r0, #3",
        "beq 1f",
        "b {groups}",
        "1:",
        group!(),
        "mov r3, #256",
        bias!(),
        "ldm sp, {{r0-r2}}",
        "ldr r3, [sp, #52]",
        "sub lr, r2, r1",
        "tst lr, #4",
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
        "ldr r2, [sp, #8]",
        "cmp r1, r2",
        "bne 2b",
        "bl {finish}",
        "bne 1b",
        leave!(),
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        groups = sym scaled_groups,
        rest = sym rest_of,
        finish = sym finish,
    )
}

/// See [`selected_groups`] and what is before it: of words.
///
/// # Safety
/// `x` is good for reads of `n` words, `w` of `len` numbers, and `y` for writes of `cols`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected(
    w: *const i16,
    x: *const (),
    n: usize,
    len: usize,
    stride: usize,
    cols: usize,
    down: u32,
    slope: i32,
    y: *mut i16,
    units: usize,
) -> u32 {
    naked_asm!(
        enter_selected!(),
        "orr r0, r10",
        "orr r0, r5",
        "tst r0, #3",
        "beq 1f",
        "b {groups}",
        "1:",
        group!(),
        "mov r3, #1",
        bias!(),
        "ldr r1, [sp, #4]",
        "ldr r3, [sp, #52]",
        "b 4f",
        // r0 is the first row of all and r2 the first word: a word is four bytes, and 32 rows.
        "2:",
        "sub r2, r1, r2",
        "lsl r2, #3",
        "ldr r12, [r1], #4",
        "str r1, [sp, #72]",
        "mla r1, r2, r3, r0",
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
        "ldr r1, [sp, #72]",
        "4:",
        "ldm sp, {{r0, r2, lr}}",
        "cmp r1, lr",
        "bne 2b",
        "bl {finish}",
        "bne 1b",
        leave!(),
        refuse!(),
        groups = sym selected_groups,
        rest = sym rest_of,
        finish = sym finish,
    )
}
