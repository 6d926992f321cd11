//! Sums of eight columns of a dense layer, and what becomes of them.
//!
//! Where columns are no whole groups, the first two groups share some, whose results are the same.
//!
//! What [`scaled`] and [`selected`] are given lies on the stack, where it changes from group to group of columns:
//!
//! | behind sp | at first | then |
//! |---|---|---|
//! | 0 | the first row | its part in this group |
//! | 4 | inputs, or words of bits | |
//! | 8 | how many | the end of them |
//! | 12 | numbers in all rows | this group's part of the row of biases |
//! | 16 | registers r4 to r11, lr | |
//! | 52 | numbers from one row to the next | bytes |
//! | 56 | columns | groups left, and from bit 16 on the bytes to the next |
//! | 60 | bits that sums are shifted down by, at least one | |
//! | 64 | slope below zero, with 15 bits behind the point | |
//! | 68 | where results go | where those of this group go |
//! | 72 | units, which only [`selected`] reads | the next word |

#[cfg(not(any(integer_dsp, integer_helium)))]
use crate::integer::assembly::{MOST, magnitudes_from, rest_of};
use core::arch::naked_asm;

/// The same for each of the eight sums, with where its number lies.
macro_rules! each {
    ($sum:ident) => {
        concat!(
            $sum!("r4", "0"),
            $sum!("r5", "2"),
            $sum!("r6", "4"),
            $sum!("r7", "6"),
            $sum!("r8", "8"),
            $sum!("r9", "10"),
            $sum!("r10", "12"),
            $sum!("r11", "14"),
        )
    };
}

macro_rules! multiply {
    ($sum:literal, $at:literal) => {
        concat!("ldrsh lr, [r0, #", $at, "]\n", "mla ", $sum, ", r12, lr, ", $sum, "\n")
    };
}

macro_rules! bias {
    ($sum:literal, $at:literal) => {
        concat!("ldrsh lr, [r0, #", $at, "]\n", "add ", $sum, ", r2, lr, lsl #8\n")
    };
}

macro_rules! small_bias {
    ($sum:literal, $at:literal) => {
        concat!("ldrsh lr, [r0, #", $at, "]\n", "add ", $sum, ", r2, lr\n")
    };
}

macro_rules! add {
    ($sum:literal, $at:literal) => {
        concat!("ldrsh lr, [r2, #", $at, "]\n", "add ", $sum, ", lr\n")
    };
}

macro_rules! narrow {
    ($sum:literal, $at:literal) => {
        concat!("asrs ", $sum, ", r2\n", "ssat ", $sum, ", #16, ", $sum, "\n")
    };
}

macro_rules! activate {
    ($sum:literal, $at:literal) => {
        concat!(
            "cmp ",
            $sum,
            ", #0\n",
            "bge 3f\n",
            "mla ",
            $sum,
            ", ",
            $sum,
            ", r3, r1\n",
            "asrs ",
            $sum,
            ", #15\n",
            "3:\n"
        )
    };
}

macro_rules! store {
    ($sum:literal, $at:literal) => {
        concat!("strh ", $sum, ", [r0, #", $at, "]\n")
    };
}

/// Writes what becomes of the eight sums in r4 to r11, of which each began with a half, and goes on to the next group. The flag Z
/// says whether there is none; the flag Q remembers whether one left the range of 16 bits.
///
/// # Safety
/// Called from assembly alone: the stack is as told above, of a group, and results have room for its eight numbers.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish() {
    naked_asm!(
        "ldrd r2, r3, [sp, #60]",
        each!(narrow),
        "cmp r3, #0x8000",
        "beq 4f",
        "mov r1, #0x4000",
        each!(activate),
        "4:",
        "ldr r0, [sp, #68]",
        each!(store),
        "ldr r3, [sp, #56]",
        "lsr r1, r3, #16",
        "add r0, r1",
        "str r0, [sp, #68]",
        "ldr r0, [sp]",
        "add r0, r1",
        "str r0, [sp]",
        "ldr r0, [sp, #12]",
        "add r0, r1",
        "str r0, [sp, #12]",
        "uxth r3, r3",
        "subs r3, #1",
        "orr r3, #0x00100000",
        "str r3, [sp, #56]",
        "bx lr",
    )
}

/// Puts on the stack what was given, and finds in r9 the row of biases, behind as many others as are in `units`: that it is there is
/// what all reads rely on. In r10 and r11 are numbers from one row to the next, and columns.
macro_rules! enter {
    ($load:literal, $units:literal) => {
        concat!(
            "push {{r0-r11, lr}}\n",
            "ldrd r10, r11, [sp, #52]\n",
            $load,
            "cmp r11, #8\n",
            "blo 9f\n",
            "cmp r11, #0x40000\n",
            "bhs 9f\n",
            "umull r6, r7, ",
            $units,
            ", r10\n",
            "adds r8, r6, r11\n",
            "adcs r7, r7, #0\n",
            "bne 9f\n",
            "cmp r8, r3\n",
            "bhi 9f\n",
            "add r9, r0, r6, lsl #1\n",
        )
    };
}

