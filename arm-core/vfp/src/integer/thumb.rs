//! Inner loops in assembly for Thumb-2 (Cortex-M3 and above): sums of eight columns or four rows stay in registers.

use core::arch::naked_asm;

/// sums += x\[0\] w\[0\] + x\[1\] w\[1\] and so on, of eight columns of `n` rows, `stride` bytes apart.
///
/// # Safety
/// `w` is good for these reads, `x` for `n`, which is not zero, and `sums` for writes.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_scaled(
    w: *const i16,
    x: *const i16,
    n: usize,
    stride: usize,
    sums: *mut [i32; 8],
) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "ldr r12, [sp, #36]",
        "ldm r12, {{r4-r11}}",
        "2:",
        "ldrsh r12, [r1], #2",
        "ldrsh lr, [r0]",
        "mla r4, r12, lr, r4",
        "ldrsh lr, [r0, #2]",
        "mla r5, r12, lr, r5",
        "ldrsh lr, [r0, #4]",
        "mla r6, r12, lr, r6",
        "ldrsh lr, [r0, #6]",
        "mla r7, r12, lr, r7",
        "ldrsh lr, [r0, #8]",
        "mla r8, r12, lr, r8",
        "ldrsh lr, [r0, #10]",
        "mla r9, r12, lr, r9",
        "ldrsh lr, [r0, #12]",
        "mla r10, r12, lr, r10",
        "ldrsh lr, [r0, #14]",
        "mla r11, r12, lr, r11",
        "add r0, r3",
        "subs r2, #1",
        "bne 2b",
        "ldr r12, [sp, #36]",
        "stm r12, {{r4-r11}}",
        "pop {{r4-r11, pc}}",
    )
}

/// sums += eight columns of the rows whose bit is set in `n` words, `stride` bytes apart.
///
/// # Safety
/// `w` is good for reads of these rows, `bits` for `n`, which is not zero, and `sums` for writes.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_rows(
    w: *const i16,
    bits: *const u32,
    n: usize,
    stride: usize,
    sums: *mut [i32; 8],
) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "ldr r12, [sp, #36]",
        "ldm r12, {{r4-r11}}",
        "2:",
        "ldr r12, [r1], #4",
        "push {{r1, r2}}",
        "rbit r12, r12",
        "cmp r12, #0",
        "beq 4f",
        "3:",
        "clz r1, r12",
        "mla r2, r1, r3, r0",
        "mov lr, #0x80000000",
        "lsr lr, lr, r1",
        "bic r12, r12, lr",
        "ldrsh lr, [r2]",
        "add r4, lr",
        "ldrsh lr, [r2, #2]",
        "add r5, lr",
        "ldrsh lr, [r2, #4]",
        "add r6, lr",
        "ldrsh lr, [r2, #6]",
        "add r7, lr",
        "ldrsh lr, [r2, #8]",
        "add r8, lr",
        "ldrsh lr, [r2, #10]",
        "add r9, lr",
        "ldrsh lr, [r2, #12]",
        "add r10, lr",
        "ldrsh lr, [r2, #14]",
        "add r11, lr",
        "cmp r12, #0",
        "bne 3b",
        "4:",
        "pop {{r1, r2}}",
        "add r0, r0, r3, lsl #5",
        "subs r2, #1",
        "bne 2b",
        "ldr r12, [sp, #36]",
        "stm r12, {{r4-r11}}",
        "pop {{r4-r11, pc}}",
    )
}

/// The inner products of `d` with four rows of `n` columns, `stride` bytes apart.
///
/// # Safety
/// `w` is good for reads of these rows, `d` for `n`, which is not zero, and `sums` for writes.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn dots(
    w: *const i16,
    d: *const i16,
    n: usize,
    stride: usize,
    sums: *mut [i32; 4],
) {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "add r4, r0, r3",
        "add r5, r4, r3",
        "add r6, r5, r3",
        "mov r8, #0",
        "mov r9, #0",
        "mov r10, #0",
        "mov r11, #0",
        "2:",
        "ldrsh r12, [r1], #2",
        "ldrsh lr, [r0], #2",
        "mla r8, r12, lr, r8",
        "ldrsh lr, [r4], #2",
        "mla r9, r12, lr, r9",
        "ldrsh lr, [r5], #2",
        "mla r10, r12, lr, r10",
        "ldrsh lr, [r6], #2",
        "mla r11, r12, lr, r11",
        "subs r2, #1",
        "bne 2b",
        "ldr r12, [sp, #36]",
        "stm r12, {{r8-r11}}",
        "pop {{r4-r11, pc}}",
    )
}

/// w += (a d + noise) over 2^16 for `fours` times four columns. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `d` is good for reads of so many, and `w` for reads and writes; `fours` is not zero.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_outer(
    w: *mut i16,
    d: *const i16,
    fours: usize,
    a: i32,
    noise: u32,
) -> u32 {
    naked_asm!(
        "push {{r4-r9, lr}}",
        "ldr r12, [sp, #28]",
        // Saturation is remembered by the flag Q.
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "2:",
        "ldrsh r4, [r1], #2",
        "ldrsh r5, [r1], #2",
        "ldrsh r6, [r1], #2",
        "ldrsh r7, [r1], #2",
        "mla r4, r3, r4, r12",
        "mla r5, r3, r5, r12",
        "mla r6, r3, r6, r12",
        "mla r7, r3, r7, r12",
        "ldrsh r8, [r0]",
        "ldrsh r9, [r0, #2]",
        "ldrsh lr, [r0, #4]",
        "add r4, r8, r4, asr #16",
        "ldrsh r8, [r0, #6]",
        "add r5, r9, r5, asr #16",
        "add r6, lr, r6, asr #16",
        "add r7, r8, r7, asr #16",
        "ssat r4, #16, r4",
        "ssat r5, #16, r5",
        "ssat r6, #16, r6",
        "ssat r7, #16, r7",
        "strh r4, [r0], #2",
        "strh r5, [r0], #2",
        "strh r6, [r0], #2",
        "strh r7, [r0], #2",
        "subs r2, #1",
        "bne 2b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "pop {{r4-r9, pc}}",
    )
}
