//! Parameters as bytes: the same bytes on every device and on the desktop.
//!
//! Little-endian words of four bytes; no padding, whatever the stride in memory is:
//!
//! | words | content |
//! |---|---|
//! | 1 | `SBNP` |
//! | 1 | version (16 bits), layers of the encoder (8 bits), layers of the decoder (8 bits) |
//! | 1 | prior: 0 fixed, 1 learned; plus 2 for a conditional network; plus 4 for x in {-1, 1}, 8 for x minus its means; plus 16 for stochastic units in {-1, 1}; plus 32 for parameters of 16 bits |
//! | 1 | units of the input |
//! | 2 | steps begun in training, refused ones included, low word first |
//! | 2 each layer | width, with bit 31 set for a Bernoulli layer; slope below zero (`f32`) |
//! | units of the input | its means (`f32`), where they are subtracted; bytes of version 1 do not hold them |
//! | parameters | `f32`, in the order of [`Shape::dense`], row by row; or those of an [integer](crate::kernels::Integer) learner, `i16` with 12 bits behind the point, two in a word |
//! | 1 | CRC-32 (ISO-HDLC, that of zlib) of all bytes before it |

mod decode;
mod header;
mod stored;
#[cfg(all(test, feature = "batch", feature = "codings", feature = "prior", feature = "stacks"))]
mod tests;

pub(crate) use decode::verify;
pub use decode::{Source, decode, decode_from};
pub use header::Header;
pub use stored::Stored;

use crate::error::{Error, exact_size};
use crate::numeric::matrix::Matrix;
use crate::numeric::window::{split_mut, window};
use crate::shape::{Activation, Coding, Layer, MAX_WIDTH, Prior, Shape};
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

/// The newest version: parameters of 16 bits.
pub const VERSION: u16 = 3;
/// The version of networks whose inputs are centred. All others with parameters of 32 bits are written as version 1, which is
/// read too.
const MEANS: u16 = 2;
/// The largest piece in bytes that [`encode`] hands out and [`decode_from`] asks for. Pieces start at multiples of it.
pub const PIECE: usize = 64;

const MAGIC: u32 = u32::from_le_bytes(*b"SBNP");
const FIXED_WORDS: usize = 6;
const BERNOULLI: u32 = 1 << 31;
/// What is written for parameters of 16 bits.
const SHORT: u32 = 32;
/// What is written for the coding of a centred input.
const CENTRED: u32 = 2;
// Without a table: bytes are rare, flash is dear.
pub(crate) static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

const fn header_words(shape: &Shape<'_>) -> usize {
    FIXED_WORDS + 2 * shape.network_layers() + means(shape).len()
}

/// What is subtracted from the units of the input.
const fn means<'a>(shape: &Shape<'a>) -> &'a [f32] {
    if let Coding::Centred(means) = shape.x_coding() { means } else { &[] }
}

/// Bytes that [`encode`] writes for `shape` with parameters of 32 bits.
pub const fn encoded_len(shape: &Shape<'_>) -> usize {
    encoded_len_of::<f32>(shape)
}

/// Bytes that [`encode`] writes for `shape`.
#[inline(never)]
pub const fn encoded_len_of<T: Stored>(shape: &Shape<'_>) -> usize {
    let (mut count, mut i) = (0usize, 0);
    while i < shape.dense_layers() {
        let dense = shape.dense(i);
        count = dense.rows().saturating_mul(dense.outputs).saturating_add(count);
        i += 1;
    }
    count.div_ceil(T::PER_WORD).saturating_add(header_words(shape) + 1).saturating_mul(4)
}

fn header_word<T: Stored>(shape: &Shape<'_>, steps: u64, i: usize) -> u32 {
    let layers = shape.encoder().len() << 16 | shape.decoder().len() << 24;
    match i {
        0 => MAGIC,
        1 => {
            let version = if T::PER_WORD > 1 {
                VERSION
            } else if means(shape).is_empty() {
                1
            } else {
                MEANS
            };
            layers as u32 | u32::from(version)
        }
        2 => {
            let x = match shape.x_coding() {
                Coding::ZeroOne => 0,
                Coding::Signed => 1,
                Coding::Centred(_) => CENTRED,
            };
            let signed = u32::from(shape.b_coding() == Coding::Signed);
            let learned = u32::from(shape.prior() == Prior::Learned);
            let short = if T::PER_WORD > 1 { SHORT } else { 0 };
            learned | u32::from(shape.is_conditional()) << 1 | x << 2 | signed << 4 | short
        }
        3 => shape.inputs() as u32,
        4 => steps as u32,
        5 => (steps >> 32) as u32,
        _ => match (shape.layer((i - FIXED_WORDS) / 2), i % 2) {
            (Some(layer), 0) => layer.width() as u32 | if layer.stochastic() { BERNOULLI } else { 0 },
            (Some(layer), _) => layer.activation().to_word(),
            (None, _) => {
                let mean = i.wrapping_sub(FIXED_WORDS + 2 * shape.network_layers());
                means(shape).get(mean).map_or(0, |mean| mean.to_bits())
            }
        },
    }
}

