//! Four rows times a gradient, and rows that grow.

use crate::integer::assembly::Outer;
use core::arch::naked_asm;

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
/// `w` is good for reads of these rows, `d` for `n`, which is not zero and a multiple of [`GROUP`](super::GROUP), and `sums` for writes.
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
/// The pointers are good for what [`Outer`] says; there is a multiple of [`GROUP`](super::GROUP) columns, and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(rows: &mut Outer) -> u32 {
    naked_asm!(
        enter!(),
        "mov r11, r0",
        "ldr r1, [r0, #24]",
        "ldr r2, [r0, #28]",
        "lsls r2, r2, #1",
        "adds r2, r2, r1",
        "mov r9, r2",
        // Rows that count, and whether this one does.
        "movs r2, #0",
        "mov lr, r2",
        "mov r10, r2",
        "1:",
        "mov r2, r11",
        "ldr r3, [r2, #12]",
        "lsrs r3, r3, #1",
        "str r3, [r2, #12]",
        "bcs 3f",
        "b 5f",
        "3:",
        "ldr r3, [r2, #8]",
        "ldrh r3, [r3]",
        "sxth r3, r3",
        "ldr r4, [r2, #32]",
        "muls r3, r4, r3",
        "ldr r4, [r2, #4]",
        "lsrs r5, r4, #16",
        "mov r8, r5",
        "lsls r4, r4, #16",
        "ldr r5, [r2, #52]",
        "lsrs r4, r5",
        "adds r3, r3, r4",
        "ldr r4, [r2, #40]",
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
        "ldr r1, [r2, #24]",
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
        "ldr r3, [r2]",
        "adds r4, r4, r3",
        "ldr r3, [r2, #4]",
        "adds r5, r5, r3",
        "ldr r3, [r2, #20]",
        "adds r6, r6, r3",
        "mov r2, r11",
        "stm r2!, {{r4-r6}}",
        "cmp r7, #0",
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
