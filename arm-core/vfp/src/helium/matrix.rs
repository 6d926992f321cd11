//! Products with a matrix, 16 columns or four rows at a time.
//!
//! One instruction loads or stores up to four vectors.

use crate::work::Matrix;
use core::arch::naked_asm;

/// One row of `add_scaled`: q0 to q3 += the scale in a register times 16 floats.
macro_rules! add_row {
    ($scale:literal) => {
        concat!(
            "
            vldmia r6, {{d8-d15}}
            add r6, r5
            vmul.f32 q4, q4, ",
            $scale,
            "
            vmul.f32 q5, q5, ",
            $scale,
            "
            vmul.f32 q6, q6, ",
            $scale,
            "
            vmul.f32 q7, q7, ",
            $scale,
            "
            vadd.f32 q0, q0, q4
            vadd.f32 q1, q1, q5
            vadd.f32 q2, q2, q6
            vadd.f32 q3, q3, q7
            "
        )
    };
}

/// [`add_row`] for eight columns.
macro_rules! add_half_row {
    ($scale:literal) => {
        concat!(
            "
            vldmia r6, {{d8-d11}}
            add r6, r5
            vmul.f32 q4, q4, ",
            $scale,
            "
            vmul.f32 q5, q5, ",
            $scale,
            "
            vadd.f32 q0, q0, q4
            vadd.f32 q1, q1, q5
            "
        )
    };
}

/// y = from + x\[0\] w\[0\] + x\[1\] w\[1\] and so on.
///
/// # Safety
/// As in [`assembly`](crate::assembly).
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn add_scaled(work: *const Matrix, from: *const f32) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d15}}",
        "mov r12, r1",
        "ldm r0, {{r0-r5}}",
        "2:",
        "subs r4, #2",
        "blt 5f",
        "vldmia r12!, {{d0-d7}}",
        "mov r6, r1",
        "mov r7, r0",
        "dls lr, r3",
        "3:",
        "ldm r7!, {{r8-r11}}",
        add_row!("r8"),
        add_row!("r9"),
        add_row!("r10"),
        add_row!("r11"),
        "le lr, 3b",
        "vstmia r2!, {{d0-d7}}",
        "add r1, #64",
        "b 2b",
        "5:",
        "cmn r4, #1",
        "bne 6f",
        "vldmia r12!, {{d0-d3}}",
        "mov r6, r1",
        "mov r7, r0",
        "dls lr, r3",
        "3:",
        "ldm r7!, {{r8-r11}}",
        add_half_row!("r8"),
        add_half_row!("r9"),
        add_half_row!("r10"),
        add_half_row!("r11"),
        "le lr, 3b",
        "vstmia r2!, {{d0-d3}}",
        "6:",
        "vpop {{d8-d15}}",
        "pop {{r4-r11, pc}}",
    )
}

/// One row of `dots`: two vectors of sums += q4 and q5 times eight floats.
macro_rules! dot_row {
    ($row:literal, $low:literal, $high:literal) => {
        concat!(
            "vldmia ",
            $row,
            "!, {{d12-d15}}
            vmul.f32 q6, q6, q4
            vmul.f32 q7, q7, q5
            vadd.f32 ",
            $low,
            ", ",
            $low,
            ", q6
            vadd.f32 ",
            $high,
            ", ",
            $high,
            ", q7"
        )
    };
}

