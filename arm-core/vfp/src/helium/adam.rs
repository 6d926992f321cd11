//! Adam, eight parameters at a time. Helium has no division and no square root: these are done on the lanes.

use crate::work::Adam;
use core::arch::naked_asm;

/// From the moments m in q0 and q1 and v in q2 and q3 to the new parameters.
macro_rules! update {
    () => {
        "
        vsqrt.f32 s8, s8
        vsqrt.f32 s9, s9
        vsqrt.f32 s10, s10
        vsqrt.f32 s11, s11
        vsqrt.f32 s12, s12
        vsqrt.f32 s13, s13
        vsqrt.f32 s14, s14
        vsqrt.f32 s15, s15
        vadd.f32 q2, q2, r9
        vadd.f32 q3, q3, r9
        vdiv.f32 s0, s0, s8
        vdiv.f32 s1, s1, s9
        vdiv.f32 s2, s2, s10
        vdiv.f32 s3, s3, s11
        vdiv.f32 s4, s4, s12
        vdiv.f32 s5, s5, s13
        vdiv.f32 s6, s6, s14
        vdiv.f32 s7, s7, s15
        vmul.f32 q0, q0, q6
        vmul.f32 q1, q1, q6
        vldmia r5, {{d4-d7}}
        vsub.f32 q2, q2, q0
        vsub.f32 q3, q3, q1
        vadd.f32 q2, q2, q7
        vadd.f32 q3, q3, q7
        vsub.f32 q2, q2, q7
        vsub.f32 q3, q3, q7
        vstmia r5!, {{d4-d7}}
        "
    };
}

/// Rows of Adam.
///
/// # Safety
/// As in [`assembly`](crate::assembly).
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn adam(work: *const Adam) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r0, r4-r11, lr}}",
        "vpush {{d8-d15}}",
        "ldr r12, [r0]",
        "ldr r1, [r12, #20]",
        "vdup.32 q6, r1",
        "ldr r1, [r12, #24]",
        "vdup.32 q7, r1",
        "ldr r10, [r12]",
        "ldr r11, [r12, #4]",
        "add r9, r0, #4",
        "ldm r9, {{r1-r8}}",
        "ldr r9, [r12, #16]",
        "2:",
        "dls lr, r8",
        // The second part of each moment, where x is not zero.
        "vldmia r6!, {{s0}}",
        "vcmp.f32 s0, #0",
        "vmrs apsr_nzcv, fpscr",
        "beq 4f",
        "ldr r12, [sp, #64]",
        "ldr r12, [r12]",
        "vldr s1, [r12, #8]",
        "vldr s2, [r12, #12]",
        "vmul.f32 s1, s1, s0",
        "vmul.f32 s0, s0, s0",
        "vmul.f32 s2, s2, s0",
        "vmov r0, r12, s1, s2",
        "3:",
        "vldmia r3, {{d0-d3}}",
        "vldmia r1!, {{d4-d7}}",
        "vmul.f32 q0, q0, r10",
        "vmul.f32 q1, q1, r10",
        "vmul.f32 q2, q2, r0",
        "vmul.f32 q3, q3, r0",
        "vadd.f32 q0, q0, q2",
        "vadd.f32 q1, q1, q3",
        "vstmia r3!, {{d0-d3}}",
        "vldmia r4, {{d4-d7}}",
        "vldmia r2!, {{d8-d11}}",
        "vmul.f32 q2, q2, r11",
        "vmul.f32 q3, q3, r11",
        "vmul.f32 q4, q4, r12",
        "vmul.f32 q5, q5, r12",
        "vadd.f32 q2, q2, q4",
        "vadd.f32 q3, q3, q5",
        "vstmia r4!, {{d4-d7}}",
        update!(),
        "le lr, 3b",
        "sub r1, r1, r8, lsl #5",
        "sub r2, r2, r8, lsl #5",
        "b 5f",
        "4:",
        "vldmia r3, {{d0-d3}}",
        "vmul.f32 q0, q0, r10",
        "vmul.f32 q1, q1, r10",
        "vstmia r3!, {{d0-d3}}",
        "vldmia r4, {{d4-d7}}",
        "vmul.f32 q2, q2, r11",
        "vmul.f32 q3, q3, r11",
        "vstmia r4!, {{d4-d7}}",
        update!(),
        "le lr, 4b",
        "5:",
        "ldr r0, [sp, #64]",
        "ldr r0, [r0, #36]",
        "add r3, r0",
        "add r4, r0",
        "add r5, r0",
        "subs r7, #1",
        "bne 2b",
        "vpop {{d8-d15}}",
        "pop {{r0, r4-r11, pc}}",
    )
}
