//! Sums of eight columns of a dense layer, and what becomes of them.

use crate::integer::assembly::Layer;
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
        concat!("asr ", $sum, ", r2\n", "ssat ", $sum, ", #16, ", $sum, "\n")
    };
}

macro_rules! activate {
    ($sum:literal, $at:literal) => {
        concat!(
            "cmp ",
            $sum,
            ", #0\n",
            "bge 3f\n",
            "mul ",
            $sum,
            ", ",
            $sum,
            ", r3\n",
            "add ",
            $sum,
            ", #0x4000\n",
            "asr ",
            $sum,
            ", #15\n",
            "3:\n"
        )
    };
}

macro_rules! store {
    ($sum:literal, $at:literal) => {
        concat!("strh ", $sum, ", [r0], #2\n")
    };
}

/// Writes what becomes of the eight sums in r4 to r11, of which each began with a half, and goes on to the next group of the layer at r12. The flag Z says whether
/// there is none; the flag Q remembers whether one left the range of 16 bits.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn finish() {
    naked_asm!(
        "ldr r0, [r12, #28]",
        "ldrd r2, r3, [r12, #20]",
        each!(narrow),
        "cmp r3, #0x8000",
        "beq 4f",
        each!(activate),
        "4:",
        each!(store),
        "str r0, [r12, #28]",
        "ldr r0, [r12]",
        "add r0, #16",
        "str r0, [r12]",
        "ldr r0, [r12, #16]",
        "add r0, #16",
        "str r0, [r12, #16]",
        "ldr r0, [r12, #32]",
        "subs r0, #1",
        "str r0, [r12, #32]",
        "bx lr",
    )
}

/// Groups of [`add_scaled`](crate::integer::add_scaled) whose inputs are not shifted. Returns whether a result left the range of 16
/// bits.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn scaled(layer: &mut Layer<i16>) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp]",
        "ldr r0, [r12, #16]",
        "ldr r2, [r12, #36]",
        each!(bias),
        "ldm r12, {{r0-r3}}",
        "tst r2, #1",
        "add r2, r1, r2, lsl #1",
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
        "ldr r12, [sp]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "pop {{r1, r4-r11, pc}}",
        finish = sym finish,
    )
}

/// Groups of [`add_rows`](crate::integer::add_rows): no bit is set behind the last row. Returns whether a result left the range of 16
/// bits.
///
/// # Safety
/// The pointers are good for what [`Layer`] says.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn selected(layer: &mut Layer<u32>) -> u32 {
    naked_asm!(
        "push {{r0, r4-r11, lr}}",
        "sub sp, #8",
        "mov lr, #0",
        "msr APSR_nzcvq, lr",
        "1:",
        "ldr r12, [sp, #8]",
        "ldr r0, [r12, #16]",
        "ldr r2, [r12, #36]",
        each!(small_bias),
        "ldm r12, {{r0-r3}}",
        "b 4f",
        "2:",
        "ldr r12, [r1], #4",
        "strd r1, r2, [sp]",
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
        "ldrd r1, r2, [sp]",
        "4:",
        "subs r2, #1",
        "bpl 2b",
        "ldr r12, [sp, #8]",
        "bl {finish}",
        "bne 1b",
        "mrs r0, APSR",
        "ubfx r0, r0, #27, #1",
        "add sp, #12",
        "pop {{r4-r11, pc}}",
        finish = sym finish,
    )
}
