//! Loops for RV32IM: eight or sixteen columns, or four rows, are in registers.

use super::super::table::Table;
use super::{Layer, Outer};
use core::arch::naked_asm;

/// Of [`dots`] and [`outer`]: a multiple of so many columns.
pub(crate) const GROUP: usize = 8;
/// What pointers must be multiples of.
pub(crate) const ALIGNED: usize = 2;

/// The same for each sum, with where its number lies in a row, and where the sum goes.
macro_rules! each {
    (8, $sum:ident) => {
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
    (16, $sum:ident) => {
        concat!(
            each!(8, $sum),
            $sum!("s1", "16", "32"),
            $sum!("s2", "18", "36"),
            $sum!("s3", "20", "40"),
            $sum!("s4", "22", "44"),
            $sum!("s5", "24", "48"),
            $sum!("s6", "26", "52"),
            $sum!("s7", "28", "56"),
            $sum!("s8", "30", "60"),
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

/// Saved registers go to the stack, or come from there.
macro_rules! saved {
    ($move:literal) => {
        concat!(
            $move,
            " s0, 44(sp)\n",
            $move,
            " s1, 40(sp)\n",
            $move,
            " s2, 36(sp)\n",
            $move,
            " s3, 32(sp)\n",
            $move,
            " s4, 28(sp)\n",
            $move,
            " s5, 24(sp)\n",
            $move,
            " s6, 20(sp)\n",
            $move,
            " s7, 16(sp)\n",
            $move,
            " s8, 12(sp)\n"
        )
    };
}

/// A function that sums so many columns, of whole rows times inputs: the bias times 2^8, and inputs times rows.
macro_rules! scaled {
    ($name:ident, $n:tt) => {
        /// The sums of so many columns: the bias times 2^8, and inputs times rows.
        ///
        /// # Safety
        /// The pointers are good for what [`Layer`] says.
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name(of: &Layer<i16>, sums: &mut [i32; $n]) {
            naked_asm!(
                ".option push",
                ".option arch, +m",
                "addi sp, sp, -48",
                saved!("sw"),
                "lw t4, 0(a0)",
                "lw a2, 4(a0)",
                "lw a3, 8(a0)",
                "lw t6, 12(a0)",
                "slli a3, a3, 1",
                "add a3, a3, a2",
                each!($n, zero),
                "beq a2, a3, 3f",
                "2:",
                "lh t5, 0(a2)",
                "addi a2, a2, 2",
                each!($n, multiply),
                "add t4, t4, t6",
                "bne a2, a3, 2b",
                "3:",
                each!($n, bias),
                saved!("lw"),
                "addi sp, sp, 48",
                "ret",
                ".option pop",
            )
        }
    };
}

/// A function that sums so many columns, of the rows whose bit is set.
macro_rules! selected {
    ($name:ident, $n:tt) => {
        /// The sums of so many columns: the bias, and the rows whose bit is set; none is set behind the last row.
        ///
        /// # Safety
        /// The pointers are good for what [`Layer`] says.
        #[unsafe(naked)]
        pub(crate) unsafe extern "C" fn $name(of: &Layer<u32>, sums: &mut [i32; $n]) {
            naked_asm!(
                ".option push",
                ".option arch, +m",
                "addi sp, sp, -48",
                saved!("sw"),
                "lw s0, 0(a0)",
                "lw a2, 4(a0)",
                "lw a3, 8(a0)",
                "lw t6, 12(a0)",
                "lw t5, 16(a0)",
                "slli a3, a3, 2",
                "add a3, a3, a2",
                each!($n, load),
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
                each!($n, add),
                "4:",
                "add t4, t4, t6",
                "bnez a0, 3b",
                "5:",
                "slli t5, t6, 5",
                "add s0, s0, t5",
                "bne a2, a3, 2b",
                "6:",
                each!($n, store),
                saved!("lw"),
                "addi sp, sp, 48",
                "ret",
                ".option pop",
            )
        }
    };
}

scaled!(scaled_8, 8);
scaled!(scaled_16, 16);
selected!(selected_8, 8);
selected!(selected_16, 16);

/// The next sum becomes 16 bits in t0; at `out` it is cut, and comes back.
macro_rules! narrow_one {
    ($back:literal, $out:literal) => {
        concat!(
            "lw t0, 0(a5)\n",
            "addi a5, a5, 4\n",
            "add t0, t0, a6\n",
            "sra t0, t0, a3\n",
            "slli t1, t0, 16\n",
            "srai t1, t1, 16\n",
            "bne t1, t0, ",
            $out,
            "f\n",
            $back,
            ":\n"
        )
    };
}

macro_rules! narrow_end {
    ($back:literal, $out:literal) => {
        concat!(
            $out,
            ":\n",
            "li a0, 1\n",
            "srai t0, t0, 31\n",
            "li t1, 0x7fff\n",
            "xor t0, t0, t1\n",
            "j ",
            $back,
            "b\n"
        )
    };
}

/// Writes what becomes of `n` sums: see [`Finish`](super::super::Finish). Returns whether one left the range of 16 bits.
///
/// # Safety
/// `sums` is good for reads of `n`, which is not zero, and `y` for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish(
    sums: *const i32,
    y: *mut i16,
    n: usize,
    down: u32,
    slope: i32,
) -> u32 {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "mv a5, a0",
        "li a0, 0",
        "slli a2, a2, 2",
        "add a2, a2, a5",
        "li a6, 1",
        "sll a6, a6, a3",
        "srli a6, a6, 1",
        // A slope of one changes nothing.
        "li t2, 0x8000",
        "beq a4, t2, 7f",
        "2:",
        narrow_one!("3", "5"),
        "bltz t0, 6f",
        "4:",
        "sh t0, 0(a1)",
        "addi a1, a1, 2",
        "bne a5, a2, 2b",
        "ret",
        "6:",
        "mul t0, t0, a4",
        "li t1, 0x4000",
        "add t0, t0, t1",
        "srai t0, t0, 15",
        "j 4b",
        "7:",
        narrow_one!("8", "9"),
        "sh t0, 0(a1)",
        "addi a1, a1, 2",
        "bne a5, a2, 7b",
        "ret",
        narrow_end!("3", "5"),
        narrow_end!("8", "9"),
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
            column!("8", $shifted),
            column!("10", $shifted),
            column!("12", $shifted),
            column!("14", $shifted),
            "addi a1, a1, 16\n",
            "addi a0, a0, 16\n",
            "addi t0, t0, 16\n",
            "addi t1, t1, 16\n",
            "addi t2, t2, 16\n",
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

/// Two parameters of [`outer`], whose word, with both signs changed, is in `word` already.
macro_rules! grow {
    ($word:literal, $lower:literal, $upper:literal, $at:literal) => {
        concat!(
            "lh t6, ",
            $lower,
            "(t0)\n",
            "mul t6, t6, a5\n",
            "add t6, t6, a6\n",
            "srai t6, t6, 16\n",
            "add ",
            $word,
            ", ",
            $word,
            ", t6\n",
            "lh t6, ",
            $upper,
            "(t0)\n",
            "mul t6, t6, a5\n",
            "add t6, t6, a6\n",
            "and t6, t6, a4\n",
            "add ",
            $word,
            ", ",
            $word,
            ", t6\n",
            "xor ",
            $word,
            ", ",
            $word,
            ", a2\n",
            "sw ",
            $word,
            ", ",
            $at,
            "(a7)\n"
        )
    };
}

/// For each row whose bit is set, w += (a d + noise) over 2^16, where a is its input times the mantissa, shifted down and rounded
/// by the lower half of the row's word, within the limit; noise is its upper half. Returns how many rows were cut by the limit or
/// have a result that left the range of 16 bits.
///
/// Two parameters are a word, to which what they grow by is added: with their signs changed they are not negative, and nothing is
/// carried from the lower to the upper while both are within half of their range, and grow by half of it at most. Where that does
/// not hold, eight columns go one by one.
///
/// # Safety
/// The pointers are good for what [`Outer`] says, rows are words; there is a multiple of [`GROUP`] columns, and not none.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn outer(rows: &mut Outer) -> u32 {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "addi sp, sp, -64",
        "sw ra, 60(sp)",
        "sw s0, 56(sp)",
        "sw s1, 52(sp)",
        "sw s2, 48(sp)",
        "sw s3, 44(sp)",
        "sw s4, 40(sp)",
        "sw s5, 36(sp)",
        "sw s6, 32(sp)",
        "sw s7, 28(sp)",
        "sw s8, 24(sp)",
        "sw s9, 20(sp)",
        "sw s10, 16(sp)",
        "sw s11, 12(sp)",
        "lw s0, 0(a0)",
        "lw s1, 4(a0)",
        "lw s2, 8(a0)",
        "lw s3, 12(a0)",
        "lw s4, 16(a0)",
        "lw s5, 20(a0)",
        "lw s6, 24(a0)",
        "lw s7, 28(a0)",
        "lw s8, 32(a0)",
        "lw s9, 36(a0)",
        "lw s10, 40(a0)",
        "lw s11, 44(a0)",
        "lw a0, 48(a0)",
        "slli s6, s6, 1",
        "add t1, s5, s6",
        "addi s10, s10, -1",
        // How many rows count, and the last of them.
        "li a1, 0",
        "sw zero, 8(sp)",
        "li a2, 0x80008000",
        "li a3, 0x40004000",
        "li a4, 0xffff0000",
        "2:",
        "andi t2, s4, 1",
        "beqz t2, 5f",
        "lh t2, 0(s7)",
        "mul t2, t2, s9",
        "slli t3, s2, 16",
        "srli t3, t3, 1",
        "srl t3, t3, s10",
        "add t2, t2, t3",
        "sra a5, t2, s11",
        "srli a6, s2, 16",
        "mv a7, s0",
        "mv t0, s5",
        "srli t2, a0, 1",
        "add t2, t2, a5",
        "bltu a0, t2, 6f",
        "3:",
        "lw t2, 0(a7)",
        "lw t3, 4(a7)",
        "lw t4, 8(a7)",
        "lw t5, 12(a7)",
        "xor t2, t2, a2",
        "xor t3, t3, a2",
        "xor t4, t4, a2",
        "xor t5, t5, a2",
        "sub ra, t2, a3",
        "sub t6, t3, a3",
        "or ra, ra, t6",
        "sub t6, t4, a3",
        "or ra, ra, t6",
        "sub t6, t5, a3",
        "or ra, ra, t6",
        "and ra, ra, a2",
        "bnez ra, 7f",
        grow!("t2", "0", "2", "0"),
        grow!("t3", "4", "6", "4"),
        grow!("t4", "8", "10", "8"),
        grow!("t5", "12", "14", "12"),
        "addi a7, a7, 16",
        "addi t0, t0, 16",
        "bne t0, t1, 3b",
        "5:",
        "srli s4, s4, 1",
        "add s0, s0, s1",
        "add s2, s2, s3",
        "add s7, s7, s8",
        "bnez s4, 2b",
        "mv a0, a1",
        "lw ra, 60(sp)",
        "lw s0, 56(sp)",
        "lw s1, 52(sp)",
        "lw s2, 48(sp)",
        "lw s3, 44(sp)",
        "lw s4, 40(sp)",
        "lw s5, 36(sp)",
        "lw s6, 32(sp)",
        "lw s7, 28(sp)",
        "lw s8, 24(sp)",
        "lw s9, 20(sp)",
        "lw s10, 16(sp)",
        "lw s11, 12(sp)",
        "addi sp, sp, 64",
        "ret",
        // A factor beyond half of the limit, and perhaps beyond it.
        "6:",
        "add t2, a5, a0",
        "slli t3, a0, 1",
        "bgeu t3, t2, 7f",
        "addi a1, a1, 1",
        "sw s0, 8(sp)",
        "srai t2, a5, 31",
        "xor a5, a0, t2",
        "sub a5, a5, t2",
        "7:",
        "addi ra, t0, 16",
        "8:",
        "lh t2, 0(t0)",
        "mul t2, t2, a5",
        "add t2, t2, a6",
        "srai t2, t2, 16",
        "lh t3, 0(a7)",
        "add t2, t2, t3",
        "slli t3, t2, 16",
        "srai t3, t3, 16",
        "beq t3, t2, 9f",
        "srai t2, t2, 31",
        "li t3, 0x7fff",
        "xor t2, t2, t3",
        "lw t3, 8(sp)",
        "beq t3, s0, 9f",
        "addi a1, a1, 1",
        "sw s0, 8(sp)",
        "9:",
        "sh t2, 0(a7)",
        "addi a7, a7, 2",
        "addi t0, t0, 2",
        "bne t0, ra, 8b",
        "beq t0, t1, 5b",
        "srli t2, a0, 1",
        "add t2, t2, a5",
        "bgeu a0, t2, 3b",
        "j 7b",
        ".option pop",
    )
}

/// The next unit in t0, with its sign changed unless its bit is set, of which t3 tells: what is negative of it is added to a0, its row of
/// the table is in t1, and 128th parts of the way to the next in t0. Its sign is in t6.
macro_rules! unit {
    () => {
        concat!(
            "lh t0, 0(a4)\n",
            "andi t3, a2, 1\n",
            "srli a2, a2, 1\n",
            "addi t3, t3, -1\n",
            "xor t0, t0, t3\n",
            "sub t0, t0, t3\n",
            "srai t6, t0, 31\n",
            "and t2, t0, t6\n",
            "slli t2, t2, 5\n",
            "add a0, a0, t2\n",
            "xor t0, t0, t6\n",
            "sub t0, t0, t6\n",
            "bgeu a5, t0, 3f\n",
            "mv t0, a5\n",
            "3:\n",
            "srli t1, t0, 7\n",
            "slli t1, t1, 3\n",
            "add t1, t1, a3\n",
            "andi t0, t0, 127\n",
        )
    };
}

/// What is read between two rows of the table from the word in `word`.
macro_rules! between {
    ($word:literal, $room:literal) => {
        concat!(
            "slli ", $room, ", ", $word, ", 17\n", "srli ", $room, ", ", $room, ", 8\n", "mul ", $room, ", ",
            $room, ", t0\n", "sub ", $word, ", ", $word, ", ", $room, "\n", "srli ", $word, ", ", $word,
            ", 16\n"
        )
    };
}

/// See [`log_prob`](super::super::log_prob).
///
/// # Safety
/// `logits` is good for reads of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob(logits: *const i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "slli a1, a1, 1",
        "add a1, a1, a0",
        "mv a4, a0",
        "li a0, 0",
        "li a5, 0x6000",
        "2:",
        unit!(),
        "lw t2, 4(t1)",
        between!("t2", "t1"),
        "sub a0, a0, t2",
        "addi a4, a4, 2",
        "bne a4, a1, 2b",
        "ret",
        ".option pop",
    )
}