/// x = the inner products of `y` with each row, two rows at a time.
///
/// # Safety
/// As in [`assembly`](crate::assembly).
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots(work: *const Matrix, _: *const [f32; 16]) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r8, lr}}",
        "vpush {{d8-d15}}",
        "ldm r0, {{r0-r5}}",
        "lsl r3, #1",
        "2:",
        "mov r6, r1",
        "add r7, r6, r5",
        "add r1, r7, r5",
        "mov r8, r2",
        "vmov.i32 q0, #0",
        "vmov.i32 q1, #0",
        "vmov.i32 q2, #0",
        "vmov.i32 q3, #0",
        "dls lr, r4",
        "3:",
        "vldmia r8!, {{d8-d11}}",
        dot_row!("r6", "q0", "q1"),
        dot_row!("r7", "q2", "q3"),
        "le lr, 3b",
        "vadd.f32 q0, q0, q1",
        "vadd.f32 q2, q2, q3",
        "vadd.f32 s0, s0, s2",
        "vadd.f32 s1, s1, s3",
        "vadd.f32 s0, s0, s1",
        "vadd.f32 s8, s8, s10",
        "vadd.f32 s9, s9, s11",
        "vadd.f32 s1, s8, s9",
        "vstmia r0!, {{s0-s1}}",
        "subs r3, #1",
        "bne 2b",
        "vpop {{d8-d15}}",
        "pop {{r4-r8, pc}}",
    )
}

/// Eight columns of a row of `outer` += a scale in a register times two vectors.
macro_rules! add_outer {
    ($scale:literal, $low:literal, $high:literal) => {
        concat!(
            "
            vldmia r6, {{d8-d11}}
            vmul.f32 q6, ",
            $low,
            ", ",
            $scale,
            "
            vmul.f32 q7, ",
            $high,
            ", ",
            $scale,
            "
            vadd.f32 q4, q4, q6
            vadd.f32 q5, q5, q7
            vstmia r6!, {{d8-d11}}
            "
        )
    };
}

/// A row of 16 columns, and on to the next one.
macro_rules! outer_row {
    ($scale:literal) => {
        concat!(add_outer!($scale, "q0", "q1"), add_outer!($scale, "q2", "q3"), "add r6, r5")
    };
}

/// Each row += (a x) y.
///
/// # Safety
/// As in [`assembly`](crate::assembly).
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(a: f32, work: *const Matrix) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d15}}",
        "ldm r0, {{r0-r5}}",
        "vmov r12, s0",
        // From the end of a block in a row to its start in the next one.
        "sub r5, #64",
        "subs r4, #2",
        "blt 5f",
        "cmp r3, #1",
        "bne 2f",
        // Four rows, as in a slice of a step: they are scaled once, not for each block.
        "mov r6, r1",
        "vldrw.u32 q4, [r0]",
        "vmul.f32 q4, q4, r12",
        "vmov r8, r9, d8",
        "vmov r10, r11, d9",
        "add r7, r5, #64",
        "lsl r7, #2",
        "sub r7, #64",
        "4:",
        "vldmia r2!, {{d0-d7}}",
        outer_row!("r8"),
        outer_row!("r9"),
        outer_row!("r10"),
        outer_row!("r11"),
        "sub r6, r7",
        "subs r4, #2",
        "bge 4b",
        "mov r1, r6",
        "b 5f",
        "2:",
        "vldmia r2!, {{d0-d7}}",
        "mov r6, r1",
        "mov r7, r0",
        "dls lr, r3",
        "3:",
        "vldrw.u32 q4, [r7], #16",
        "vmul.f32 q4, q4, r12",
        "vmov r8, r9, d8",
        "vmov r10, r11, d9",
        outer_row!("r8"),
        outer_row!("r9"),
        outer_row!("r10"),
        outer_row!("r11"),
        "le lr, 3b",
        "add r1, #64",
        "subs r4, #2",
        "bge 2b",
        "5:",
        "cmn r4, #1",
        "bne 6f",
        "vldmia r2!, {{d0-d3}}",
        "add r5, #32",
        "mov r6, r1",
        "mov r7, r0",
        "dls lr, r3",
        "3:",
        "vldrw.u32 q4, [r7], #16",
        "vmul.f32 q4, q4, r12",
        "vmov r8, r9, d8",
        "vmov r10, r11, d9",
        add_outer!("r8", "q0", "q1"),
        "add r6, r5",
        add_outer!("r9", "q0", "q1"),
        "add r6, r5",
        add_outer!("r10", "q0", "q1"),
        "add r6, r5",
        add_outer!("r11", "q0", "q1"),
        "add r6, r5",
        "le lr, 3b",
        "6:",
        "vpop {{d8-d15}}",
        "pop {{r4-r11, pc}}",
    )
}
