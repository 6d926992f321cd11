//! Sums of log sigmoid, four logits at a time.

use crate::lanes::Lanes;
use core::arch::naked_asm;

/// Constants of `arm_core::math::exp`. What is computed is that of -x, which changes the signs of every other term and
/// no rounding.
#[repr(C)]
struct Exp {
    /// -log2(e), 1.5 2^23, ln(2) in two parts with the second negative between the coefficients, 0.5 and -1 at the end.
    registers: [f32; 11],
    /// Beyond this magnitude a logit is saturated.
    saturated: [f32; 4],
    /// By how much the word of bits is to be shifted, to have that of a lane at its top.
    shifts: [u32; 4],
}

static EXP: Exp = Exp {
    registers: [
        -core::f32::consts::LOG2_E,
        12_582_912.0,
        0.693_359_4,
        1.987_569_2e-4,
        -1.398_2e-3,
        8.333_452e-3,
        -4.166_579_6e-2,
        1.666_666_5e-1,
        -0.5,
        -1.0,
        -2.121_944_4e-4,
    ],
    saturated: [27.0; 4],
    shifts: [31, 30, 29, 28],
};

/// From q0 = x: q1 = |x|, q4 = e^-|x|, or zero where |x| is saturated. Uses q2, q3 and q5.
macro_rules! decay {
    () => {
        "
        vabs.f32 q1, q0
        vmul.f32 q3, q1, r2
        vadd.f32 q3, q3, r3
        vsub.f32 q4, q3, r3
        vmul.f32 q2, q4, r4
        vadd.f32 q2, q2, q1
        vmul.f32 q4, q4, r12
        vadd.f32 q2, q2, q4
        vmul.f32 q4, q2, r5
        vadd.f32 q4, q4, r6
        vmul.f32 q4, q4, q2
        vadd.f32 q4, q4, r7
        vmul.f32 q4, q4, q2
        vadd.f32 q4, q4, r8
        vmul.f32 q4, q4, q2
        vadd.f32 q4, q4, r9
        vmul.f32 q4, q4, q2
        vadd.f32 q4, q4, r10
        vmul.f32 q5, q2, q2
        vmul.f32 q4, q4, q5
        vadd.f32 q4, q4, q2
        vadd.f32 q4, q4, r11
        vshl.i32 q3, q3, #23
        vadd.i32 q3, q3, r11
        vmul.f32 q4, q4, q3
        vldrw.u32 q5, [sp]
        vpt.f32 gt, q1, q5
        vmovt.i32 q4, #0
        "
    };
}

/// The sums of log sigmoid(x) of 4 `fours` > 0 logits in lanes; x is a logit with its sign changed where the bit is zero.
///
/// # Safety
/// `logits` is good for 4 `fours` floats.
#[inline(always)]
pub(crate) unsafe fn log_prob(logits: *const f32, word: u32, fours: usize, lanes: &mut Lanes) {
    // SAFETY: see above; EXP is what it expects.
    unsafe { add(logits, word, fours, lanes, &EXP) }
}

/// [`log_prob`], and replaces each logit by the derivative of minus the sum: sigmoid(-x) with the sign of -bit.
///
/// # Safety
/// As [`log_prob`].
#[inline(always)]
pub(crate) unsafe fn log_prob_delta(logits: *mut f32, word: u32, fours: usize, lanes: &mut Lanes) {
    // SAFETY: see above; EXP is what it expects.
    unsafe { add_delta(logits, word, fours, lanes, &EXP) }
}

/// [`log_prob`] with these constants.
///
/// # Safety
/// `logits` is good for reads of 4 `fours` floats; `fours` is not zero.
#[unsafe(naked)]
unsafe extern "C" fn add(logits: *const f32, word: u32, fours: usize, lanes: &mut Lanes, exp: &Exp) {
    naked_asm!(
        ".cpu cortex-m55",
        "ldr r12, [sp]",
        "push {{r3-r11, lr}}",
        "vpush {{d8-d15}}",
        "dls lr, r2",
        "vldrw.u32 q6, [r12, #60]",
        "vldrw.u32 q5, [r12, #44]",
        "ldm r12, {{r2-r12}}",
        "vpush {{d10-d13}}",
        "vmov.i32 q7, #0",
        "vmov.f32 q6, #1.0",
        "2:",
        "vldrw.u32 q0, [r0], #16",
        "vdup.32 q1, r1",
        "vldrw.u32 q2, [sp, #16]",
        "vshl.u32 q1, q1, q2",
        "vpt.s32 ge, q1, zr",
        "vnegt.f32 q0, q0",
        "lsr r1, r1, #4",
        decay!(),
        "vsub.f32 q0, q0, q1",
        "vsub.f32 q4, q4, r11",
        "vadd.f32 q7, q7, q0",
        "vmul.f32 q6, q6, q4",
        "le lr, 2b",
        "ldr r3, [sp, #96]",
        "vstrw.u32 q7, [r3]",
        "vstrw.u32 q6, [r3, #16]",
        "add sp, #32",
        "vpop {{d8-d15}}",
        "pop {{r3-r11, pc}}",
    )
}

/// [`log_prob_delta`] with these constants.
///
/// # Safety
/// `logits` is good for reads and writes of 4 `fours` floats; `fours` is not zero.
#[unsafe(naked)]
unsafe extern "C" fn add_delta(logits: *mut f32, word: u32, fours: usize, lanes: &mut Lanes, exp: &Exp) {
    naked_asm!(
        ".cpu cortex-m55",
        "ldr r12, [sp]",
        "push {{r3-r11, lr}}",
        "vpush {{d8-d15}}",
        "dls lr, r2",
        "vldrw.u32 q6, [r12, #60]",
        "vldrw.u32 q5, [r12, #44]",
        "ldm r12, {{r2-r12}}",
        "vpush {{d10-d13}}",
        "vmov.i32 q7, #0",
        "vmov.f32 q6, #1.0",
        "2:",
        "vldrw.u32 q0, [r0]",
        "vdup.32 q1, r1",
        "vldrw.u32 q2, [sp, #16]",
        "vshl.u32 q1, q1, q2",
        "vpt.s32 ge, q1, zr",
        "vnegt.f32 q0, q0",
        decay!(),
        "vsub.f32 q1, q0, q1",
        "vsub.f32 q5, q4, r11",
        "vadd.f32 q7, q7, q1",
        "vmul.f32 q6, q6, q5",
        "vmov.f32 s8, #1.0",
        "vdiv.f32 s20, s8, s20",
        "vdiv.f32 s21, s8, s21",
        "vdiv.f32 s22, s8, s22",
        "vdiv.f32 s23, s8, s23",
        "vpt.f32 ge, q0, zr",
        "vmult.f32 q5, q5, q4",
        "vdup.32 q1, r1",
        "vldrw.u32 q2, [sp, #16]",
        "vshl.u32 q1, q1, q2",
        "vpt.s32 lt, q1, zr",
        "vnegt.f32 q5, q5",
        "lsr r1, r1, #4",
        "vstrw.32 q5, [r0], #16",
        "le lr, 2b",
        "ldr r3, [sp, #96]",
        "vstrw.u32 q7, [r3]",
        "vstrw.u32 q6, [r3, #16]",
        "add sp, #32",
        "vpop {{d8-d15}}",
        "pop {{r3-r11, pc}}",
    )
}
