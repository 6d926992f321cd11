//! Sums of eight or sixteen columns of a dense layer, and what becomes of them.

use crate::integer::assembly::Layer;
use core::arch::naked_asm;

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
                extensions!(),
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
                extensions!(),
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

/// Writes what becomes of `n` sums: see [`Finish`](crate::integer::Finish). Returns whether one left the range of 16 bits.
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
        extensions!(),
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
