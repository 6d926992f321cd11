//! Four rows times a gradient, and rows that grow.

use crate::integer::assembly::thumb2::{self, dots_groups, finish_dots};
use crate::integer::assembly::{MOST, Outer, magnitudes_from, rest_of};
use core::arch::naked_asm;

/// Four columns of [`dots`] times four rows; `shifted` is what becomes of those of d first.
macro_rules! columns {
    ($shifted:literal) => {
        concat!(
            "ldrd r12, r3, [r1], #8\n",
            $shifted,
            columns!(@row "r0", "r8"),
            columns!(@row "r4", "r9"),
            columns!(@row "r5", "r10"),
            columns!(@row "r6", "r11"),
        )
    };
    (@row $row:literal, $sum:literal) => {
        concat!(
            "ldrd lr, r7, [", $row, "], #8\n", "smlad ", $sum, ", r12, lr, ", $sum, "\n", "smlad ", $sum, ", r3, r7, ",
            $sum, "\n"
        )
    };
}

/// See [`dots_groups`] and what is before it: of words, which are not shifted, or by one bit: `shadd16` halves, and rounds once 1 is
/// added.
///
/// # Safety
/// `d` is good for reads of `n` numbers, `w` of `len`, and `x` for writes of `rows`.
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
        "ldm sp, {{r0-r2}}",
        "orr r0, r1",
        "orr r0, r2",
        "orr r0, r10",
        "tst r0, #3",
        "bne 2f",
        "cmp r3, #1",
        "bls 1f",
        "2:",
        "b {groups}",
        "1:",
        four_rows!(),
        "bne 6f",
        "tst r2, #4",
        "bne 3f",
        "2:",
        columns!(""),
        "3:",
        columns!(""),
        "subs r2, #8",
        "bgt 2b",
        "5:",
        "bl {finish}",
        "bne 1b",
        leave!(),
        "6:",
        columns!("mov lr, #0x00010001\nshadd16 r12, r12, lr\nshadd16 r3, r3, lr\n"),
        "subs r2, #4",
        "bne 6b",
        "b 5b",
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        groups = sym dots_groups,
        rest = sym rest_of,
        finish = sym finish_dots,
    )
}

/// The words `w` of parameters and `d` of a gradient become w + (a d + noise) over 2^16: a parameter is the upper half of 32 bits with
/// the noise below it, to which a product is added. One that leaves the range goes on at its other end, and sets the flag Q.
macro_rules! grow_word {
    ($w:literal, $d:literal) => {
        concat!(
            "pkhbt lr, r12, ",
            $w,
            ", lsl #16\n",
            "pkhbt ",
            $w,
            ", r12, ",
            $w,
            "\n",
            "smlabb lr, r3, ",
            $d,
            ", lr\n",
            "smlabt ",
            $w,
            ", r3, ",
            $d,
            ", ",
            $w,
            "\n",
            "pkhtb ",
            $w,
            ", ",
            $w,
            ", lr, asr #16\n",
        )
    };
}

/// Eight columns of a row of [`outer`].
macro_rules! grow_words {
    () => {
        concat!(
            "ldm r6!, {{r1, r2, r4, r5}}\n",
            "ldm r0, {{r8-r11}}\n",
            grow_word!("r8", "r1"),
            grow_word!("r9", "r2"),
            grow_word!("r10", "r4"),
            grow_word!("r11", "r5"),
            "stm r0!, {{r8-r11}}\n",
        )
    };
}

/// See [`thumb2::outer`]: of words, where factors have 16 bits.
///
/// # Safety
/// As there.
pub(crate) unsafe fn outer(rows: &mut Outer) -> u32 {
    let words = (rows.w as usize | rows.d as usize | rows.stride | rows.n) % 4 == 0;
    // SAFETY: the caller's.
    unsafe { if words { outer_of_words(rows) } else { thumb2::outer(rows) } }
}

/// Where a row has a result that left the range, what it has grown by is taken back, and it grows as in [`thumb2::outer`]. On the
/// stack are what was given, where each row becomes the first, and how many rows count.
///
/// # Safety
/// As [`thumb2::outer`]; `w` and `d` are aligned to words, and `stride` and `n` are multiples of four.
#[unsafe(naked)]
unsafe extern "C" fn outer_of_words(rows: &mut Outer) -> u32 {
    naked_asm!(
        "mov r1, #0",
        "push {{r0, r1, r4-r11, lr}}",
        "msr APSR_nzcvq, r1",
        "ldr r3, [r0, #12]",
        "rbit r3, r3",
        "str r3, [r0, #12]",
        "1:",
        "ldr lr, [sp]",
        "ldm lr, {{r0-r11}}",
        "cbnz r3, 2f",
        "ldr r0, [sp, #4]",
        "add sp, #8",
        "pop {{r4-r11, pc}}",
        "2:",
        "clz r12, r3",
        "lsl r3, r12",
        "bic r3, #0x80000000",
        "mla r0, r12, r4, r0",
        "mla r1, r12, r5, r1",
        "mla r2, r12, r9, r2",
        "stm lr, {{r0-r3}}",
        "ldrsh r2, [r2]",
        // What the noise of the lower half adds, and that of the upper.
        "rsb r9, r10, #32",
        "lsl r12, r1, #16",
        "lsr r12, r9",
        "mla r3, r2, r8, r12",
        "asr r3, r10",
        "lsr r12, r1, #16",
        "add r4, r3, r11",
        "cmp r4, r11, lsl #1",
        "bhi 8f",
        "lsls r4, r7, #29",
        "bmi 6f",
        "bcs 4f",
        "3:",
        grow_words!(),
        "4:",
        grow_words!(),
        "subs r7, #16",
        "bgt 3b",
        "5:",
        "mrs r4, APSR",
        "tst r4, #0x08000000",
        "beq 1b",
        "mov r4, #0",
        "msr APSR_nzcvq, r4",
        "ldr lr, [sp]",
        "ldr r0, [lr]",
        "ldrd r6, r7, [lr, #24]",
        "7:",
        "ldrsh r4, [r6], #2",
        "mla r4, r3, r4, r12",
        "ldrh r5, [r0]",
        "sub r5, r5, r4, asr #16",
        "strh r5, [r0], #2",
        "subs r7, #1",
        "bne 7b",
        // A row of r3 and r12.
        "9:",
        "ldr lr, [sp]",
        "ldr r0, [lr]",
        "ldrd r1, r2, [lr, #24]",
        "10:",
        grow!(),
        "subs r2, #4",
        "bne 10b",
        "mrs r4, APSR",
        "tst r4, #0x08000000",
        "beq 1b",
        "mov r4, #0",
        "msr APSR_nzcvq, r4",
        "ldr r4, [sp, #4]",
        "add r4, #1",
        "str r4, [sp, #4]",
        "b 1b",
        // Four columns that are no eight.
        "6:",
        "ldrd r1, r2, [r6], #8",
        "ldrd r8, r9, [r0]",
        grow_word!("r8", "r1"),
        grow_word!("r9", "r2"),
        "strd r8, r9, [r0], #8",
        "subs r7, #4",
        "beq 5b",
        "lsls r4, r7, #29",
        "bcs 4b",
        "b 3b",
        "8:",
        "ldr lr, [sp]",
        "ldr r11, [lr, #48]",
        cut!("r11"),
    )
}
