//! Logarithms of probabilities, and magnitudes.

use crate::integer::table::Table;
use core::arch::naked_asm;

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

/// See [`log_prob`](crate::integer::log_prob).
///
/// # Safety
/// `logits` is good for reads of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob(logits: *const i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        ".option push",
        extensions!(),
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

/// See [`log_prob_delta`](crate::integer::log_prob_delta).
///
/// # Safety
/// `logits` is good for reads and writes of `n` numbers, of which there are some.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn log_prob_delta(logits: *mut i16, n: usize, word: u32, table: &Table) -> i32 {
    naked_asm!(
        ".option push",
        extensions!(),
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
