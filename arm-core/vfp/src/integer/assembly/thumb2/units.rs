//! Logarithms of probabilities, and magnitudes.

use crate::integer::table::Table;
use core::arch::naked_asm;

macro_rules! magnitude {
    () => {
        "ldrsh r3, [r2], #2\neor r4, r3, r3, asr #31\nsub r3, r4, r3, asr #31\nadd r0, r3\norr r1, r3\n"
    };
}

/// The sum of the magnitudes, and in the upper half all their bits.
///
/// # Safety
/// `x` is good for reads of `n` numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes(x: *const i16, n: usize) -> u64 {
    naked_asm!(
        "push {{r4-r8, lr}}",
        "mov r2, r0",
        "add r12, r2, r1, lsl #1",
        "bl {from}",
        "pop {{r4-r8, pc}}",
        from = sym super::super::magnitudes_from,
    )
}

/// The sum of the magnitudes of numbers from r2 to r12 in r0, all their bits in r1; only r2 to r8 may change.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes_from_halves() {
    naked_asm!(
        "mov r0, #0",
        "mov r1, #0",
        "eor r3, r2, r12",
        "tst r3, #2",
        "bne 4f",
        "b 3f",
        "2:",
        magnitude!(),
        "4:",
        magnitude!(),
        "3:",
        "cmp r2, r12",
        "bne 2b",
        "bx lr",
    )
}

/// How far the unit in r4 is from zero, as a row of the table in r5, and 128th parts of the way to the next in r6; what is negative of
/// it is added to the sum in r12.
macro_rules! unit {
    () => {
        concat!(
            "and r5, r4, r4, asr #31\n",
            "add r12, r12, r5, lsl #5\n",
            "eor r6, r4, r4, asr #31\n",
            "sub r6, r6, r4, asr #31\n",
            "cmp r6, #0x6000\n",
            "it hi\n",
            "movhi r6, #0x6000\n",
            "lsr r5, r6, #7\n",
            "and r6, #127\n",
        )
    };
}

/// See [`log_prob`](crate::integer::log_prob).
///
/// # Safety
/// `logits` is good for reads of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob(logits: *const i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "add r1, r0, r1, lsl #1",
        "add r3, #4",
        "mov r12, #0",
        "2:",
        "ldrsh r4, [r0], #2",
        "lsrs r2, #1",
        "it cc",
        "rsbcc r4, r4, #0",
        unit!(),
        "ldr r7, [r3, r5, lsl #3]",
        "ubfx r5, r7, #0, #15",
        "mul r5, r6, r5",
        "sub r7, r7, r5, lsl #9",
        "sub r12, r12, r7, lsr #16",
        "cmp r0, r1",
        "bne 2b",
        "mov r0, r12",
        "pop {{r4-r7, pc}}",
    )
}

/// See [`log_prob_delta`](crate::integer::log_prob_delta).
///
/// # Safety
/// `logits` is good for reads and writes of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob_delta(logits: *mut i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        "push {{r4-r9, lr}}",
        "add r1, r0, r1, lsl #1",
        "mov r12, #0",
        "2:",
        "ldrsh r4, [r0]",
        // All bits of r8 are set unless that of the unit is.
        "lsrs r2, #1",
        "sbc r8, r8, r8",
        "eor r4, r8",
        "sub r4, r8",
        unit!(),
        "add r5, r3, r5, lsl #3",
        "ldrd r5, r7, [r5]",
        "ubfx r9, r7, #0, #15",
        "mul r9, r6, r9",
        "sub r7, r7, r9, lsl #9",
        "sub r12, r12, r7, lsr #16",
        "ubfx r9, r5, #0, #15",
        "mul r9, r6, r9",
        "sub r5, r5, r9, lsl #9",
        "lsr r5, #16",
        "add r5, #8",
        "lsr r5, #4",
        "cmp r4, #0",
        "ite lt",
        "sublt r5, #4096",
        "rsbge r5, r5, #0",
        "eor r5, r8",
        "sub r5, r8",
        "strh r5, [r0], #2",
        "cmp r0, r1",
        "bne 2b",
        "mov r0, r12",
        "pop {{r4-r9, pc}}",
    )
}
