//! Four rows times a gradient, and rows that grow.

use crate::integer::assembly::{MOST, Outer, magnitudes_from, rest_of};
use core::arch::naked_asm;

/// The vector of the gradient in q0 times that of a row.
macro_rules! dot {
    ($row:literal, $sum:literal) => {
        concat!("vldrh.u16 q1, [", $row, "], #16\n", "vmladava.s16 ", $sum, ", q0, q1\n")
    };
}

/// A sum becomes 16 bits, behind r0.
macro_rules! narrow {
    ($sum:literal, $at:literal) => {
        concat!(
            "asr ", $sum, ", r12\n", "ssat ", $sum, ", #16, ", $sum, "\n", "strh ", $sum, ", [r0, #", $at,
            "]\n"
        )
    };
}

/// See [`dots`](crate::integer::dots): here if there are four rows and a bit to shift sums down by. It is given what
/// [`rest_of`] is; what is on the stack is told in `thumb2`. Returns whether a result left the range of 16 bits.
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
        ".cpu cortex-m55",
        enter_dots!(),
        "1:",
        "ldm sp, {{r0-r3}}",
        "rsb r3, r3, #0",
        "ldr r11, [sp, #52]",
        "ldr r12, [sp, #60]",
        "add r5, r0, r11",
        "add r7, r5, r11",
        "add r9, r7, r11",
        "mov r4, #1",
        "lsl r4, r12",
        "lsr r4, #1",
        "mov r6, r4",
        "mov r8, r4",
        "mov r10, r4",
        "dlstp.16 lr, r2",
        "2:",
        "vldrh.u16 q0, [r1], #16",
        "vrshl.s16 q0, r3",
        dot!("r0", "r4"),
        dot!("r5", "r6"),
        dot!("r7", "r8"),
        dot!("r9", "r10"),
        "letp lr, 2b",
        "ldr r0, [sp, #68]",
        narrow!("r4", "0"),
        narrow!("r6", "2"),
        narrow!("r8", "4"),
        narrow!("r10", "6"),
        "ldr r3, [sp, #56]",
        "lsr r1, r3, #16",
        "add r0, r0, r1, lsl #1",
        "str r0, [sp, #68]",
        "ldr r0, [sp]",
        "mla r0, r1, r11, r0",
        "str r0, [sp]",
        "uxth r3, r3",
        "subs r3, #1",
        "orr r3, #0x00040000",
        "str r3, [sp, #56]",
        "bne 1b",
        leave!(),
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        rest = sym rest_of,
    )
}

/// For each row whose bit is set, w += (a d + noise) over 2^16, where a is its input times the mantissa, shifted down and rounded
/// by the lower half of the row's word, within the limit; noise is its upper half. Returns how many rows were cut by the limit or
/// have a result that left the range of 16 bits.
///
/// Of products there are a lower half, which carries with the noise, and an upper one. The flag QC remembers whether a sum left the
/// range. Rows whose factor does not have 16 bits, or is cut, grow number by number, and the flag Q remembers. On the stack are what
/// was given, how many rows count, and the columns.
///
/// # Safety
/// The pointers are good for what [`Outer`] says; there are columns.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(rows: &mut Outer) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        "mov r1, #0",
        "ldr r2, [r0, #28]",
        "push {{r0-r2, r4-r11, lr}}",
        "vmsr fpscr_nzcvqc, r1",
        "msr APSR_nzcvq, r1",
        "vmov.i16 q3, #1",
        "ldr r12, [r0, #52]",
        "ldm r0, {{r0-r11}}",
        "mov r7, r12",
        "rbit r3, r3",
        "1:",
        "clz r12, r3",
        "lsl r3, r12",
        "bic r3, #0x80000000",
        "mla r0, r12, r4, r0",
        "mla r1, r12, r5, r1",
        "mla r2, r12, r9, r2",
        "ldrsh lr, [r2]",
        // What the noise of the lower half adds.
        "lsl r12, r1, #16",
        "lsr r12, r7",
        "mla lr, lr, r8, r12",
        "asr lr, r10",
        "add r12, lr, r11",
        "cmp r12, r11, lsl #1",
        "bhi 4f",
        "vdup.16 q0, lr",
        "push {{r0, r6}}",
        "ldr r12, [sp, #16]",
        "dlstp.16 lr, r12",
        // A lower half above it carries.
        "mvn r12, r1, lsr #16",
        "2:",
        "vldrh.u16 q1, [r6], #16",
        "vmul.i16 q2, q1, q0",
        "vmulh.s16 q1, q1, q0",
        "vpt.u16 hi, q2, r12",
        "vaddt.i16 q1, q1, q3",
        "vldrh.u16 q2, [r0]",
        "vqadd.s16 q2, q2, q1",
        "vstrh.16 q2, [r0], #16",
        "letp lr, 2b",
        "pop {{r0, r6}}",
        "vmrs r12, fpscr_nzcvqc",
        "tst r12, #0x08000000",
        "bne 7f",
        "3:",
        "cmp r3, #0",
        "bne 1b",
        "ldr r0, [sp, #4]",
        "add sp, #12",
        "pop {{r4-r11, pc}}",
        "4:",
        "push {{r0-r7}}",
        "ldr r5, [sp, #32]",
        "ldr r7, [sp, #40]",
        "ldr r5, [r5, #48]",
        "lsr r12, r1, #16",
        "add r4, lr, r5",
        "cmp r4, r5, lsl #1",
        "bls 5f",
        "mvn r4, #0x80000000",
        "ssat r4, #16, r4",
        "cmp lr, #0",
        "mov lr, r5",
        "it lt",
        "rsblt lr, lr, #0",
        "5:",
        "ldrsh r4, [r6], #2",
        "mla r4, lr, r4, r12",
        "ldrsh r5, [r0]",
        "add r4, r5, r4, asr #16",
        "ssat r4, #16, r4",
        "strh r4, [r0], #2",
        "subs r7, #1",
        "bne 5b",
        "pop {{r0-r7}}",
        "mrs r12, APSR",
        "tst r12, #0x08000000",
        "beq 3b",
        "7:",
        "mov r12, #0",
        "vmsr fpscr_nzcvqc, r12",
        "msr APSR_nzcvq, r12",
        "ldr r12, [sp, #4]",
        "add r12, #1",
        "str r12, [sp, #4]",
        "b 3b",
    )
}
