//! Sums of sixteen columns of a dense layer, or of eight: what is on the stack is told beside `thumb2`, behind 32 bytes of vectors.

use crate::integer::assembly::{MOST, magnitudes_from, rest_of};
use core::arch::naked_asm;

/// Nothing will be refused: vectors that a caller keeps are saved, and no result has left the range yet, which the flag QC tells. What
/// stays in registers is in r2 a half, in r3 what is between rows, in r7 by how much sums are shifted, and it changes from group to
/// group in r9, how many are left, in r10, bytes to the next, and in r11, bytes from the first.
macro_rules! begin {
    () => {
        concat!(
            settle!(),
            "vpush {{d8-d11}}\n",
            "vmsr fpscr_nzcvqc, lr\n",
            "mov r3, r10\n",
            "uxth r9, r11\n",
            "mov r10, r5\n",
            "mov r11, #0\n",
            "ldr r7, [sp, #92]\n",
            "mov r2, #1\n",
            "lsl r2, r7\n",
            "lsr r2, #1\n",
            "rsb r7, r7, #0\n",
        )
    };
}

/// What a group begins with: in r0 the first row, in r1 the inputs and in r5 their end, in r4 biases. Two groups are taken at once
/// where the next lies behind this one, and there is one: then the flags say `ge`.
macro_rules! group {
    () => {
        "
        ldrd r0, r1, [sp, #32]
        ldrd r5, r4, [sp, #40]
        add r0, r11
        add r4, r11
        cmp r10, #16
        it eq
        cmpeq r9, #2
        "
    };
}

/// Four sums begin with the half in r2 and biases behind r4.
macro_rules! bias {
    ($sum:literal, $at:literal) => {
        concat!("vldrh.s32 ", $sum, ", [r4, #", $at, "]\n", "vadd.i32 ", $sum, ", ", $sum, ", r2\n")
    };
}

/// [`bias`], times what is in q4.
macro_rules! wide_bias {
    ($sum:literal, $at:literal) => {
        concat!("vldrh.s32 ", $sum, ", [r4, #", $at, "]\n", "vmlas.i32 ", $sum, ", q4, r2\n")
    };
}

/// Eight columns of the row behind r0 are added, as `$add` does.
macro_rules! eight {
    ($low:literal, $high:literal, $at:literal, $next:literal, $add:ident) => {
        concat!(
            "vldrh.s32 q4, [r0, #",
            $at,
            "]\n",
            "vldrh.s32 q5, [r0, #",
            $next,
            "]\n",
            $add!($low, "q4"),
            $add!($high, "q5"),
        )
    };
}

macro_rules! multiply {
    ($sum:literal, $w:literal) => {
        concat!("vmla.i32 ", $sum, ", ", $w, ", r12\n")
    };
}

macro_rules! add {
    ($sum:literal, $w:literal) => {
        concat!("vadd.i32 ", $sum, ", ", $sum, ", ", $w, "\n")
    };
}

/// Eight sums, shifted down, become eight numbers in `out`: those of the first vector are its even ones.
macro_rules! narrow {
    ($low:literal, $high:literal, $out:literal) => {
        concat!(
            "vshl.s32 ",
            $low,
            ", r7\n",
            "vshl.s32 ",
            $high,
            ", r7\n",
            "vqmovnb.s32 ",
            $out,
            ", ",
            $low,
            "\n",
            "vqmovnt.s32 ",
            $out,
            ", ",
            $high,
            "\n",
        )
    };
}

macro_rules! activate {
    ($out:literal) => {
        concat!("vpt.s16 lt, ", $out, ", zr\n", "vqrdmulht.s16 ", $out, ", ", $out, ", r4\n")
    };
}

macro_rules! store {
    ($out:literal, $at:literal, $next:literal) => {
        concat!(
            "vstrh.32 ",
            $out,
            ", [r0, #",
            $at,
            "]\n",
            "vshr.u32 ",
            $out,
            ", ",
            $out,
            ", #16\n",
            "vstrh.32 ",
            $out,
            ", [r0, #",
            $next,
            "]\n"
        )
    };
}

/// Where results go, in r0, and the slope in r4: the flag Z says whether it is one.
macro_rules! results {
    () => {
        "
        ldrd r4, r0, [sp, #96]
        add r0, r11
        cmp r4, #0x8000
        "
    };
}

/// Writes what becomes of the sums of one group, in q0 and q1, and goes on to the next. The flag Z says whether there is none.
///
/// # Safety
/// Called from assembly alone: registers and the stack are as `begin` and `group` leave them, and results have room for this group.
#[unsafe(naked)]
unsafe extern "C" fn finish() {
    naked_asm!(
        ".cpu cortex-m55",
        narrow!("q0", "q1", "q4"),
        results!(),
        "beq 2f",
        activate!("q4"),
        "2:",
        store!("q4", "0", "8"),
        "add r11, r10",
        "mov r10, #16",
        "subs r9, #1",
        "bx lr",
    )
}

/// [`finish`] of two groups, of which the sums of the second are in q2 and q3.
///
/// # Safety
/// As [`finish`]; two groups are left at least, and results have room for both.
#[unsafe(naked)]
unsafe extern "C" fn finish_two() {
    naked_asm!(
        ".cpu cortex-m55",
        narrow!("q0", "q1", "q4"),
        narrow!("q2", "q3", "q5"),
        results!(),
        "beq 2f",
        activate!("q4"),
        activate!("q5"),
        "2:",
        store!("q4", "0", "8"),
        store!("q5", "16", "24"),
        "add r11, #32",
        "subs r9, #2",
        "bx lr",
    )
}

/// The last group is done.
macro_rules! end {
    () => {
        concat!(
            "vmrs r0, fpscr_nzcvqc\n",
            "ubfx r0, r0, #27, #1\n",
            "vpop {{d8-d11}}\n",
            "add sp, #16\n",
            "pop {{r4-r11, pc}}\n"
        )
    };
}

/// See [`dense`](crate::integer::dense), of numbers: here if there are eight columns and a row of biases and inputs need no shift. It is
/// given what [`rest_of`] is. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `x` is good for reads of `n` numbers, `w` of `len`, and `y` for writes of `cols`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled(
    w: *const i16,
    x: *const (),
    n: usize,
    len: usize,
    stride: usize,
    cols: usize,
    down: u32,
    slope: i32,
    y: *mut i16,
    units: usize,
) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        enter!("", "r2"),
        "add r12, r1, r2, lsl #1",
        "mov r2, r1",
        "bl {magnitudes}",
        "movw r1, #{most}",
        "cmp r0, r1",
        "bhi 9f",
        begin!(),
        "1:",
        group!(),
        "sub r5, r1",
        "lsr r5, #1",
        "vmov.i32 q4, #256",
        wide_bias!("q0", "0"),
        wide_bias!("q1", "8"),
        "bge 4f",
        "wls lr, r5, 3f",
        "2:",
        "ldrsh r12, [r1], #2",
        eight!("q0", "q1", "0", "8", multiply),
        "add r0, r3",
        "le lr, 2b",
        "3:",
        "bl {finish}",
        "bne 1b",
        "b 7f",
        "4:",
        wide_bias!("q2", "16"),
        wide_bias!("q3", "24"),
        "wls lr, r5, 6f",
        "5:",
        "ldrsh r12, [r1], #2",
        eight!("q0", "q1", "0", "8", multiply),
        eight!("q2", "q3", "16", "24", multiply),
        "add r0, r3",
        "le lr, 5b",
        "6:",
        "bl {finish_two}",
        "bne 1b",
        "7:",
        end!(),
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        rest = sym rest_of,
        finish = sym finish,
        finish_two = sym finish_two,
    )
}

