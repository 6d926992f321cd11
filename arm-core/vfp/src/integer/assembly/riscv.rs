//! Loops for RV32IM: eight columns, or four rows, are in registers.

use super::{Layer, Row};
use core::arch::naked_asm;

/// Of [`dots`] and [`add_pair`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 4;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;

/// The same for each of the eight sums, with what lies at their column.
macro_rules! each {
    ($sum:ident) => {
        concat!(
            $sum!("a4", "0", "0"),
            $sum!("a5", "2", "4"),
            $sum!("a6", "4", "8"),
            $sum!("a7", "6", "12"),
            $sum!("t0", "8", "16"),
            $sum!("t1", "10", "20"),
            $sum!("t2", "12", "24"),
            $sum!("t3", "14", "28"),
        )
    };
}

macro_rules! zero {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!("li ", $sum, ", 0\n")
    };
}

macro_rules! multiply {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!("lh a0, ", $at, "(t4)\n", "mul a0, a0, t5\n", "add ", $sum, ", ", $sum, ", a0\n")
    };
}

macro_rules! bias {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!(
            "lh a0, ",
            $at,
            "(t4)\n",
            "slli a0, a0, 8\n",
            "add ",
            $sum,
            ", ",
            $sum,
            ", a0\n",
            "sw ",
            $sum,
            ", ",
            $word,
            "(a1)\n"
        )
    };
}

macro_rules! load {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!("lh ", $sum, ", ", $at, "(t5)\n")
    };
}

macro_rules! add {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!("lh t5, ", $at, "(t4)\n", "add ", $sum, ", ", $sum, ", t5\n")
    };
}

macro_rules! store {
    ($sum:literal, $at:literal, $word:literal) => {
        concat!("sw ", $sum, ", ", $word, "(a1)\n")
    };
}

/// The sums of eight columns: the bias times 2^8, and inputs times rows.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled(of: &Layer<i16>, sums: &mut [i32; 8]) {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "lw t4, 0(a0)",
        "lw a2, 4(a0)",
        "lw a3, 8(a0)",
        "lw t6, 12(a0)",
        "slli a3, a3, 1",
        "add a3, a3, a2",
        each!(zero),
        "beq a2, a3, 3f",
        "2:",
        "lh t5, 0(a2)",
        "addi a2, a2, 2",
        each!(multiply),
        "add t4, t4, t6",
        "bne a2, a3, 2b",
        "3:",
        each!(bias),
        "ret",
        ".option pop",
    )
}

/// The sums of eight columns: the bias, and the rows whose bit is set; none is set behind the last row.
///
/// # Safety
/// As [`scaled`].
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected(of: &Layer<u32>, sums: &mut [i32; 8]) {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "addi sp, sp, -16",
        "sw s0, 12(sp)",
        "lw s0, 0(a0)",
        "lw a2, 4(a0)",
        "lw a3, 8(a0)",
        "lw t6, 12(a0)",
        "lw t5, 16(a0)",
        "slli a3, a3, 2",
        "add a3, a3, a2",
        each!(load),
        "beq a2, a3, 6f",
        "2:",
        "lw a0, 0(a2)",
        "addi a2, a2, 4",
        "mv t4, s0",
        "beqz a0, 5f",
        "3:",
        "andi t5, a0, 1",
        "srli a0, a0, 1",
        "beqz t5, 4f",
        each!(add),
        "4:",
        "add t4, t4, t6",
        "bnez a0, 3b",
        "5:",
        "slli t5, t6, 5",
        "add s0, s0, t5",
        "bne a2, a3, 2b",
        "6:",
        each!(store),
        "lw s0, 12(sp)",
        "addi sp, sp, 16",
        "ret",
        ".option pop",
    )
}

/// A column of [`dots`], times four rows.
macro_rules! column {
    ($at:literal, $shifted:literal) => {
        concat!(
            "lh t5, ",
            $at,
            "(a1)\n",
            $shifted,
            "lh t6, ",
            $at,
            "(a0)\n",
            "mul t6, t6, t5\n",
            "add a6, a6, t6\n",
            "lh t6, ",
            $at,
            "(t0)\n",
            "mul t6, t6, t5\n",
            "add a7, a7, t6\n",
            "lh t6, ",
            $at,
            "(t1)\n",
            "mul t6, t6, t5\n",
            "add t3, t3, t6\n",
            "lh t6, ",
            $at,
            "(t2)\n",
            "mul t6, t6, t5\n",
            "add t4, t4, t6\n"
        )
    };
}

