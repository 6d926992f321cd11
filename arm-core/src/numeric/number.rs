//! Kinds of numbers that a network computes with.
//!
//! Tests: `kernels/integer/tests.rs`, `tests/tests/estimators/integer.rs`.

use crate::numeric::math::sqrt;
use crate::numeric::rng::Stream;
use bytemuck::Pod;
use core::fmt::Debug;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// A kind of numbers: what parameters, rows of a layer and values of f are stored as. Where their binary points lie is known
/// to the kernels of that kind and to nothing else.
pub trait Numbers: Debug + 'static {
    /// A parameter.
    type Weight: Pod + Default + PartialEq + Debug + Send + Sync;
    /// Of a unit of a layer: its logit, activation, uniform, score or gradient.
    type Value: Pod + Default + PartialEq + Debug + Send + Sync;
    /// A value of f, and what signals and weights of samples are.
    type Nats: Nats;
    /// What an initial weight is at most.
    type Radius: Copy;
    /// A parameter that is zero.
    const ZERO: Self::Weight;

    /// sqrt(6 / `units`).
    fn radius(units: usize) -> Self::Radius;

    /// The next weight of the uniform law U(-radius, radius).
    fn initial(stream: &mut Stream, radius: Self::Radius) -> Self::Weight;

    /// `values`, where they are floats; none where they are not.
    fn floats(values: &[Self::Value]) -> &[f32];

    /// [`floats`](Self::floats), writable.
    fn floats_mut(values: &mut [Self::Value]) -> &mut [f32];
}

/// A value of f.
pub trait Nats:
    Pod
    + Default
    + PartialEq
    + Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// `x`, rounded; not finite where it is too large.
    fn of(x: f32) -> Self;

    /// As a float.
    fn get(self) -> f32;

    /// `units` ln 2.
    fn bits(units: usize) -> Self;

    /// Whether it is a number within range.
    fn finite(self) -> bool;

    /// The product with a factor.
    fn times(self, factor: Self) -> Self;

    /// The sum of all.
    fn total(all: impl Iterator<Item = Self>) -> Self;
}

/// Floats of 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Float;

impl Numbers for Float {
    type Weight = f32;
    type Value = f32;
    type Nats = f32;
    type Radius = f32;
    const ZERO: f32 = 0.0;

    #[inline(always)]
    fn radius(units: usize) -> f32 {
        sqrt(6.0 / units as f32)
    }

    #[inline(always)]
    fn initial(stream: &mut Stream, radius: f32) -> f32 {
        (2.0 * stream.uniform() - 1.0) * radius
    }

    #[inline(always)]
    fn floats(values: &[f32]) -> &[f32] {
        values
    }

    #[inline(always)]
    fn floats_mut(values: &mut [f32]) -> &mut [f32] {
        values
    }
}

impl Nats for f32 {
    #[inline(always)]
    fn of(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn get(self) -> f32 {
        self
    }

    #[inline(always)]
    fn bits(units: usize) -> Self {
        units as f32 * core::f32::consts::LN_2
    }

    #[inline(always)]
    fn finite(self) -> bool {
        self.is_finite()
    }

    #[inline(always)]
    fn times(self, factor: Self) -> Self {
        self * factor
    }

    #[inline(always)]
    fn total(all: impl Iterator<Item = Self>) -> Self {
        all.sum()
    }
}

/// Words of four bytes that `n` of `T` take.
pub(crate) const fn words_of<T>(n: usize) -> usize {
    if size_of::<T>() == 4 { n } else { n.wrapping_mul(size_of::<T>()).wrapping_add(3) / 4 }
}
