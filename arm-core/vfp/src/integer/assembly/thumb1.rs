//! Loops for Thumb-1 (Cortex-M0, M0+): two numbers are a word, eight columns or four rows are in registers.

use super::{Layer, Outer};
use core::arch::naked_asm;

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 8;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 4;

macro_rules! enter {
    () => {
        "push {{r4-r7, lr}}\nmov r4, r8\nmov r5, r9\nmov r6, r10\nmov r7, r11\npush {{r4-r7}}"
    };
}

macro_rules! leave {
    () => {
        "pop {{r4-r7}}\nmov r8, r4\nmov r9, r5\nmov r10, r6\nmov r11, r7\npop {{r4-r7, pc}}"
    };
}

/// Eight sums that are zero.
macro_rules! zero {
    () => {
        "movs r4, #0\nmovs r5, #0\nmovs r6, #0\nmovs r7, #0\nmov r8, r4\nmov r9, r4\nmov r10, r4\nmov r11, r4"
    };
}

/// The eight sums go where r1 points.
macro_rules! store {
    () => {
        "stm r1!, {{r4-r7}}\nmov r4, r8\nmov r5, r9\nmov r6, r10\nmov r7, r11\nstm r1!, {{r4-r7}}"
    };
}

/// For each of four words behind r0, `lower` makes r2 of its lower number, `upper` r3 of its upper one, and sums grow by them.
macro_rules! words {
    ($lower:literal, $upper:literal) => {
        concat!(
            words!(@word "0", "r4", "r5", $lower, $upper),
            words!(@word "4", "r6", "r7", $lower, $upper),
            words!(@word "8", "r8", "r9", $lower, $upper),
            words!(@word "12", "r10", "r11", $lower, $upper),
        )
    };
    (@word $at:literal, $first:literal, $second:literal, $lower:literal, $upper:literal) => {
        concat!(
            "ldr r3, [r0, #", $at, "]\n", "sxth r2, r3\n", $lower, "add ", $first, ", r2\n", "asrs r3, r3, #16\n", $upper,
            "add ", $second, ", r3\n"
        )
    };
}

/// The sums of eight columns: the bias times 2^8, and inputs, of which there is an even number, times rows.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled_8(of: &Layer<i16>, sums: &mut [i32; 8]) {
    naked_asm!(
        enter!(),
        // Of the stack: two inputs, the end of all, what was given.
        "push {{r0, r1}}",
        "sub sp, #8",
        "ldr r1, [r0, #4]",
        "ldr r2, [r0, #8]",
        "lsls r2, r2, #1",
        "adds r2, r2, r1",
        "str r2, [sp, #4]",
        "mov r12, r1",
        "ldr r3, [r0, #12]",
        "mov lr, r3",
        "ldr r0, [r0]",
        zero!(),
        "cmp r12, r2",
        "beq 3f",
        "2:",
        "mov r2, r12",
        "ldm r2!, {{r3}}",
        "mov r12, r2",
        "str r3, [sp]",
        "sxth r1, r3",
        words!("muls r2, r1, r2\n", "muls r3, r1, r3\n"),
        "add r0, lr",
        "ldr r1, [sp]",
        "asrs r1, r1, #16",
        words!("muls r2, r1, r2\n", "muls r3, r1, r3\n"),
        "add r0, lr",
        "ldr r3, [sp, #4]",
        "cmp r12, r3",
        "bne 2b",
        "3:",
        words!("lsls r2, r2, #8\n", "lsls r3, r3, #8\n"),
        "ldr r1, [sp, #12]",
        store!(),
        "add sp, #16",
        leave!(),
    )
}

/// The sums of eight columns: the bias, and the rows whose bit is set; none is set behind the last row.
///
/// # Safety
/// As [`scaled_8`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected_8(of: &Layer<u32>, sums: &mut [i32; 8]) {
    naked_asm!(
        enter!(),
        "push {{r0, r1}}",
        "sub sp, #8",
        "ldr r1, [r0, #4]",
        "ldr r2, [r0, #8]",
        "lsls r2, r2, #2",
        "adds r2, r2, r1",
        "str r1, [sp]",
        "str r2, [sp, #4]",
        "ldr r3, [r0, #12]",
        "mov r12, r3",
        "ldr r3, [r0]",
        "mov lr, r3",
        "ldr r0, [r0, #16]",
        zero!(),
        words!("", ""),
        "b 6f",
        "2:",
        "ldm r2!, {{r1}}",
        "str r2, [sp]",
        "mov r0, lr",
        "b 5f",
        "3:",
        "lsrs r1, r1, #1",
        "bcc 4f",
        words!("", ""),
        "4:",
        "add r0, r12",
        "5:",
        "cmp r1, #0",
        "bne 3b",
        "mov r0, r12",
        "lsls r0, r0, #5",
        "add lr, r0",
        "6:",
        "ldr r2, [sp]",
        "ldr r3, [sp, #4]",
        "cmp r2, r3",
        "bne 2b",
        "ldr r1, [sp, #12]",
        store!(),
        "add sp, #16",
        leave!(),
    )
}

