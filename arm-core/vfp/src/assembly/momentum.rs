//! Momentum on rows whose gradient is a factor each times one row.

use crate::work::Momentum;
use core::arch::naked_asm;

/// What is done with eight weights once their velocities are in s0 to s7.
macro_rules! eight_weights {
    () => {
        "
        vldmia r5, {{s8-s15}}
        vmls.f32 s8, s0, s17
        vmls.f32 s9, s1, s17
        vmls.f32 s10, s2, s17
        vmls.f32 s11, s3, s17
        vmls.f32 s12, s4, s17
        vmls.f32 s13, s5, s17
        vmls.f32 s14, s6, s17
        vmls.f32 s15, s7, s17
        vadd.f32 s8, s8, s18
        vadd.f32 s9, s9, s18
        vadd.f32 s10, s10, s18
        vadd.f32 s11, s11, s18
        vadd.f32 s12, s12, s18
        vadd.f32 s13, s13, s18
        vadd.f32 s14, s14, s18
        vadd.f32 s15, s15, s18
        vsub.f32 s8, s8, s18
        vsub.f32 s9, s9, s18
        vsub.f32 s10, s10, s18
        vsub.f32 s11, s11, s18
        vsub.f32 s12, s12, s18
        vsub.f32 s13, s13, s18
        vsub.f32 s14, s14, s18
        vsub.f32 s15, s15, s18
        vstmia r5!, {{s8-s15}}
        "
    };
}

/// Eight velocities, times what is kept of them, in s0 to s7.
macro_rules! eight_velocities {
    () => {
        "
        vldmia r4, {{s0-s7}}
        vmul.f32 s0, s0, s16
        vmul.f32 s1, s1, s16
        vmul.f32 s2, s2, s16
        vmul.f32 s3, s3, s16
        vmul.f32 s4, s4, s16
        vmul.f32 s5, s5, s16
        vmul.f32 s6, s6, s16
        vmul.f32 s7, s7, s16
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
        ".fpu fpv4-sp-d16",
        "push {{r4-r11}}",
        "vpush {{s16-s19}}",
        "ldmia r0, {{r2-r9}}",
        "vldmia r2, {{s16-s18}}",
        "2:",
        "ldr r1, [r6], #4",
        "mov r11, r8",
        "lsls r0, r1, #1",
        "beq 4f",
        "vmov s19, r1",
        "mov r0, r3",
        "3:",
        eight_velocities!(),
        "vldmia r0!, {{s8-s15}}",
        "vmla.f32 s0, s19, s8",
        "vmla.f32 s1, s19, s9",
        "vmla.f32 s2, s19, s10",
        "vmla.f32 s3, s19, s11",
        "vmla.f32 s4, s19, s12",
        "vmla.f32 s5, s19, s13",
        "vmla.f32 s6, s19, s14",
        "vmla.f32 s7, s19, s15",
        "vstmia r4!, {{s0-s7}}",
        eight_weights!(),
        "subs r11, #1",
        "bne 3b",
        "add r4, r9",
        "add r5, r9",
        "subs r7, #1",
        "bne 2b",
        "b 5f",
        "4:",
        eight_velocities!(),
        "vstmia r4!, {{s0-s7}}",
        eight_weights!(),
        "subs r11, #1",
        "bne 4b",
        "add r4, r9",
        "add r5, r9",
        "subs r7, #1",
        "bne 2b",
        "5:",
        "vpop {{s16-s19}}",
        "pop {{r4-r11}}",
        "bx lr",
    )
}
