//! Four rows times a gradient, and rows that grow.

use crate::integer::assembly::Outer;
#[cfg(not(any(integer_dsp, integer_helium)))]
use crate::integer::assembly::{MOST, magnitudes_from, rest_of};
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

/// One of four sums in r8 to r11 becomes 16 bits, at r7.
macro_rules! narrow_dot {
    ($sum:literal, $at:literal) => {
        concat!(
            "asr ", $sum, ", r2\n", "ssat ", $sum, ", #16, ", $sum, "\n", "strh ", $sum, ", [r7, #", $at,
            "]\n"
        )
    };
}

/// Writes what becomes of the four sums in r8 to r11, of which each began with a half, and goes on to the next four rows. The flag Z
/// says whether there are none; the flag Q remembers whether one left the range of 16 bits.
///
/// # Safety
/// Called from assembly alone: the stack is as told beside `enter_dots`, of four rows, and results have room for their numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish_dots() {
    naked_asm!(
        "ldr r2, [sp, #60]",
        "ldr r7, [sp, #68]",
        narrow_dot!("r8", "0"),
        narrow_dot!("r9", "2"),
        narrow_dot!("r10", "4"),
        narrow_dot!("r11", "6"),
        "ldr r3, [sp, #56]",
        "lsr r1, r3, #16",
        "add r7, r7, r1, lsl #1",
        "str r7, [sp, #68]",
        "ldr r0, [sp]",
        "ldr r2, [sp, #52]",
        "mla r0, r1, r2, r0",
        "str r0, [sp]",
        "uxth r3, r3",
        "subs r3, #1",
        "orr r3, #0x00040000",
        "str r3, [sp, #56]",
        "bx lr",
    )
}

/// Puts on the stack what [`dots`] is given, and finds the last row: that it is there is what all reads rely on. There it changes from
/// four rows to the next:
///
/// | behind sp | at first | then |
/// |---|---|---|
/// | 0 | the first row | the first of these four |
/// | 4 | the gradient | |
/// | 8 | its columns | |
/// | 12 | numbers in all rows | bits that the gradient is shifted down by |
/// | 16 | registers r4 to r11, lr | |
/// | 52 | numbers from one row to the next | bytes |
/// | 56 | rows | fours left, and from bit 16 on rows to the next |
/// | 60 | bits that sums are shifted down by | without those of the gradient, at least one |
/// | 68 | where results go | where those of these four go |
///
/// Where rows are no fours, the first two share some.
macro_rules! enter_dots {
    () => {
        concat!(
            "push {{r0-r11, lr}}\n",
            "ldrd r10, r11, [sp, #52]\n",
            "cmp r11, #4\n",
            "blo 9f\n",
            "cmp r11, #0x20000\n",
            "bhs 9f\n",
            "cmp r2, #0\n",
            "beq 9f\n",
            "sub r5, r11, #1\n",
            "umull r6, r7, r5, r10\n",
            "adds r6, r6, r2\n",
            "adcs r7, r7, #0\n",
            "bne 9f\n",
            "cmp r6, r3\n",
            "bhi 9f\n",
            "mov r9, r2\n",
            "add r12, r1, r2, lsl #1\n",
            "mov r2, r1\n",
            "bl {magnitudes}\n",
            // As in `headroom`.
            "mov r3, #0\n",
            "movw r1, #{most}\n",
            "mov r4, r0\n",
            "b 8f\n",
            "7:\n",
            "cmp r3, #14\n",
            "beq 6f\n",
            "add r3, #1\n",
            "lsr r4, r0, r3\n",
            "add r4, r9\n",
            "8:\n",
            "cmp r4, r1\n",
            "bhi 7b\n",
            "6:\n",
            "ldr r4, [sp, #60]\n",
            "subs r4, r3\n",
            "ble 9f\n",
            // Nothing will be refused.
            "str r3, [sp, #12]\n",
            "str r4, [sp, #60]\n",
            "lsl r10, #1\n",
            "str r10, [sp, #52]\n",
            "ands r5, r11, #3\n",
            "it eq\n",
            "moveq r5, #4\n",
            "add r11, #3\n",
            "lsr r11, #2\n",
            "orr r11, r11, r5, lsl #16\n",
            "str r11, [sp, #56]\n",
            "mov lr, #0\n",
            "msr APSR_nzcvq, lr\n",
        )
    };
}

/// What four rows begin with: in r0 and r4 to r6 the rows, in r1 and r2 the gradient and its columns, in r3 its shift, in r8 to r11 sums
/// that are a half.
macro_rules! four_rows {
    () => {
        concat!(
            "ldm sp, {{r0-r3}}\n",
            "ldr r7, [sp, #52]\n",
            "ldr r12, [sp, #60]\n",
            "add r4, r0, r7\n",
            "add r5, r4, r7\n",
            "add r6, r5, r7\n",
            "mov r8, #1\n",
            "lsl r8, r12\n",
            "lsr r8, #1\n",
            "mov r9, r8\n",
            "mov r10, r8\n",
            "mov r11, r8\n",
            "cmp r3, #0\n",
        )
    };
}

/// See [`dots`](crate::integer::dots): here if there are four rows and a bit to shift sums down by. It is given what
/// [`rest_of`] is. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `d` is good for reads of `n` numbers, `w` of `len`, and `x` for writes of `rows`.
#[cfg(not(any(integer_dsp, integer_helium)))]
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots(
    w: *const i16,
    d: *const (),
    n: usize,
    len: usize,
    stride: usize,
    rows: usize,
    down: u32,
    slope: i32,
    x: *mut i16,
    units: usize,
) -> u32 {
    naked_asm!(
        enter_dots!(),
        "b {groups}",
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        groups = sym dots_groups,
        rest = sym rest_of,
    )
}

/// The groups of [`dots`], of what is on the stack.
///
/// # Safety
/// Branched to from assembly alone: the stack is as told beside `enter_dots`, of the first four rows. All rows and the gradient are
/// good for reads, and results for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots_groups() {
    naked_asm!(
        "1:",
        four_rows!(),
        "beq 3f",
        "mov r7, #1",
        "lsl r7, r3",
        "lsr r7, #1",
        "tst r2, #1",
        "bne 5f",
        "2:",
        column!("add r12, r7\nasr r12, r3\n"),
        "5:",
        column!("add r12, r7\nasr r12, r3\n"),
        "subs r2, #2",
        "bgt 2b",
        "b 4f",
        "3:",
        "tst r2, #1",
        "bne 7f",
        "6:",
        column!(""),
        "7:",
        column!(""),
        "subs r2, #2",
        "bgt 6b",
        "4:",
        "bl {finish}",
        "bne 1b",
        leave!(),
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
/// The pointers are good for what [`Outer`] says; there are columns.
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
        "tst r2, #3",
        "bne 1f",
        "5:",
        "tst r2, #4",
        "bne 4f",
        "3:",
        grow!(),
        "4:",
        grow!(),
        "subs r2, #8",
        "bgt 3b",
        "10:",
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
        // Columns that are no four.
        "1:",
        "ldrsh r4, [r1], #2",
        "mla r4, r3, r4, r12",
        "ldrsh r8, [r0]",
        "add r4, r8, r4, asr #16",
        "ssat r4, #16, r4",
        "strh r4, [r0], #2",
        "subs r2, #1",
        "beq 10b",
        "tst r2, #3",
        "bne 1b",
        "b 5b",
        "8:",
        "ldr r9, [r10, #48]",
        cut!("r9"),
    )
}
