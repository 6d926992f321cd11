//! Four rows times a gradient, and rows that grow.

use crate::integer::assembly::{Back, Outer};
use core::arch::naked_asm;

/// A column of [`dots`] times four rows; `shifted` is what becomes of that of d first.
macro_rules! column {
    ($shifted:literal) => {
        concat!(
            "ldrsh r12, [r1], #2\n",
            $shifted,
            "ldrsh lr, [r0], #2\n",
            "mla r8, r12, lr, r8\n",
            "ldrsh lr, [r4], #2\n",
            "mla r9, r12, lr, r9\n",
            "ldrsh lr, [r5], #2\n",
            "mla r10, r12, lr, r10\n",
            "ldrsh lr, [r6], #2\n",
            "mla r11, r12, lr, r11\n",
        )
    };
}

/// One of four sums in r8 to r11 becomes 16 bits, behind r7.
macro_rules! narrow_dot {
    ($sum:literal) => {
        concat!("asr ", $sum, ", r2\n", "ssat ", $sum, ", #16, ", $sum, "\n", "strh ", $sum, ", [r7], #2\n")
    };
}

/// Writes what becomes of the four sums in r8 to r11, of which each began with a half, and goes on to the next four rows of those at r12, where r6 is behind the
/// last one. The flag Z says whether there are none; the flag Q remembers whether one left the range of 16 bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish_dots() {
    naked_asm!(
        "ldrd r2, r7, [r12, #20]",
        narrow_dot!("r8"),
        narrow_dot!("r9"),
        narrow_dot!("r10"),
        narrow_dot!("r11"),
        "str r7, [r12, #24]",
        "ldr r0, [r12]",
        "ldr r1, [r12, #12]",
        "add r0, r0, r1, lsl #2",
        "str r0, [r12]",
        "ldr r0, [r12, #28]",
        "subs r0, #1",
        "str r0, [r12, #28]",
        "bx lr",
    )
}

/// The inner products of `d` with groups of four rows. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// The pointers are good for what [`Back`] says; there is a multiple of [`GROUP`](super::GROUP) columns, and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots(back: &mut Back) -> u32 {
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
        "ldr r8, [r12, #32]",
        "mov r9, r8",
        "mov r10, r8",
        "mov r11, r8",
        "cmp r3, #0",
        "beq 3f",
        "mov r7, #1",
        "lsl r7, r3",
        "lsr r7, #1",
        "2:",
        column!("add r12, r7\nasr r12, r3\n"),
        column!("add r12, r7\nasr r12, r3\n"),
        column!("add r12, r7\nasr r12, r3\n"),
        column!("add r12, r7\nasr r12, r3\n"),
        "subs r2, #4",
        "bne 2b",
        "b 4f",
        "3:",
        column!(""),
        column!(""),
        column!(""),
        column!(""),
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

/// What a row of [`outer`] needs: in r0 the row, in r1 and r2 d and its columns, in r3 its factor, in r12 its noise. r10 points to
/// what was given, where each row becomes the first.
macro_rules! row {
    () => {
        concat!(
            "ldm r10, {{r0-r9}}\n",
            "clz r12, r3\n",
            "lsl r3, r12\n",
            "bic r3, #0x80000000\n",
            "mla r0, r12, r4, r0\n",
            "mla r1, r12, r5, r1\n",
            "mla r2, r12, r9, r2\n",
            "stm r10, {{r0-r3}}\n",
            "ldrd r4, r5, [r10, #40]\n",
            // What the noise of the lower half adds, and that of the upper.
            "rsb r9, r4, #32\n",
            "lsl r12, r1, #16\n",
            "lsr r12, r9\n",
            "ldrsh r2, [r2]\n",
            "mla r3, r2, r8, r12\n",
            "asr r3, r4\n",
            "lsr r12, r1, #16\n",
            "add r4, r3, r5\n",
            "cmp r4, r5, lsl #1\n",
            "mov r1, r6\n",
            "mov r2, r7\n",
            "bhi 8f\n",
        )
    };
}

/// A factor that does not have 16 bits is cut by the limit in `limit`, which sets the flag Q.
macro_rules! cut {
    ($limit:literal) => {
        concat!(
            "add r4, r3, ",
            $limit,
            "\n",
            "cmp r4, ",
            $limit,
            ", lsl #1\n",
            "bls 9b\n",
            "mvn r4, #0x80000000\n",
            "ssat r4, #16, r4\n",
            "cmp r3, #0\n",
            "mov r3, ",
            $limit,
            "\n",
            "it lt\n",
            "rsblt r3, r3, #0\n",
            "b 9b\n",
        )
    };
}

/// Four columns of a row of [`outer`].
macro_rules! grow {
    () => {
        concat!(
            "ldrsh r4, [r1], #2\n",
            "ldrsh r5, [r1], #2\n",
            "ldrsh r6, [r1], #2\n",
            "ldrsh r7, [r1], #2\n",
            "mla r4, r3, r4, r12\n",
            "mla r5, r3, r5, r12\n",
            "mla r6, r3, r6, r12\n",
            "mla r7, r3, r7, r12\n",
            "ldrsh r8, [r0]\n",
            "ldrsh r9, [r0, #2]\n",
            "ldrsh lr, [r0, #4]\n",
            "add r4, r8, r4, asr #16\n",
            "ldrsh r8, [r0, #6]\n",
            "add r5, r9, r5, asr #16\n",
            "add r6, lr, r6, asr #16\n",
            "add r7, r8, r7, asr #16\n",
            "ssat r4, #16, r4\n",
            "ssat r5, #16, r5\n",
            "ssat r6, #16, r6\n",
            "ssat r7, #16, r7\n",
            "strh r4, [r0], #2\n",
            "strh r5, [r0], #2\n",
            "strh r6, [r0], #2\n",
            "strh r7, [r0], #2\n",
        )
    };
}

/// For each row whose bit is set, w += (a d + noise) over 2^16, where a is its input times the mantissa, shifted down and rounded
/// by the lower half of the row's word, within the limit; noise is its upper half. Returns how many rows were cut by the limit or
/// have a result that left the range of 16 bits, which the flag Q remembers.
///
/// # Safety
/// The pointers are good for what [`Outer`] says; there is a multiple of [`GROUP`](super::GROUP) columns, and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(rows: &mut Outer) -> u32 {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "mov r10, r0",
        "mov r11, #0",
        "msr APSR_nzcvq, r11",
        "ldr r4, [r10, #12]",
        "rbit r4, r4",
        "str r4, [r10, #12]",
        "2:",
        row!(),
        "9:",
        "tst r2, #4",
        "bne 4f",
        "3:",
        grow!(),
        "4:",
        grow!(),
        "subs r2, #8",
        "bgt 3b",
        "mrs r4, APSR",
        "tst r4, #0x08000000",
        "bne 7f",
        "6:",
        "ldr r4, [r10, #12]",
        "cmp r4, #0",
        "bne 2b",
        "mov r0, r11",
        "pop {{r4-r11, pc}}",
        "7:",
        "add r11, #1",
        "mov r4, #0",
        "msr APSR_nzcvq, r4",
        "b 6b",
        "8:",
        "ldr r9, [r10, #48]",
        cut!("r9"),
    )
}