/// Writes what becomes of `n` sums: see [`Finish`](super::super::Finish). Returns whether one left the range of 16 bits.
///
/// # Safety
/// `sums` is good for reads of `n`, which is not zero, and `y` for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish(
    sums: *const i32,
    y: *mut i16,
    n: usize,
    down: u32,
    slope: i32,
) -> u32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "movs r4, #0",
        "mov r12, r4",
        "lsls r2, r2, #2",
        "adds r2, r2, r0",
        "movs r4, #1",
        "lsls r4, r3",
        "lsrs r4, r4, #1",
        "ldr r7, [sp, #20]",
        "2:",
        "ldm r0!, {{r5}}",
        "adds r5, r5, r4",
        "asrs r5, r3",
        "sxth r6, r5",
        "cmp r6, r5",
        "bne 5f",
        "3:",
        "cmp r5, #0",
        "blt 6f",
        "4:",
        "strh r5, [r1]",
        "adds r1, #2",
        "cmp r0, r2",
        "bne 2b",
        "mov r0, r12",
        "pop {{r4-r7, pc}}",
        "5:",
        "movs r6, #1",
        "mov r12, r6",
        // 2^15 - 1 with all bits changed where it is negative.
        "asrs r5, r5, #31",
        "lsls r6, r6, #15",
        "subs r6, #1",
        "eors r5, r6",
        "b 3b",
        "6:",
        "muls r5, r7, r5",
        "movs r6, #1",
        "lsls r6, r6, #14",
        "adds r5, r5, r6",
        "asrs r5, r5, #15",
        "b 4b",
    )
}

/// Two columns of [`dots`]; `shifted` is what becomes of those of d first.
macro_rules! columns {
    ($shifted:literal) => {
        concat!(
            "ldm r1!, {{r6}}\n",
            "sxth r5, r6\n",
            "asrs r6, r6, #16\n",
            $shifted,
            columns!(@row "r8", "r12"),
            columns!(@row "r9", "r12"),
            columns!(@row "r10", "r12"),
            columns!(@row "r11", "lr"),
            "ldr r2, [sp]\n",
            "cmp r1, r2\n",
        )
    };
    (@row $sum:literal, $next:literal) => {
        concat!(
            "ldr r3, [r0]\n", "add r0, ", $next, "\n", "sxth r2, r3\n", "muls r2, r5, r2\n", "add ", $sum, ", r2\n",
            "asrs r3, r3, #16\n", "muls r3, r6, r3\n", "add ", $sum, ", r3\n"
        )
    };
}

/// The inner products of `d`, over 2^`shift`, with four rows of `n` columns, `stride` bytes apart.
///
/// # Safety
/// `w` is good for reads of these rows, `d` for `n`, which is not zero and a multiple of [`GROUP`], and `sums` for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots(
    w: *const i16,
    d: *const i16,
    n: usize,
    stride: usize,
    sums: &mut [i32; 4],
    shift: u32,
) {
    naked_asm!(
        enter!(),
        "lsls r2, r2, #1",
        "adds r2, r2, r1",
        "push {{r2}}",
        "mov r12, r3",
        // From the last row to the first, and on to the next columns.
        "lsls r2, r3, #1",
        "adds r2, r2, r3",
        "rsbs r2, r2, #0",
        "adds r2, r2, #4",
        "mov lr, r2",
        "movs r4, #0",
        "mov r8, r4",
        "mov r9, r4",
        "mov r10, r4",
        "mov r11, r4",
        "movs r7, #1",
        "ldr r4, [sp, #44]",
        "lsls r7, r4",
        "lsrs r7, r7, #1",
        "cmp r4, #0",
        "beq 3f",
        "2:",
        columns!("adds r5, r5, r7\nadds r6, r6, r7\nasrs r5, r4\nasrs r6, r4\n"),
        "bne 2b",
        "b 4f",
        "3:",
        columns!(""),
        "bne 3b",
        "4:",
        "ldr r0, [sp, #40]",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "stm r0!, {{r4-r7}}",
        "add sp, #4",
        leave!(),
    )
}

