//! From a sample to bits.
//!
//! Tests: `stream/tests.rs`.

use crate::error::Error;

/// A sensor's sample.
pub trait Sample: Copy + PartialOrd {
    /// Whether it is a number: false for NaN and infinity.
    fn is_sound(self) -> bool;
}

impl Sample for f32 {
    fn is_sound(self) -> bool {
        self.is_finite()
    }
}

impl Sample for i16 {
    fn is_sound(self) -> bool {
        true
    }
}

/// Turns a sample into a fixed number of bits.
pub trait Encoder {
    /// What the sensor gives.
    type Sample: Sample;

    /// Bits of one sample.
    const BITS: usize;

    /// Hands the bits of `sample` to `put`, [`BITS`](Self::BITS) of them.
    fn encode(&self, sample: Self::Sample, put: impl FnMut(bool));
}

/// One bit: whether the sample is above a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold<S>(
    /// The level, in the units of the sample. A level of NaN is above everything.
    pub S,
);

impl<S: Sample> Encoder for Threshold<S> {
    type Sample = S;
    const BITS: usize = 1;

    fn encode(&self, sample: S, mut put: impl FnMut(bool)) {
        put(sample > self.0);
    }
}

/// A bit for each of `L` ascending levels: whether the sample is above it. Neighbouring values differ in few bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermometer<S, const L: usize> {
    levels: [S; L],
}

impl<S: Sample, const L: usize> Thermometer<S, L> {
    /// With these levels, in the units of the sample. Errors: [`Error::Setting`] unless they are finite and ascend.
    pub fn new(levels: [S; L]) -> Result<Self, Error> {
        let ascend = levels.iter().zip(levels.iter().skip(1)).all(|(a, b)| a < b);
        if ascend && levels.iter().all(|l| l.is_sound()) {
            Ok(Thermometer { levels })
        } else {
            Err(Error::Setting)
        }
    }

    /// The levels.
    pub fn levels(&self) -> &[S; L] {
        &self.levels
    }
}

impl<const L: usize> Thermometer<f32, L> {
    /// `L` levels that cut `low..high` into `L + 1` equal parts. Errors: [`Error::Setting`] where that has no room.
    pub fn even(low: f32, high: f32) -> Result<Self, Error> {
        let part = (high - low) / (L as f32 + 1.0);
        let mut levels = [low; L];
        levels.iter_mut().zip(1u16..).for_each(|(level, k)| *level = low + part * f32::from(k));
        Self::new(levels)
    }
}

impl<S: Sample, const L: usize> Encoder for Thermometer<S, L> {
    type Sample = S;
    const BITS: usize = L;

    fn encode(&self, sample: S, put: impl FnMut(bool)) {
        self.levels.iter().map(|level| sample > *level).for_each(put);
    }
}
