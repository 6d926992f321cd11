//! Loops in assembly, where the processor has some; all of them have a twin in plain Rust beside where they are called.

#[cfg(integer_loops = "thumb2")]
#[macro_use]
mod thumb2;
#[cfg(integer_dsp)]
mod dsp;
#[cfg(integer_helium)]
mod helium;
#[cfg(integer_loops = "thumb2")]
mod layers;
mod rest;
#[cfg(integer_loops = "riscv")]
mod riscv;
#[cfg(integer_loops = "thumb1")]
mod thumb1;
#[cfg(any(integer_loops = "riscv", integer_loops = "thumb1"))]
mod tiles;

#[cfg(integer_dsp)]
pub(super) use dsp::*;
#[cfg(integer_helium)]
pub(super) use helium::*;
#[cfg(integer_loops = "thumb2")]
pub(super) use layers::*;
#[cfg(integer_loops = "riscv")]
pub(super) use riscv::{ALIGNED, GROUP, log_prob, log_prob_delta, magnitudes, outer};
#[cfg(integer_loops = "thumb1")]
pub(super) use thumb1::{ALIGNED, GROUP, outer};
#[cfg(all(integer_loops = "thumb2", not(any(integer_dsp, integer_helium))))]
pub(super) use thumb2::*;
#[cfg(any(integer_loops = "riscv", integer_loops = "thumb1"))]
pub(super) use tiles::*;

#[cfg(integer_loops = "thumb2")]
pub(super) use super::MOST;

/// Groups of eight columns of a dense layer.
#[cfg(any(integer_loops = "riscv", integer_loops = "thumb1"))]
#[repr(C)]
pub(super) struct Layer<X> {
    /// Their part of the first row.
    pub w: *const i16,
    /// Inputs, or words of bits.
    pub x: *const X,
    /// How many there are of `x`.
    pub n: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Their part of the row of biases, which lies behind that of the last input.
    pub bias: *const i16,
    /// By how many bits sums are shifted down, at least one.
    pub down: u32,
    /// Slope below zero, with 15 bits behind the point.
    pub slope: i32,
    /// What is written.
    pub y: *mut i16,
    /// How many groups there are, at least one.
    pub groups: usize,
}

/// Groups of four rows that are multiplied with a gradient.
#[cfg(any(integer_loops = "riscv", integer_loops = "thumb1"))]
#[repr(C)]
pub(super) struct Back {
    pub w: *const i16,
    pub d: *const i16,
    /// Columns.
    pub n: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// By how many bits gradients are shifted down first.
    pub shift: u32,
    /// By how many bits sums are, at least one.
    pub down: u32,
    /// What is written.
    pub x: *mut i16,
    /// How many groups there are, at least one.
    pub groups: usize,
}

/// Up to 32 rows of parameters that grow.
#[repr(C)]
pub(super) struct Outer {
    /// The first row.
    pub w: *mut i16,
    /// Its word.
    pub noise: u32,
    /// Its input.
    pub x: *const i16,
    /// A bit for each row, the first the lowest; at least one is set.
    pub set: u32,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// What the word grows by from one row to the next.
    pub weyl: u32,
    pub d: *const i16,
    /// Columns.
    pub n: usize,
    pub mantissa: i32,
    /// Bytes from one input to the next.
    pub step: usize,
    /// By how many bits products are shifted.
    pub shift: u32,
    /// Up to which factors are within the limit and have 16 bits.
    pub narrow: i32,
    /// Below 2^30.
    pub limit: i32,
    /// By how many bits less than 32 products are shifted.
    pub keep: u32,
}