macro_rules! columns {
    ($shifted:literal) => {
        concat!(
            column!("0", $shifted),
            column!("2", $shifted),
            column!("4", $shifted),
            column!("6", $shifted),
            "addi a1, a1, 8\n",
            "addi a0, a0, 8\n",
            "addi t0, t0, 8\n",
            "addi t1, t1, 8\n",
            "addi t2, t2, 8\n",
        )
    };
}

/// The inner products of `d`, over 2^`shift`, with four rows of `n` columns, `stride` bytes apart.
///
/// # Safety
/// `w` is good for reads of these rows, `d` for `n`, which is not zero and a multiple of [`GROUP`], and `sums` for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn dots(
    w: *const i16,
    d: *const i16,
    n: usize,
    stride: usize,
    sums: &mut [i32; 4],
    shift: u32,
) {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "add t0, a0, a3",
        "add t1, t0, a3",
        "add t2, t1, a3",
        "slli a2, a2, 1",
        "add a2, a2, a1",
        "li a6, 0",
        "li a7, 0",
        "li t3, 0",
        "li t4, 0",
        "beqz a5, 3f",
        "li a3, 1",
        "sll a3, a3, a5",
        "srli a3, a3, 1",
        "2:",
        columns!("add t5, t5, a3\nsra t5, t5, a5\n"),
        "bne a1, a2, 2b",
        "j 4f",
        "3:",
        columns!(""),
        "bne a1, a2, 3b",
        "4:",
        "sw a6, 0(a4)",
        "sw a7, 4(a4)",
        "sw t3, 8(a4)",
        "sw t4, 12(a4)",
        "ret",
        ".option pop",
    )
}

/// A parameter of [`add_pair`] at `at`: of the row at `w`, with its factor and its noise.
macro_rules! parameter {
    ($at:literal, $w:literal, $factor:literal, $noise:literal, $out:literal, $back:literal) => {
        concat!(
            "mul t4, ",
            $factor,
            ", t2\n",
            "add t4, t4, ",
            $noise,
            "\n",
            "lh t3, ",
            $at,
            "(",
            $w,
            ")\n",
            "srai t4, t4, 16\n",
            "add t3, t3, t4\n",
            "add t4, t3, t0\n",
            "bgeu t4, t1, ",
            $out,
            "f\n",
            $back,
            ":\n",
            "sh t3, ",
            $at,
            "(",
            $w,
            ")\n"
        )
    };
}

/// What becomes of one that leaves the range.
macro_rules! end {
    ($out:literal, $back:literal, $row:literal) => {
        concat!(
            $out,
            ":\n",
            "srai t3, t3, 31\n",
            "addi t4, t0, -1\n",
            "xor t3, t3, t4\n",
            "ori t5, t5, ",
            $row,
            "\n",
            "j ",
            $back,
            "b\n"
        )
    };
}

/// For both rows, which may be one whose second factor and noise are zero, w += (a d + noise) over 2^16, for `n` columns.
/// Returns which had a result that left the range of 16 bits: a bit each.
///
/// # Safety
/// The rows are good for reads and writes of `n` columns, and `d` for reads; there is a multiple of [`GROUP`], and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn add_pair(rows: &[Row; 2], d: *const i16, n: usize) -> u32 {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "slli a3, a2, 1",
        "add a3, a3, a1",
        "mv a2, a1",
        "lw a4, 4(a0)",
        "lw a6, 8(a0)",
        "lw a1, 12(a0)",
        "lw a5, 16(a0)",
        "lw a7, 20(a0)",
        "lw a0, 0(a0)",
        "li t0, 0x8000",
        "li t1, 0x10000",
        "li t5, 0",
        "2:",
        "lh t2, 0(a2)",
        parameter!("0", "a0", "a4", "a6", "10", "20"),
        parameter!("0", "a1", "a5", "a7", "11", "21"),
        "lh t2, 2(a2)",
        parameter!("2", "a0", "a4", "a6", "12", "22"),
        parameter!("2", "a1", "a5", "a7", "13", "23"),
        "lh t2, 4(a2)",
        parameter!("4", "a0", "a4", "a6", "14", "24"),
        parameter!("4", "a1", "a5", "a7", "15", "25"),
        "lh t2, 6(a2)",
        parameter!("6", "a0", "a4", "a6", "16", "26"),
        parameter!("6", "a1", "a5", "a7", "17", "27"),
        "addi a0, a0, 8",
        "addi a1, a1, 8",
        "addi a2, a2, 8",
        "bne a2, a3, 2b",
        "mv a0, t5",
        "ret",
        end!("10", "20", "1"),
        end!("11", "21", "2"),
        end!("12", "22", "1"),
        end!("13", "23", "2"),
        end!("14", "24", "1"),
        end!("15", "25", "2"),
        end!("16", "26", "1"),
        end!("17", "27", "2"),
        ".option pop",
    )
}
