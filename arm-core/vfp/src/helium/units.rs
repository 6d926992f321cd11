//! Loops over a row of units; the last vector may be a part of one.

use core::arch::naked_asm;

/// The largest magnitude in `n` floats, as bits; zero if there are none.
///
/// # Safety
/// `values` is good for `n` floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn largest(values: *const f32, n: usize) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "vmov.i32 q0, #0",
        "wlstp.32 lr, r1, 3f",
        "2:",
        "vldrw.u32 q1, [r0], #16",
        "vbic.i32 q1, #0x80000000",
        "vmax.u32 q0, q0, q1",
        "letp lr, 2b",
        "3:",
        "mov r0, #0",
        "vmaxv.u32 r0, q0",
        "pop {{r7, pc}}",
    )
}

/// The smallest magnitude but zero in `n` floats, as bits less one; all ones if there is none.
///
/// # Safety
/// `values` is good for `n` floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn smallest(values: *const f32, n: usize) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "mov r2, #1",
        "vmvn.i32 q0, #0",
        "wlstp.32 lr, r1, 3f",
        "2:",
        "vldrw.u32 q1, [r0], #16",
        "vbic.i32 q1, #0x80000000",
        "vsub.i32 q1, q1, r2",
        "vmin.u32 q0, q0, q1",
        "letp lr, 2b",
        "3:",
        "mov r0, #-1",
        "vminv.u32 r0, q0",
        "pop {{r7, pc}}",
    )
}

/// y = slope y where y is below `tiny`, and zero where the magnitude of that is.
///
/// # Safety
/// `y` is good for `n` floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn activate(slope: f32, tiny: f32, y: *mut f32, n: usize) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "vmov r2, r3, d0",
        "wlstp.32 lr, r1, 3f",
        "2:",
        "vldrw.u32 q1, [r0]",
        "vmul.f32 q2, q1, r2",
        "vabs.f32 q3, q2",
        "vpt.f32 lt, q3, r3",
        "vmovt.i32 q2, #0",
        "vpt.s32 lt, q1, r3",
        "vstrwt.32 q2, [r0], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r7, pc}}",
    )
}

/// dx = slope dx where `a` is not above zero, and zero where the magnitude is below `tiny`.
///
/// # Safety
/// `a` and `dx` are good for `n` floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn activate_back(slope: f32, tiny: f32, a: *const f32, dx: *mut f32, n: usize) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4, lr}}",
        "vmov r3, r4, d0",
        "wlstp.32 lr, r2, 3f",
        "2:",
        "vldrw.u32 q0, [r0], #16",
        "vldrw.u32 q1, [r1]",
        "vpt.s32 le, q0, zr",
        "vmult.f32 q1, q1, r3",
        "vabs.f32 q2, q1",
        "vpt.f32 lt, q2, r4",
        "vmovt.i32 q1, #0",
        "vstrw.32 q1, [r1], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r4, pc}}",
    )
}

/// out = d^2.
///
/// # Safety
/// `d` and `out` are good for `n` floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn squares(d: *const f32, out: *mut f32, n: usize) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "wlstp.32 lr, r2, 3f",
        "2:",
        "vldrw.u32 q0, [r0], #16",
        "vmul.f32 q0, q0, q0",
        "vstrw.32 q0, [r1], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r7, pc}}",
    )
}

/// The first bits of a word as zeros and ones.
///
/// # Safety
/// `out` is good for its floats.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn floats(word: u32, out: *mut [f32; 8]) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "mov r2, #31",
        "vddup.u32 q1, r2, #1",
        "vmov.f32 q2, #1.0",
        "mov r3, #2",
        "dls lr, r3",
        "2:",
        // The bit of each lane at its top, then in all of it.
        "vdup.32 q0, r0",
        "vshl.u32 q0, q0, q1",
        "vshr.s32 q0, q0, #31",
        "vand q0, q0, q2",
        "vstrw.32 q0, [r1], #16",
        "lsr r0, r0, #4",
        "le lr, 2b",
        "pop {{r7, pc}}",
    )
}
