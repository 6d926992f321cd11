//! Loops with the DSP instructions of a Cortex-M4, M7 or M55: two numbers are a word, of which each is multiplied by itself.

use super::{Back, Layer, Outer, thumb2};
use core::arch::naked_asm;
use thumb2::{finish, finish_dots};

pub(crate) use thumb2::{ALIGNED, GROUP, log_prob, log_prob_delta, magnitudes};

/// A row behind r0 times the lower or the upper number of r12.
macro_rules! row_of {
    ($lower:literal, $upper:literal) => {
        concat!(
            row_of!(@word "0", "r4", "r5", $lower, $upper),
            row_of!(@word "4", "r6", "r7", $lower, $upper),
            row_of!(@word "8", "r8", "r9", $lower, $upper),
            row_of!(@word "12", "r10", "r11", $lower, $upper),
        )
    };
    (@word $at:literal, $first:literal, $second:literal, $lower:literal, $upper:literal) => {
        concat!(
            "ldr lr, [r0, #", $at, "]\n", $lower, " ", $first, ", r12, lr, ", $first, "\n", $upper, " ", $second,
            ", r12, lr, ", $second, "\n"
        )
    };
}

/// Numbers of a word in lr are added to two sums, times 2^8 if that is asked for.
macro_rules! numbers {
    ($base:literal, $add:ident) => {
        concat!(
            $add!($base, "0", "r4", "r5"),
            $add!($base, "4", "r6", "r7"),
            $add!($base, "8", "r8", "r9"),
            $add!($base, "12", "r10", "r11"),
        )
    };
}

macro_rules! add {
    ($base:literal, $at:literal, $first:literal, $second:literal) => {
        concat!(
            "ldr lr, [",
            $base,
            ", #",
            $at,
            "]\n",
            "sxtah ",
            $first,
            ", ",
            $first,
            ", lr\n",
            "add ",
            $second,
            ", ",
            $second,
            ", lr, asr #16\n"
        )
    };
}

macro_rules! bias {
    ($base:literal, $at:literal, $first:literal, $second:literal) => {
        concat!(
            "ldr lr, [",
            $base,
            ", #",
            $at,
            "]\n",
            "sxth r12, lr\n",
            "asr lr, #16\n",
            "add ",
            $first,
            ", ",
            $first,
            ", r12, lsl #8\n",
            "add ",
            $second,
            ", ",
            $second,
            ", lr, lsl #8\n"
        )
    };
}

macro_rules! zero {
    () => {
        "mov r4, #0\nmov r5, #0\nmov r6, #0\nmov r7, #0\nmov r8, #0\nmov r9, #0\nmov r10, #0\nmov r11, #0"
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

#[unsafe(naked)]
unsafe extern "C" fn scaled_words(layer: &mut Layer<i16>) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp]",
        "ldm r12, {{r0-r3}}",
        zero!(),
        "add r2, r1, r2, lsl #1",
        "cmp r1, r2",
        "beq 3f",
        "2:",
        "ldr r12, [r1], #4",
        row_of!("smlabb", "smlabt"),
        "add r0, r3",
        row_of!("smlatb", "smlatt"),
        "add r0, r3",
        "cmp r1, r2",
        "bne 2b",
        "3:",
        numbers!("r0", bias),
        "ldr r12, [sp]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "pop {{r1, r4-r11, pc}}",
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

#[unsafe(naked)]
unsafe extern "C" fn selected_words(layer: &mut Layer<u32>) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "sub sp, #8",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp, #8]",
        "ldr r0, [r12, #16]",
        zero!(),
        numbers!("r0", add),
        "ldm r12, {{r0-r3}}",
        "b 4f",
        "2:",
        "ldr r12, [r1], #4",
        "strd r1, r2, [sp]",
        "mov r1, r0",
        "rbit r12, r12",
        "cmp r12, #0",
        "beq 6f",
        // r2 is the row of the next bit, the highest of r12.
        "3:",
        "clz lr, r12",
        "mla r2, lr, r3, r1",
        "add r1, r2, r3",
        "add lr, #1",
        "lsls r12, lr",
        numbers!("r2", add),
        "bne 3b",
        "6:",
        "add r0, r0, r3, lsl #5",
        "ldrd r1, r2, [sp]",
        "4:",
        "subs r2, #1",
        "bpl 2b",
        "ldr r12, [sp, #8]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "add sp, #12",
        "pop {{r4-r11, pc}}",
        finish = sym finish,
    )
}