/// Nothing will be refused: what was given changes on the stack, the end of the inputs to r12. The bytes to the second group stay in r5.
macro_rules! settle {
    () => {
        concat!(
            "str r12, [sp, #8]\n",
            "str r9, [sp, #12]\n",
            "lsl r10, #1\n",
            "str r10, [sp, #52]\n",
            "ands r5, r11, #7\n",
            "ite eq\n",
            "moveq r5, #16\n",
            "lslne r5, r5, #1\n",
            "add r11, #7\n",
            "lsr r11, #3\n",
            "orr r11, r11, r5, lsl #16\n",
            "str r11, [sp, #56]\n",
            "mov lr, #0\n",
            "msr APSR_nzcvq, lr\n",
        )
    };
}

/// Inputs that need no shift.
macro_rules! enter_scaled {
    () => {
        concat!(
            enter!("", "r2"),
            "add r12, r1, r2, lsl #1\n",
            "mov r2, r1\n",
            "bl {magnitudes}\n",
            "movw r1, #{most}\n",
            "cmp r0, r1\n",
            "bhi 9f\n",
            settle!(),
        )
    };
}

/// As many words as units take, with no bit behind the last.
macro_rules! enter_selected {
    () => {
        concat!(
            enter!("ldr r4, [sp, #72]\n", "r4"),
            "add r6, r4, #31\n",
            "cmp r2, r6, lsr #5\n",
            "bne 9f\n",
            "add r12, r1, r2, lsl #2\n",
            "ands r6, r4, #31\n",
            "beq 8f\n",
            "ldr r7, [r12, #-4]\n",
            "lsrs r7, r6\n",
            "bne 9f\n",
            "8:\n",
            settle!(),
        )
    };
}

/// What a group begins with: a half in r2, and in r0 where the biases lie.
macro_rules! group {
    () => {
        "ldr r3, [sp, #60]\nmovs r2, #1\nlsls r2, r3\nlsrs r2, #1\nldr r0, [sp, #12]\n"
    };
}

/// The last group is done.
macro_rules! leave {
    () => {
        "mrs r0, APSR\nubfx r0, r0, #27, #1\nadd sp, #16\npop {{r4-r11, pc}}\n"
    };
}

/// All of it is for plain loops, with what was given.
macro_rules! refuse {
    () => {
        "9:\npop {{r0-r11, lr}}\nb {rest}\n"
    };
}

/// What [`dense`](crate::integer::dense) does with numbers, here if there are eight columns and a row of biases and inputs need no shift.
/// Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `x` is good for reads of `n` numbers, `w` of `len`, and `y` for writes of `cols`.
#[cfg(not(any(integer_dsp, integer_helium)))]
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
        enter_scaled!(),
        "b {groups}",
        refuse!(),
        magnitudes = sym magnitudes_from,
        most = const MOST,
        groups = sym scaled_groups,
        rest = sym rest_of,
    )
}

/// The groups of [`scaled`], of what is on the stack.
///
/// # Safety
/// Branched to from assembly alone: the stack is as told above, of the first group. All rows and inputs are good for reads, and
/// results for writes.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled_groups() {
    naked_asm!(
        "1:",
        group!(),
        each!(bias),
        "ldm sp, {{r0-r2}}",
        "ldr r3, [sp, #52]",
        "sub lr, r2, r1",
        "tst lr, #2",
        "bne 4f",
        "b 3f",
        "2:",
        "ldrsh r12, [r1], #2",
        each!(multiply),
        "add r0, r3",
        "4:",
        "ldrsh r12, [r1], #2",
        each!(multiply),
        "add r0, r3",
        "3:",
        "cmp r1, r2",
        "bne 2b",
        "bl {finish}",
        "bne 1b",
        leave!(),
        finish = sym finish,
    )
}

/// What [`dense`](crate::integer::dense) does with bits, here if there are eight columns, a row of biases and the words that the units
/// take. Returns whether a result left the range of 16 bits.
///
/// # Safety
/// `x` is good for reads of `n` words, `w` of `len` numbers, and `y` for writes of `cols`.
#[cfg(not(any(integer_dsp, integer_helium)))]
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
        enter_selected!(),
        "b {groups}",
        refuse!(),
        groups = sym selected_groups,
        rest = sym rest_of,
    )
}

/// The groups of [`selected`], of what is on the stack.
///
/// # Safety
/// As [`scaled_groups`]; no bit is set behind the units.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected_groups() {
    naked_asm!(
        "1:",
        group!(),
        each!(small_bias),
        "ldrd r0, r1, [sp]",
        "ldr r3, [sp, #52]",
        "b 4f",
        "2:",
        "ldr r12, [r1], #4",
        "str r1, [sp, #72]",
        "mov r1, r0",
        "rbit r12, r12",
        "cmp r12, #0",
        "beq 6f",
        // r2 is the row of the next bit, the highest of r12.
        "3:",
        "clz lr, r12",
        "mla r2, lr, r3, r1",
        "add r1, r2, r3",
        "add lr, #1",
        "lsls r12, lr",
        each!(add),
        "bne 3b",
        "6:",
        "add r0, r0, r3, lsl #5",
        "ldr r1, [sp, #72]",
        "4:",
        "ldr r2, [sp, #8]",
        "cmp r1, r2",
        "bne 2b",
        "bl {finish}",
        "bne 1b",
        leave!(),
        finish = sym finish,
    )
}
