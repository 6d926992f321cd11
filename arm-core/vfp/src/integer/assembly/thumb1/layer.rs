//! Sums of eight columns of a dense layer, and what becomes of them.

use crate::integer::assembly::Layer;
use core::arch::naked_asm;

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

/// Writes what becomes of `n` sums: see [`Finish`](crate::integer::Finish). Returns whether one left the range of 16 bits.
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
