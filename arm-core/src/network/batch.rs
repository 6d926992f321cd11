//! A share of a batch, as data.

use crate::error::Error;
use crate::numeric::matrix::BitMatrix;

/// A share of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The inputs, a row each.
    pub x: BitMatrix<'a>,
    /// The targets of a conditional network, a row each; [`BitMatrix::NONE`] for any other.
    pub y: BitMatrix<'a>,
    /// Number of examples (with no input units `x` cannot tell).
    pub examples: usize,
    /// Index of the first of them in the whole batch: the address of its uniforms.
    pub first: u64,
    /// Index of the step.
    pub step: u64,
}

impl<'a> Batch<'a> {
    /// A batch without targets.
    pub const fn new(x: BitMatrix<'a>, examples: usize, first: u64, step: u64) -> Self {
        Batch { x, y: BitMatrix::NONE, examples, first, step }
    }
}

/// Whether `bits` has a row of `units` bits for each of `examples` examples, and nothing beyond.
pub(crate) fn check_bits(bits: BitMatrix<'_>, units: usize, examples: usize) -> Result<(), Error> {
    if bits.cols() != units {
        return Err(Error::Width { needed: units, given: bits.cols() });
    }
    let enough = bits.height() == examples || units == 0;
    let tail = bits.cols() % 32;
    let clean = tail == 0 || bits.rows().all(|row| row.last().is_none_or(|w| w >> tail == 0));
    if !clean {
        return Err(Error::Width { needed: units, given: 32 * bits.stride() });
    }
    if enough && examples > 0 {
        return Ok(());
    }
    Err(Error::Size { needed: examples.max(1), given: bits.height() })
}
