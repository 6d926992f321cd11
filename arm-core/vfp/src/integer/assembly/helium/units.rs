//! Magnitudes, and logarithms of probabilities.

use crate::integer::table::Table;
use core::arch::naked_asm;

/// The sum of the magnitudes of numbers from r2 to r12 in r0; only r1 to r8 may change, and q0 and q1.
///
/// # Safety
/// Called from assembly alone, where these may change: from r2 to r12 there are whole numbers, or none, good for reads.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes_from() {
    naked_asm!(
        ".cpu cortex-m55",
        "mov r8, lr",
        "sub r1, r12, r2",
        "lsr r1, #1",
        "mov r0, #0",
        "vmov.i32 q1, #0",
        "wlstp.16 lr, r1, 3f",
        "2:",
        "vldrh.u16 q0, [r2], #16",
        "vabav.s16 r0, q0, q1",
        "letp lr, 2b",
        "3:",
        "bx r8",
    )
}

/// All the bits of the magnitudes.
///
/// # Safety
/// `x` is good for reads of `n` numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn bits(x: *const i16, n: usize) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "vmov.i32 q1, #0",
        "wlstp.16 lr, r1, 3f",
        "2:",
        "vldrh.u16 q0, [r0], #16",
        "vabs.s16 q0, q0",
        "vorr q1, q1, q0",
        "letp lr, 2b",
        "3:",
        "vmov r0, r1, d2",
        "vmov r2, r3, d3",
        "orr r0, r1",
        "orr r2, r3",
        "orr r0, r2",
        "orr r0, r0, r0, lsr #16",
        "uxth r0, r0",
        "pop {{r7, pc}}",
    )
}

/// From magnitudes in q0, which are within the table: in q0 what is 2^-16 of the way from one row to the next.
macro_rules! part {
    () => {
        "
        vshl.i32 q0, q0, #25
        vshr.u32 q0, q0, #16
        vsub.i32 q0, q0, r9
        "
    };
}

/// From those of two rows, in q2 and q3, softplus is added to r6.
macro_rules! softplus {
    () => {
        "
        vaddva.u32 r6, q2
        vsub.i32 q3, q3, q2
        vmlas.i32 q3, q0, r8
        vshr.s32 q3, q3, #16
        vaddva.s32 r6, q3
        "
    };
}

/// Up to 32 logits behind r0, of r1, with the bits of the next word behind r2, in lanes: the highest of each in q4 is that of its unit.
macro_rules! word {
    () => {
        "
        cmp r1, #32
        ite hi
        movhi r11, #32
        movls r11, r1
        sub r1, r11
        mov r4, #0
        vidup.u32 q1, r4, #1
        ldr r6, [r2], #4
        rbit r6, r6
        vdup.32 q4, r6
        vshl.u32 q4, q4, q1
        mov r4, #0
        mov r6, #0
        dlstp.32 lr, r11
        "
    };
}

/// Logits in q0 change their sign unless their bit is set, and those that are below zero then are added to r4.
macro_rules! signed {
    () => {
        "
        vpt.s32 ge, q4, zr
        vnegt.s32 q0, q0
        vpt.s32 lt, q0, zr
        vaddvat.s32 r4, q0
        "
    };
}

/// A word's sum, in r4 and r6, is added to that of all in r10, which stays at the end of its range.
macro_rules! total {
    () => {
        "
        rsb r4, r6, r4, lsl #5
        adds r10, r10, r4
        it vs
        movvs r10, #0x80000000
        "
    };
}

/// The table in r3 and, from its second row on, in r5, and constants: its end, as a magnitude, in r7.
macro_rules! constants {
    () => {
        "
        add r5, r3, #4
        mov r7, #0x6000
        mov r8, #0x8000
        mov r9, #1
        mov r10, #0
        "
    };
}

/// See [`log_prob`](crate::integer::log_prob).
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
        ".cpu cortex-m55",
        "push {{r3-r11, lr}}",
        "vpush {{d8-d11}}",
        // Of each row the upper half.
        "add r3, #2",
        constants!(),
        "vdup.32 q5, r7",
        "b 3f",
        "1:",
        word!(),
        "2:",
        "vldrh.s32 q0, [r0], #8",
        signed!(),
        "vshl.i32 q4, q4, #4",
        "vabs.s32 q0, q0",
        "vmin.u32 q0, q0, q5",
        "vshr.u32 q1, q0, #5",
        "vbic.i32 q1, #3",
        "vldrh.u32 q2, [r3, q1]",
        "vldrh.u32 q3, [r5, q1]",
        part!(),
        softplus!(),
        "letp lr, 2b",
        total!(),
        "3:",
        "cmp r1, #0",
        "bne 1b",
        "mov r0, r10",
        "vpop {{d8-d11}}",
        "pop {{r3-r11, pc}}",
    )
}

/// See [`log_prob_delta`](crate::integer::log_prob_delta).
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
        ".cpu cortex-m55",
        "push {{r3-r11, lr}}",
        "vpush {{d8-d15}}",
        constants!(),
        "mov r12, #4096",
        "b 3f",
        "1:",
        word!(),
        "2:",
        "vldrh.s32 q0, [r0]",
        signed!(),
        "vmov q7, q0",
        "vabs.s32 q0, q0",
        "vpt.u32 hi, q0, r7",
        "vdupt.32 q0, r7",
        "vshr.u32 q1, q0, #7",
        "vldrw.u32 q2, [r3, q1, uxtw #2]",
        "vldrw.u32 q3, [r5, q1, uxtw #2]",
        part!(),
        "vmovlb.u16 q5, q2",
        "vmovlb.u16 q6, q3",
        "vshr.u32 q2, q2, #16",
        "vshr.u32 q3, q3, #16",
        softplus!(),
        "vsub.i32 q6, q6, q5",
        "vmlas.i32 q6, q0, r8",
        "vshr.s32 q6, q6, #16",
        "vadd.i32 q5, q5, q6",
        "vrshr.u32 q5, q5, #4",
        // With that sign it is the smaller probability less one, or less zero.
        "vpte.s32 lt, q7, zr",
        "vsubt.i32 q5, q5, r12",
        "vnege.s32 q5, q5",
        "vpt.s32 ge, q4, zr",
        "vnegt.s32 q5, q5",
        "vshl.i32 q4, q4, #4",
        "vstrh.32 q5, [r0], #8",
        "letp lr, 2b",
        total!(),
        "3:",
        "cmp r1, #0",
        "bne 1b",
        "mov r0, r10",
        "vpop {{d8-d15}}",
        "pop {{r3-r11, pc}}",
    )
}
