//! Inner loops in assembly for Thumb-2 (Cortex-M3 and above): sums of eight columns or of four rows stay in registers.

use core::arch::naked_asm;

/// Eight columns of a dense layer.
#[repr(C)]
pub(super) struct Tile<X> {
    pub w: *const i16,
    pub x: *const X,
    /// How many there are of `x`.
    pub n: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    pub bias: *const i16,
    /// By how many bits sums are shifted down, at least one.
    pub down: u32,
    pub slope: i32,
    pub y: *mut i16,
}

/// A function that sums in r4 to r11, from a tile in r0 whose first four words are in r0 to r3, and writes units. It returns
/// whether one left the range of 16 bits, which the flag Q remembers.
macro_rules! tile {
    ($bias:literal, $($sum:literal,)*) => {
        naked_asm!(
            "push {{r4-r11, lr}}",
            "push {{r0}}",
            "mov lr, #0",
            "msr APSR_nzcvq, lr",
            "ldm r0, {{r0-r3}}",
            "mov r4, #0",
            "mov r5, #0",
            "mov r6, #0",
            "mov r7, #0",
            "mov r8, #0",
            "mov r9, #0",
            "mov r10, #0",
            "mov r11, #0",
            "cmp r2, #0",
            "beq 5f",
            $($sum,)*
            "5:",
            "pop {{r12}}",
            "ldr r1, [r12, #16]",
            "ldr r2, [r12, #20]",
            "ldr r3, [r12, #24]",
            "mov r0, #1",
            "lsl r0, r2",
            "lsr r0, #1",
            tile!(@unit "r4", "0", $bias),
            tile!(@unit "r5", "2", $bias),
            tile!(@unit "r6", "4", $bias),
            tile!(@unit "r7", "6", $bias),
            tile!(@unit "r8", "8", $bias),
            tile!(@unit "r9", "10", $bias),
            tile!(@unit "r10", "12", $bias),
            tile!(@unit "r11", "14", $bias),
            "ldr r12, [r12, #28]",
            "strh r4, [r12]",
            "strh r5, [r12, #2]",
            "strh r6, [r12, #4]",
            "strh r7, [r12, #6]",
            "strh r8, [r12, #8]",
            "strh r9, [r12, #10]",
            "strh r10, [r12, #12]",
            "strh r11, [r12, #14]",
            "mrs r0, APSR",
            "ubfx r0, r0, #27, #1",
            "pop {{r4-r11, pc}}",
        )
    };
    (@unit $r:literal, $at:literal, $bias:literal) => {
        concat!(
            "ldrsh lr, [r1, #", $at, "]\n",
            "add ", $r, ", ", $r, ", lr", $bias, "\n",
            "add ", $r, ", r0\n",
            "asr ", $r, ", ", $r, ", r2\n",
            "ssat ", $r, ", #16, ", $r, "\n",
            "cmp ", $r, ", #0\n",
            "ittt lt\n",
            "mullt ", $r, ", ", $r, ", r3\n",
            "addlt ", $r, ", ", $r, ", #0x4000\n",
            "asrlt ", $r, ", ", $r, ", #15",
        )
    };
}

/// A tile of [`add_scaled`](super::add_scaled) whose inputs are not shifted.
///
/// # Safety
/// The pointers are good for what [`Tile`] says.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_scaled(tile: *const Tile<i16>) -> u32 {
    tile!(
        ", lsl #8",
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
    )
}

/// A tile of [`add_rows`](super::add_rows): no bit is set behind the last row.
///
/// # Safety
/// As [`add_scaled`], with words of bits.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_rows(tile: *const Tile<u32>) -> u32 {
    tile!(
        "",
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
    )
}

/// The inner products of `d`, over 2^`shift`, with four rows of `n` columns, `stride` bytes apart.
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
    shift: u32,
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
        "ldr r3, [sp, #40]",
        "cmp r3, #0",
        "beq 2f",
        "mov r7, #1",
        "lsl r7, r3",
        "lsr r7, #1",
        "3:",
        "ldrsh r12, [r1], #2",
        "add r12, r7",
        "asr r12, r3",
        "ldrsh lr, [r0], #2",
        "mla r8, r12, lr, r8",
        "ldrsh lr, [r4], #2",
        "mla r9, r12, lr, r9",
        "ldrsh lr, [r5], #2",
        "mla r10, r12, lr, r10",
        "ldrsh lr, [r6], #2",
        "mla r11, r12, lr, r11",
        "subs r2, #1",
        "bne 3b",
        "b 4f",
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
        "4:",
        "ldr r12, [sp, #36]",
        "stm r12, {{r8-r11}}",
        "pop {{r4-r11, pc}}",
    )
}

/// Rows that follow each other, for [`add_outer`].
#[repr(C)]
pub(super) struct Rows {
    pub w: *mut i16,
    pub d: *const i16,
    /// A fourth of the columns.
    pub fours: usize,
    /// Rows, at least one.
    pub n: usize,
    /// An input a row.
    pub x: *const i16,
    pub mantissa: i32,
    /// 31 less than it is shifted by, and how far that is.
    pub keep: u32,
    pub shift: u32,
    pub limit: i32,
    /// The word of the first row, and what it grows by.
    pub noise: u32,
    pub weyl: u32,
    /// Bytes from the end of a row to the start of the next.
    pub gap: usize,
}

/// For each row, w += (a d + noise) over 2^16, where a is the input times the mantissa, shifted down and rounded by the lower
/// half of the row's word, within the limit; noise is its upper half. Returns how many rows were cut by the limit or have a
/// result that left the range of 16 bits.
///
/// # Safety
/// The pointers are good for what [`Rows`] says; there are columns.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn add_outer(rows: *mut Rows) -> u32 {
    naked_asm!(
        "push {{r4-r11, lr}}",
        "mov r10, r0",
        "ldr r0, [r10]",
        "mov r11, #0",
        "2:",
        "ldr r4, [r10, #16]",
        "ldrsh r3, [r4], #2",
        "str r4, [r10, #16]",
        "ldr r4, [r10, #36]",
        "ldr r5, [r10, #40]",
        "add r5, r4",
        "str r5, [r10, #36]",
        // What the noise of the lower half adds, and that of the upper.
        "lsl r5, r4, #16",
        "lsr r12, r4, #16",
        "lsr r5, #1",
        "add r6, r10, #20",
        "ldm r6, {{r6-r9}}",
        "lsr r5, r7",
        "mla r3, r3, r6, r5",
        "asr r3, r8",
        // Saturation is remembered by the flag Q, which a cut sets too.
        "mov r4, #0",
        "msr APSR_nzcvq, r4",
        "mov r4, r3",
        "cmp r3, r9",
        "it gt",
        "movgt r3, r9",
        "rsb r9, r9, #0",
        "cmp r3, r9",
        "it lt",
        "movlt r3, r9",
        "cmp r3, r4",
        "ittt ne",
        "mvnne r4, #0",
        "lsrne r4, #1",
        "ssatne r4, #16, r4",
        "ldr r1, [r10, #4]",
        "ldr r2, [r10, #8]",
        "3:",
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
        "bne 3b",
        "mrs r4, APSR",
        "ubfx r4, r4, #27, #1",
        "add r11, r4",
        "ldr r4, [r10, #44]",
        "add r0, r4",
        "ldr r4, [r10, #12]",
        "subs r4, #1",
        "str r4, [r10, #12]",
        "bne 2b",
        "mov r0, r11",
        "pop {{r4-r11, pc}}",
    )
}
