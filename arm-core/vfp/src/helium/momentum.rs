//! Momentum on rows whose gradient is a factor each times one row, eight parameters at a time.

use crate::work::Momentum;
use core::arch::naked_asm;

/// What is done with eight weights once their velocities are in q0 and q1.
macro_rules! eight_weights {
    () => {
        "
        vldmia r5, {{d4-d7}}
        vmul.f32 q0, q0, r11
        vmul.f32 q1, q1, r11
        vsub.f32 q2, q2, q0
        vsub.f32 q3, q3, q1
        vadd.f32 q2, q2, r12
        vadd.f32 q3, q3, r12
        vsub.f32 q2, q2, r12
        vsub.f32 q3, q3, r12
        vstmia r5!, {{d4-d7}}
        "
    };
}

/// Rows of momentum: v = keep v + x d, w = (w - rate v + grid) - grid; where x is zero the second term is left out.
///
/// # Safety
/// Every pointer is good for what [`Momentum`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn momentum(work: *const Momentum) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "ldm r0, {{r2-r9}}",
        "ldr r10, [r2]",
        "ldr r11, [r2, #4]",
        "ldr r12, [r2, #8]",
        "2:",
        "dls lr, r8",
        "ldr r1, [r6], #4",
        "lsls r0, r1, #1",
        "beq 4f",
        "mov r0, r3",
        "3:",
        "vldmia r4, {{d0-d3}}",
        "vldmia r0!, {{d4-d7}}",
        "vmul.f32 q0, q0, r10",
        "vmul.f32 q1, q1, r10",
        "vmul.f32 q2, q2, r1",
        "vmul.f32 q3, q3, r1",
        "vadd.f32 q0, q0, q2",
        "vadd.f32 q1, q1, q3",
        "vstmia r4!, {{d0-d3}}",
        eight_weights!(),
        "le lr, 3b",
        "b 5f",
        "4:",
        "vldmia r4, {{d0-d3}}",
        "vmul.f32 q0, q0, r10",
        "vmul.f32 q1, q1, r10",
        "vstmia r4!, {{d0-d3}}",
        eight_weights!(),
        "le lr, 4b",
        "5:",
        "add r4, r9",
        "add r5, r9",
        "subs r7, #1",
        "bne 2b",
        "pop {{r4-r11, pc}}",
    )
}