fn layer(kind_and_width: u32, activation: u32) -> Option<Layer> {
    let width = (kind_and_width & !BERNOULLI) as usize;
    let activation = Activation::from_word(activation)?;
    let layer = match kind_and_width & BERNOULLI {
        0 => Layer::Hidden { width, activation },
        _ => Layer::bernoulli(width),
    };
    ((1..=MAX_WIDTH).contains(&width) && layer.activation() == activation).then_some(layer)
}

/// The rows of all parameters without their padding.
fn rows<'p, T>(shape: &Shape<'_>, params: &'p [T]) -> impl Iterator<Item = &'p [T]> {
    (0..shape.dense_layers()).flat_map(move |i| {
        let dense = shape.dense(i);
        let data = window(params, dense.offset..dense.offset + dense.len());
        Matrix::new(data, dense.stride, dense.outputs).rows()
    })
}

/// Whether [`encode`] would accept these parameters. Errors: the shape, the length, [`Error::Parameter`].
#[inline(never)]
pub fn check<T: Stored>(shape: &Shape<'_>, params: &[T]) -> Result<(), Error> {
    shape.check()?;
    exact_size(shape.params(), params.len())?;
    if rows(shape, params).flatten().all(|p| p.valid()) { Ok(()) } else { Err(Error::Parameter) }
}

/// Hands the bytes of `params` to `sink`, in pieces of [`PIECE`] bytes and a last one that may be shorter.
///
/// `steps` is the number of steps begun so far: a learner that goes on from these bytes draws fresh uniforms. What cannot
/// be loaded again is not written. Errors: as [`check`], before the first piece; those of the sink. Cost: one pass.
pub fn encode<T: Stored, E: From<Error>>(
    shape: &Shape<'_>,
    params: &[T],
    steps: u64,
    sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    check(shape, params)?;
    write(shape, params, steps, sink)
}

/// [`encode`] of what was [checked](check).
pub(crate) fn write<T: Stored, E>(
    shape: &Shape<'_>,
    params: &[T],
    steps: u64,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let header = (0..header_words(shape)).map(|i| header_word::<T>(shape, steps, i));
    let mut values = rows(shape, params).flatten();
    let values = core::iter::from_fn(|| T::word(|| values.next().copied()));
    let (mut out, mut crc) = (Packer { piece: [0; PIECE], used: 0 }, CRC.digest());
    for word in header.chain(values) {
        crc.update(&word.to_le_bytes());
        out.put(word, &mut sink)?;
    }
    out.put(crc.finalize(), &mut sink)?;
    if out.used == 0 { Ok(()) } else { sink(window(&out.piece, ..out.used)) }
}

struct Packer {
    piece: [u8; PIECE],
    used: usize,
}

impl Packer {
    fn put<E>(&mut self, word: u32, sink: &mut impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let place = self.piece.as_chunks_mut::<4>().0.get_mut(self.used / 4);
        *place.unwrap_or(&mut [0; 4]) = word.to_le_bytes();
        self.used += 4;
        if self.used < PIECE {
            return Ok(());
        }
        self.used = 0;
        sink(&self.piece)
    }
}

/// [`encode`] into the start of `out`; returns the number of bytes. Errors: `out` is shorter than [`encoded_len_of`].
pub fn encode_into<T: Stored>(
    shape: &Shape<'_>,
    params: &[T],
    steps: u64,
    out: &mut [u8],
) -> Result<usize, Error> {
    let (needed, given) = (encoded_len_of::<T>(shape), out.len());
    let mut rest = out.get_mut(..needed).ok_or(Error::Size { needed, given })?;
    encode(shape, params, steps, |piece| {
        let (head, tail) = split_mut(core::mem::take(&mut rest), piece.len());
        head.iter_mut().zip(piece).for_each(|(out, byte)| *out = *byte);
        rest = tail;
        Ok(())
    })
    .map(|()| needed)
}
