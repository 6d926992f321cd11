//! Logarithms of probabilities, and magnitudes.

use crate::integer::table::Table;
use core::arch::naked_asm;

/// The next word of bits in t5: its sums in a6 and a7 are zero, and it ends at s0.
macro_rules! word {
    () => {
        concat!(
            "lw t5, 0(a2)\n",
            "addi a2, a2, 4\n",
            "li a6, 0\n",
            "li a7, 0\n",
            "addi s0, a4, 64\n",
            "bgeu s1, s0, 2f\n",
            "mv s0, s1\n",
            "2:\n",
        )
    };
}

/// The next unit, with its sign changed unless its bit is set, of which t3 tells, in t6: twice what is negative of it is added to a6, its
/// row of the table is in t1, and 2^-16ths of the way to the next in t0.
macro_rules! unit {
    () => {
        concat!(
            "lh t0, 0(a4)\n",
            "andi t3, t5, 1\n",
            "srli t5, t5, 1\n",
            "bnez t3, 3f\n",
            "neg t0, t0\n",
            "3:\n",
            "add a6, a6, t0\n",
            "mv t6, t0\n",
            "bgez t0, 3f\n",
            "neg t0, t0\n",
            "3:\n",
            "sub a6, a6, t0\n",
            "bgeu a5, t0, 3f\n",
            "mv t0, a5\n",
            "3:\n",
            "srli t1, t0, 7\n",
            "slli t1, t1, 2\n",
            "add t1, t1, a3\n",
            "slli t0, t0, 25\n",
            "srli t0, t0, 16\n",
            "addi t0, t0, -1\n",
        )
    };
}

/// From the row at t1, what is read of the number at `here` in it, and of that at `next` in the row behind it, in two parts: t2 and t4.
macro_rules! between {
    ($here:literal, $next:literal) => {
        concat!(
            "lhu t2, ",
            $here,
            "(t1)\n",
            "lhu t4, ",
            $next,
            "(t1)\n",
            "sub t4, t4, t2\n",
            "mul t4, t4, t0\n",
            "add t4, t4, a1\n",
            "srai t4, t4, 16\n"
        )
    };
}

/// Adds the sums of a word to the total in a0, which stays at the end of its range, and goes on to the next.
macro_rules! total {
    () => {
        concat!(
            "slli a6, a6, 4\n",
            "sub a6, a6, a7\n",
            "add t0, a0, a6\n",
            // Neither is positive.
            "blez t0, 5f\n",
            "lui t0, 0x80000\n",
            "5:\n",
            "mv a0, t0\n",
            "6:\n",
            "bne a4, s1, 1b\n",
            "lw s0, 12(sp)\n",
            "lw s1, 8(sp)\n",
            "addi sp, sp, 16\n",
            "ret\n",
        )
    };
}

/// The logits are from a4 to s1, and a1 is a half. Goes to the end of the loop over words.
macro_rules! enter {
    () => {
        concat!(
            "addi sp, sp, -16\n",
            "sw s0, 12(sp)\n",
            "sw s1, 8(sp)\n",
            "slli a1, a1, 1\n",
            "add s1, a1, a0\n",
            "li a1, 0x8000\n",
            "mv a4, a0\n",
            "li a0, 0\n",
            "li a5, 0x6000\n",
            "j 6f\n",
        )
    };
}

/// See [`log_prob`](crate::integer::log_prob).
///
/// # Safety
/// `logits` is good for reads of `n` numbers, and `words` of as many bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob(
    logits: *const i16,
    n: usize,
    words: *const u32,
    table: &Table,
) -> i32 {
    naked_asm!(
        ".option push",
        extensions!(),
        enter!(),
        "1:",
        word!(),
        unit!(),
        between!("2", "6"),
        "add a7, a7, t2",
        "add a7, a7, t4",
        "addi a4, a4, 2",
        "bne a4, s0, 2b",
        total!(),
        ".option pop",
    )
}

/// See [`log_prob_delta`](crate::integer::log_prob_delta).
///
/// # Safety
/// `logits` is good for reads and writes of `n` numbers, and `words` for reads of as many bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob_delta(
    logits: *mut i16,
    n: usize,
    words: *const u32,
    table: &Table,
) -> i32 {
    naked_asm!(
        ".option push",
        extensions!(),
        enter!(),
        "1:",
        word!(),
        unit!(),
        between!("2", "6"),
        "add a7, a7, t2",
        "add a7, a7, t4",
        between!("0", "4"),
        "add t4, t4, t2",
        "addi t4, t4, 8",
        "srli t4, t4, 4",
        // The probability of what the unit is not.
        "bgez t6, 4f",
        "lui t6, 1",
        "sub t4, t6, t4",
        "4:",
        "beqz t3, 4f",
        "neg t4, t4",
        "4:",
        "sh t4, 0(a4)",
        "addi a4, a4, 2",
        "bne a4, s0, 2b",
        total!(),
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