/// See [`log_prob_delta`](super::super::log_prob_delta).
///
/// # Safety
/// `logits` is good for reads and writes of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob_delta(logits: *mut i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        ".option push",
        ".option arch, +m",
        "slli a1, a1, 1",
        "add a1, a1, a0",
        "mv a4, a0",
        "li a0, 0",
        "li a5, 0x6000",
        "li a6, 4096",
        "2:",
        unit!(),
        "lw t2, 4(t1)",
        "lw t4, 0(t1)",
        between!("t2", "t1"),
        "sub a0, a0, t2",
        between!("t4", "t1"),
        "addi t4, t4, 8",
        "srli t4, t4, 4",
        // The probability of what the unit is not, with the sign of what it should be less.
        "and t6, t6, a6",
        "beqz t6, 4f",
        "sub t4, t6, t4",
        "4:",
        "neg t4, t4",
        "xor t4, t4, t3",
        "sub t4, t4, t3",
        "sh t4, 0(a4)",
        "addi a4, a4, 2",
        "bne a4, a1, 2b",
        "ret",
        ".option pop",
    )
}

macro_rules! magnitude {
    ($at:literal) => {
        concat!(
            "lh t0, ",
            $at,
            "(a2)\n",
            "srai t1, t0, 31\n",
            "xor t0, t0, t1\n",
            "sub t0, t0, t1\n",
            "add a0, a0, t0\n",
            "or a1, a1, t0\n"
        )
    };
}

/// The sum of the magnitudes, and in the upper half all their bits.
///
/// # Safety
/// `x` is good for reads of `n` numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn magnitudes(x: *const i16, n: usize) -> u64 {
    naked_asm!(
        "mv a2, a0",
        "slli a3, a1, 1",
        "add a3, a3, a2",
        "andi t2, a1, 3",
        "li a0, 0",
        "li a1, 0",
        "slli t2, t2, 1",
        "add t2, t2, a2",
        "beq a2, t2, 3f",
        "1:",
        magnitude!("0"),
        "addi a2, a2, 2",
        "bne a2, t2, 1b",
        "j 3f",
        "2:",
        magnitude!("0"),
        magnitude!("2"),
        magnitude!("4"),
        magnitude!("6"),
        "addi a2, a2, 8",
        "3:",
        "bne a2, a3, 2b",
        "ret",
    )
}
