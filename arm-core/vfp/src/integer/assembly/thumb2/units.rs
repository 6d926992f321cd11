//! Logarithms of probabilities, and magnitudes.

use crate::integer::table::Table;
use core::arch::naked_asm;

/// The next number's magnitude, in r3, becomes part of r0.
macro_rules! magnitude {
    ($from:literal, $room:literal, $part:literal) => {
        concat!(
            "ldrsh r3, [",
            $from,
            "], #2\n",
            "eor ",
            $room,
            ", r3, r3, asr #31\n",
            "sub r3, ",
            $room,
            ", r3, asr #31\n",
            $part,
            " r0, r3\n"
        )
    };
}

/// All the bits of the magnitudes.
///
/// # Safety
/// `x` is good for reads of `n` numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn bits_of_halves(x: *const i16, n: usize) -> u32 {
    naked_asm!(
        "mov r2, r0",
        "mov r0, #0",
        "tst r1, #1",
        "add r1, r2, r1, lsl #1",
        "bne 4f",
        "b 3f",
        "2:",
        magnitude!("r2", "r12", "orr"),
        "4:",
        magnitude!("r2", "r12", "orr"),
        "3:",
        "cmp r2, r1",
        "bne 2b",
        "bx lr",
    )
}

/// The sum of the magnitudes of numbers from r2 to r12 in r0; only r1 to r8 may change.
///
/// # Safety
/// Called from assembly alone, where these may change: from r2 to r12 there are whole numbers, or none, good for reads.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes_of_halves() {
    naked_asm!(
        "mov r0, #0",
        "eor r3, r2, r12",
        "tst r3, #2",
        "bne 4f",
        "b 3f",
        "2:",
        magnitude!("r2", "r4", "add"),
        "4:",
        magnitude!("r2", "r4", "add"),
        "3:",
        "cmp r2, r12",
        "bne 2b",
        "bx lr",
    )
}

/// Of the magnitude in r6, the row of the table behind r3 in r5, and 128th parts of the way to the next in r6.
macro_rules! row {
    () => {
        concat!(
            "cmp r6, #0x6000\n",
            "it hi\n",
            "movhi r6, #0x6000\n",
            "lsr r5, r6, #7\n",
            "and r6, #127\n",
            "add r5, r3, r5, lsl #2\n",
        )
    };
}

/// See [`log_prob`](crate::integer::log_prob). With the sign that its bit says, the lesser of a unit and zero is the unit, if its bit is
/// set, less the greater of it and zero.
///
/// # Safety
/// `logits` is good for reads of `n` numbers, and `words` of as many bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob(
    logits: *const i16,
    n: usize,
    words: *const u32,
    table: &Table,
) -> i32 {
    naked_asm!(
        "push {{r4-r10, lr}}",
        "add r1, r0, r1, lsl #1",
        "mov lr, #0",
        "mov r8, #64",
        "b 4f",
        "1:",
        "ldr r9, [r2], #4",
        "mov r12, #0",
        "add r10, r0, #64",
        "cmp r10, r1",
        "it hi",
        "movhi r10, r1",
        "2:",
        "ldrsh r4, [r0], #2",
        "usat r5, #15, r4",
        "lsrs r9, #1",
        "it cs",
        "addcs r12, r12, r4, lsl #5",
        "sub r12, r12, r5, lsl #5",
        "rsb r6, r4, r5, lsl #1",
        row!(),
        "ldrh r7, [r5, #2]",
        "ldrh r5, [r5, #6]",
        "sub r12, r7",
        "sub r5, r7, r5",
        "mls r4, r5, r6, r8",
        "add r4, r5, r4, lsl #9",
        "sub r12, r12, r4, asr #16",
        "cmp r0, r10",
        "bne 2b",
        "adds lr, lr, r12",
        "it vs",
        "movvs lr, #0x80000000",
        "4:",
        "cmp r0, r1",
        "bne 1b",
        "mov r0, lr",
        "pop {{r4-r10, pc}}",
    )
}

/// See [`log_prob_delta`](crate::integer::log_prob_delta). The end of the logits is on the stack.
///
/// # Safety
/// `logits` is good for reads and writes of `n` numbers, and `words` for reads of as many bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob_delta(
    logits: *mut i16,
    n: usize,
    words: *const u32,
    table: &Table,
) -> i32 {
    naked_asm!(
        "add r1, r0, r1, lsl #1",
        "push {{r1, r4-r11, lr}}",
        "mov lr, #0",
        "mov r10, #0x8000",
        "b 4f",
        "1:",
        "add r9, r0, #64",
        "cmp r9, r11",
        "it lo",
        "movlo r11, r9",
        "ldr r1, [r2], #4",
        "mov r12, #0",
        "2:",
        "ldrsh r4, [r0]",
        // All bits of r8 are set unless that of the unit is.
        "lsrs r1, #1",
        "sbc r8, r8, r8",
        "eor r4, r8",
        "sub r4, r8",
        "and r5, r4, r4, asr #31",
        "add r12, r12, r5, lsl #5",
        "eor r6, r4, r4, asr #31",
        "sub r6, r6, r4, asr #31",
        row!(),
        "lsl r6, #9",
        "sub r6, #1",
        "ldrd r7, r5, [r5]",
        "sub r5, r7, r5",
        "lsr r9, r5, #16",
        "mls r9, r9, r6, r10",
        "sub r12, r12, r7, lsr #16",
        "sub r12, r12, r9, asr #16",
        "uxth r5, r5",
        "mls r5, r5, r6, r10",
        "uxth r7, r7",
        "add r5, r7, r5, asr #16",
        "add r5, #8",
        "lsr r5, #4",
        "cmp r4, #0",
        "ite lt",
        "sublt r5, #4096",
        "rsbge r5, r5, #0",
        "eor r5, r8",
        "sub r5, r8",
        "strh r5, [r0], #2",
        "cmp r0, r11",
        "bne 2b",
        "adds lr, lr, r12",
        "it vs",
        "movvs lr, #0x80000000",
        "4:",
        "ldr r11, [sp]",
        "cmp r0, r11",
        "bne 1b",
        "mov r0, lr",
        "pop {{r1, r4-r11, pc}}",
    )
}