/// Two columns of [`dots`] times four rows; `shifted` is what becomes of those of d first.
macro_rules! columns {
    ($shifted:literal) => {
        concat!(
            "ldr r12, [r1], #4\n",
            $shifted,
            "ldr lr, [r0], #4\n",
            "smlad r8, r12, lr, r8\n",
            "ldr lr, [r4], #4\n",
            "smlad r9, r12, lr, r9\n",
            "ldr lr, [r5], #4\n",
            "smlad r10, r12, lr, r10\n",
            "ldr lr, [r6], #4\n",
            "smlad r11, r12, lr, r11\n",
        )
    };
}

/// See [`thumb2::dots`]: of words, which are not shifted, or by one bit.
///
/// # Safety
/// As there.
pub(crate) unsafe fn dots(back: &mut Back) -> u32 {
    let words = (back.w as usize | back.d as usize | back.stride) % 4 == 0 && back.shift < 2;
    // SAFETY: the caller's.
    unsafe { if words { dots_of_words(back) } else { thumb2::dots(back) } }
}

/// `shadd16` halves, and rounds once 1 is added.
#[unsafe(naked)]
unsafe extern "C" fn dots_of_words(back: &mut Back) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp]",
        "ldm r12, {{r0-r3}}",
        "add r4, r0, r3",
        "add r5, r4, r3",
        "add r6, r5, r3",
        "ldr r3, [r12, #16]",
        "mov r8, #0",
        "mov r9, #0",
        "mov r10, #0",
        "mov r11, #0",
        "mov r7, #0x00010001",
        "cmp r3, #0",
        "beq 3f",
        "2:",
        columns!("shadd16 r12, r12, r7\n"),
        columns!("shadd16 r12, r12, r7\n"),
        "subs r2, #4",
        "bne 2b",
        "b 4f",
        "3:",
        columns!(""),
        columns!(""),
        "subs r2, #4",
        "bne 3b",
        "4:",
        "ldr r12, [sp]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "pop {{r1, r4-r11, pc}}",
        finish = sym finish_dots,
    )
}

/// Four columns of a row of [`outer`].
macro_rules! grow_words {
    () => {
        concat!(
            "ldrd r4, r5, [r1], #8\n",
            "ldrd r8, r9, [r0]\n",
            "smlabb r6, r3, r4, r12\n",
            "smlabt r7, r3, r4, r12\n",
            "smlabb lr, r3, r5, r12\n",
            "smlabt r5, r3, r5, r12\n",
            "pkhtb r6, r7, r6, asr #16\n",
            "pkhtb lr, r5, lr, asr #16\n",
            "shadd16 r4, r8, r6\n",
            "shadd16 r5, r9, lr\n",
            "ssat16 r4, #15, r4\n",
            "ssat16 r5, #15, r5\n",
            "qadd16 r8, r8, r6\n",
            "qadd16 r9, r9, lr\n",
            "strd r8, r9, [r0], #8\n",
        )
    };
}

/// See [`thumb2::outer`]: of words, where factors have 16 bits. Half of a sum has 15 bits unless the sum has more than 16, which
/// the flag Q remembers.
///
/// # Safety
/// As there.
pub(crate) unsafe fn outer(rows: &mut Outer) -> u32 {
    let words = (rows.w as usize | rows.d as usize | rows.stride) % 4 == 0;
    // SAFETY: the caller's.
    unsafe { if words { outer_of_words(rows) } else { thumb2::outer(rows) } }
}

#[unsafe(naked)]
unsafe extern "C" fn outer_of_words(rows: &mut Outer) -> u32 {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "mov r10, r0",
        "mov r11, #0",
        "msr APSR_nzcvq, r11",
        "ldr r4, [r10, #16]",
        "rbit r4, r4",
        "2:",
        row!(),
        "9:",
        "sxth r4, r3",
        "cmp r4, r3",
        "bne 5f",
        "tst r2, #4",
        "bne 4f",
        "3:",
        grow_words!(),
        "4:",
        grow_words!(),
        "subs r2, #8",
        "bgt 3b",
        "1:",
        rows!(),
        "5:",
        grow!(),
        "subs r2, #4",
        "bne 5b",
        "b 1b",
    )
}