/// Two parameters of [`outer`] at `at`; `out` are the labels of what leaves the range, `back` of where it comes back.
macro_rules! parameters {
    ($lower:literal, $upper:literal, [$out:literal, $back:literal], [$out2:literal, $back2:literal]) => {
        concat!(
            "ldm r1!, {{r5}}\n", "sxth r4, r5\n", "asrs r5, r5, #16\n", "muls r4, r3, r4\n", "muls r5, r3, r5\n",
            "add r4, r8\n", "add r5, r8\n",
            parameters!(@one "r4", $lower, $out, $back),
            parameters!(@one "r5", $upper, $out2, $back2),
        )
    };
    (@one $t:literal, $at:literal, $out:literal, $back:literal) => {
        concat!(
            "ldrh r6, [r0, #", $at, "]\n", "lsls r6, r6, #16\n", "adds ", $t, ", ", $t, ", r6\n", "bvs ", $out, "f\n", $back,
            ":\n", "lsrs ", $t, ", ", $t, ", #16\n", "strh ", $t, ", [r0, #", $at, "]\n"
        )
    };
}

/// What becomes of one that leaves the range: 2^31 with all bits changed where its sign is wrong.
macro_rules! end {
    ($t:literal, $out:literal, $back:literal) => {
        concat!(
            $out,
            ":\n",
            "movs r7, #1\n",
            "mov r10, r7\n",
            "lsls r7, r7, #31\n",
            "asrs ",
            $t,
            ", ",
            $t,
            ", #31\n",
            "eors ",
            $t,
            ", r7\n",
            "b ",
            $back,
            "b\n"
        )
    };
}

/// For each row whose bit is set, w += (a d + noise) over 2^16, where a is its input times the mantissa, shifted down and rounded
/// by the lower half of the row's word, within the limit; noise is its upper half. Returns how many rows were cut by the limit or
/// have a result that left the range of 16 bits.
///
/// # Safety
/// The pointers are good for what [`Outer`] says; there is a multiple of [`GROUP`] columns, and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(rows: &mut Outer) -> u32 {
    naked_asm!(
        enter!(),
        "mov r11, r0",
        "ldr r1, [r0, #20]",
        "ldr r2, [r0, #24]",
        "lsls r2, r2, #1",
        "adds r2, r2, r1",
        "mov r9, r2",
        // Rows that count, and whether this one does.
        "movs r2, #0",
        "mov lr, r2",
        "mov r10, r2",
        "1:",
        "mov r2, r11",
        "ldr r3, [r2, #16]",
        "lsrs r3, r3, #1",
        "str r3, [r2, #16]",
        "bcs 3f",
        "b 5f",
        "3:",
        "ldr r3, [r2, #28]",
        "ldrh r3, [r3]",
        "sxth r3, r3",
        "ldr r4, [r2, #36]",
        "muls r3, r4, r3",
        "ldr r4, [r2, #8]",
        "lsrs r5, r4, #16",
        "mov r8, r5",
        "lsls r4, r4, #16",
        "ldr r5, [r2, #40]",
        "lsrs r4, r5",
        "adds r3, r3, r4",
        "ldr r4, [r2, #44]",
        "asrs r3, r4",
        "ldr r4, [r2, #48]",
        "adds r5, r3, r4",
        "lsls r6, r4, #1",
        "cmp r5, r6",
        "bls 4f",
        "movs r5, #1",
        "mov r10, r5",
        "asrs r3, r3, #31",
        "eors r4, r3",
        "subs r3, r4, r3",
        "4:",
        "ldr r0, [r2]",
        "ldr r1, [r2, #20]",
        "2:",
        parameters!("0", "2", ["30", "40"], ["31", "41"]),
        parameters!("4", "6", ["32", "42"], ["33", "43"]),
        parameters!("8", "10", ["34", "44"], ["35", "45"]),
        parameters!("12", "14", ["36", "46"], ["37", "47"]),
        "adds r0, #16",
        "cmp r1, r9",
        "bne 2b",
        "add lr, r10",
        "movs r4, #0",
        "mov r10, r4",
        "5:",
        "mov r2, r11",
        "ldm r2!, {{r4-r7}}",
        "adds r4, r4, r5",
        "adds r6, r6, r7",
        "mov r2, r11",
        "stm r2!, {{r4-r7}}",
        "ldr r4, [r2, #12]",
        "ldr r5, [r2, #16]",
        "adds r4, r4, r5",
        "str r4, [r2, #12]",
        "ldr r4, [r2]",
        "cmp r4, #0",
        "beq 6f",
        "b 1b",
        end!("r4", "30", "40"),
        end!("r5", "31", "41"),
        end!("r4", "32", "42"),
        end!("r5", "33", "43"),
        end!("r4", "34", "44"),
        end!("r5", "35", "45"),
        end!("r4", "36", "46"),
        end!("r5", "37", "47"),
        "6:",
        "mov r0, lr",
        leave!(),
    )
}
