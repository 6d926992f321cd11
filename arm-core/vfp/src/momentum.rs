//! Gradient descent with momentum, on rows whose gradient is a factor each times one row.

use crate::RAGGED;
use crate::loops::{Layout, N};

/// The constants of [`momentum`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// Share of the velocity that is kept.
    pub keep: f32,
    /// Learning rate.
    pub rate: f32,
    /// Added to the result and taken away again, so that it becomes a multiple of a power of two.
    pub grid: f32,
}

/// For each row i of `v` and `w`: v = keep v + x\[i\] d, then w = (w - rate v + grid) - grid. `xs` has an x for each row;
/// beyond either nothing is done. Where x is zero nothing is added.
#[inline(always)]
pub fn momentum(a: &Momentum, xs: &[f32], d: &[f32], layout: Layout, (v, w): (&mut [f32], &mut [f32])) {
    let cols = layout.cols.min(layout.stride).min(d.len());
    let xs = xs.get(..layout.rows(v.len().min(w.len()))).unwrap_or(xs);
    let eights = if cfg!(vfp_loops) { cols / N } else { 0 };
    #[cfg(vfp_loops)]
    if eights > 0 && !xs.is_empty() {
        let work = Work {
            constants: a,
            d: d.as_ptr(),
            v: v.as_mut_ptr(),
            w: w.as_mut_ptr(),
            x: xs.as_ptr(),
            rows: xs.len(),
            eights,
            skip: 4 * (layout.stride - eights * N),
        };
        // SAFETY: v and w have a row for each x, d has the columns.
        unsafe { rows(&work) };
    }
    if !RAGGED || eights * N == cols {
        return;
    }
    for (i, &x) in xs.iter().enumerate() {
        let start = i * layout.stride + eights * N;
        let (v, w) = (v.get_mut(start..).unwrap_or_default(), w.get_mut(start..).unwrap_or_default());
        let d = d.get(eights * N..cols).unwrap_or_default();
        for ((d, v), w) in d.iter().zip(v).zip(w) {
            *v *= a.keep;
            if x != 0.0 {
                *v += x * d;
            }
            *w = (*w - a.rate * *v + a.grid) - a.grid;
        }
    }
}

/// What the loop in assembly works on: `rows` > 0 rows of `eights` > 0 times eight floats of v and w, `skip` bytes
/// between the end of one and the start of the next.
#[cfg(vfp_loops)]
#[repr(C)]
struct Work {
    constants: *const Momentum,
    d: *const f32,
    v: *mut f32,
    w: *mut f32,
    x: *const f32,
    rows: usize,
    eights: usize,
    skip: usize,
}

/// What is done with eight weights once their velocities are in s0 to s7.
#[cfg(all(vfp_loops, not(helium)))]
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
#[cfg(all(vfp_loops, not(helium)))]
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

/// # Safety
/// Every pointer is good for what [`Work`] says.
#[cfg(all(vfp_loops, not(helium)))]
#[unsafe(naked)]
unsafe extern "C" fn rows(work: *const Work) {
    core::arch::naked_asm!(
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

/// What is done with eight weights once their velocities are in q0 and q1.
#[cfg(helium)]
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

/// # Safety
/// Every pointer is good for what [`Work`] says.
#[cfg(helium)]
#[unsafe(naked)]
unsafe extern "C" fn rows(work: *const Work) {
    core::arch::naked_asm!(
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