/// The rows whose bit is set in the words from r1 to r5: r0 is that of the first bit of all, and `$add` adds the one that is in r0
/// then.
macro_rules! rows {
    ($add:expr, $word:literal, $row:literal, $next:literal, $end:literal) => {
        concat!(
            "mov r4, r0\n",
            "mov lr, #0x80000000\n",
            "b ",
            $end,
            "f\n",
            $word,
            ":\n",
            "ldr r6, [r1], #4\n",
            "rbit r6, r6\n",
            "cbz r6, ",
            $next,
            "f\n",
            // r4 is the row of the highest bit of r6.
            $row,
            ":\n",
            "clz r12, r6\n",
            "lsr r8, lr, r12\n",
            "bics r6, r6, r8\n",
            "mla r0, r12, r3, r4\n",
            $add,
            "bne ",
            $row,
            "b\n",
            $next,
            ":\n",
            "add r4, r4, r3, lsl #5\n",
            $end,
            ":\n",
            "cmp r1, r5\n",
            "bne ",
            $word,
            "b\n",
        )
    };
}

/// See [`dense`](crate::integer::dense), of bits: here if there are eight columns, a row of biases and the words that the units take. It
/// is given what [`rest_of`] is. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `x` is good for reads of `n` words, `w` of `len` numbers, and `y` for writes of `cols`.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected(
    w: *const i16,
    x: *const (),
    n: usize,
    len: usize,
    stride: usize,
    cols: usize,
    down: u32,
    slope: i32,
    y: *mut i16,
    units: usize,
) -> u32 {
    naked_asm!(
        ".cpu cortex-m55",
        enter!("ldr r4, [sp, #72]\n", "r4"),
        "add r6, r4, #31",
        "cmp r2, r6, lsr #5",
        "bne 9f",
        "add r12, r1, r2, lsl #2",
        "ands r6, r4, #31",
        "beq 8f",
        "ldr r7, [r12, #-4]",
        "lsrs r7, r6",
        "bne 9f",
        "8:",
        begin!(),
        "1:",
        group!(),
        bias!("q0", "0"),
        bias!("q1", "8"),
        "bge 6f",
        rows!(eight!("q0", "q1", "0", "8", add), "2", "3", "4", "5"),
        "bl {finish}",
        "bne 1b",
        "b 7f",
        "6:",
        bias!("q2", "16"),
        bias!("q3", "24"),
        rows!(
            concat!(eight!("q0", "q1", "0", "8", add), eight!("q2", "q3", "16", "24", add)),
            "2", "3", "4", "5"
        ),
        "bl {finish_two}",
        "bne 1b",
        "7:",
        end!(),
        refuse!(),
        rest = sym rest_of,
        finish = sym finish,
        finish_two = sym finish_two,
    )
}
