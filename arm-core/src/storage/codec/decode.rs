//! From bytes: everything is checked before anything is changed.
//!
//! Tests: `storage/codec/tests.rs`.

use super::{CENTRED, CRC, FIXED_WORDS, MAGIC, MEANS, PIECE, SHORT, Stored, VERSION, header_word, layer};
use crate::error::{Error, exact_size};
use crate::feature::CODINGS;
use crate::numeric::matrix::MatrixMut;
use crate::numeric::window::{element, window, window_mut};
use crate::shape::{MAX_LAYERS, MAX_WIDTH, Prior, Shape};

/// Bytes that can be read more than once, from multiples of [`PIECE`] on.
pub trait Source {
    /// What can go wrong: a driver's error or one of ours.
    type Error: From<Error>;

    /// Number of bytes.
    fn size(&self) -> usize;

    /// Reads `out.len()` bytes (at most [`PIECE`]) from `offset` (a multiple of it) on.
    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Self::Error>;
}

impl Source for &[u8] {
    type Error = Error;

    fn size(&self) -> usize {
        self.len()
    }

    fn read(&mut self, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let bytes = window(self, offset..);
        out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = *byte);
        Ok(())
    }
}

/// The words of a source in order.
struct Words<'a, S> {
    source: &'a mut S,
    at: usize,
    piece: [u8; PIECE],
}

impl<'a, S: Source> Words<'a, S> {
    fn new(source: &'a mut S) -> Self {
        Words { source, at: 0, piece: [0; PIECE] }
    }

    /// Inlined into its callers, of which each is one: a frame less while flash is read.
    #[inline(always)]
    fn next(&mut self) -> Result<u32, S::Error> {
        let left = self.source.size().saturating_sub(self.at);
        if left < 4 {
            let (needed, given) = (self.at.saturating_add(4), self.source.size());
            return Err(Error::Length { needed, given }.into());
        }
        if self.at.is_multiple_of(PIECE) {
            self.source.read(self.at, window_mut(&mut self.piece, ..left.min(PIECE)))?;
        }
        let word = element(self.piece.as_chunks::<4>().0, self.at % PIECE / 4);
        self.at += 4;
        Ok(u32::from_le_bytes(word))
    }
}

/// What the bytes say about themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub inputs: usize,
    /// Layers: small, because this lies on the stack while flash is read.
    pub encoder: u8,
    pub decoder: u8,
    /// The word of prior, target and codings.
    pub kind: u8,
    /// Whether the means of centred inputs follow the layers.
    pub has_means: bool,
    pub steps: u64,
    /// The checksum of everything before it.
    pub crc: u32,
}

impl Claims {
    /// Layers of encoder and decoder.
    pub(crate) fn layers(&self) -> usize {
        usize::from(self.encoder) + usize::from(self.decoder)
    }

    /// Parameters in a word.
    pub(crate) fn per_word(&self) -> usize {
        if u32::from(self.kind) & SHORT == 0 { 1 } else { 2 }
    }

    pub(crate) fn prior(&self) -> Prior {
        if self.kind & 1 == 0 { Prior::Fixed } else { Prior::Learned }
    }

    /// The coding of x.
    pub(crate) fn x(&self) -> u32 {
        u32::from(self.kind) >> 2 & 3
    }

    fn header_words(&self) -> usize {
        let means = if self.has_means { self.inputs } else { 0 };
        FIXED_WORDS + 2 * self.layers() + means
    }
}

/// Reads everything once and changes nothing. Without a shape any network will do, with parameters of any kind.
pub(crate) fn verify<T: Stored, S: Source>(
    source: &mut S,
    shape: Option<&Shape<'_>>,
) -> Result<Claims, S::Error> {
    let given = source.size();
    let (mut words, mut crc) = (Words::new(source), CRC.digest());
    let mut next = || words.next().inspect(|word| crc.update(&word.to_le_bytes()));
    if next()? != MAGIC {
        return Err(Error::Magic.into());
    }
    let second = next()?;
    let version = second as u16;
    match version {
        0 => return Err(Error::Older.into()),
        1 | VERSION => {}
        MEANS if CODINGS => {}
        MEANS => return Err(Error::LeftOut.into()),
        _ => return Err(Error::Newer.into()),
    }
    let [kind, inputs, low, high] = [next()?, next()?, next()?, next()?];
    let mut claims = Claims {
        inputs: inputs as usize,
        encoder: (second >> 16) as u8,
        decoder: (second >> 24) as u8,
        kind: kind as u8,
        has_means: false,
        steps: u64::from(low) | u64::from(high) << 32,
        crc: 0,
    };
    let (encoder, layers) = (usize::from(claims.encoder), claims.layers());
    claims.has_means = CODINGS && version == MEANS && claims.x() == CENTRED;
    let short = (kind & SHORT != 0) == (version == VERSION);
    if kind > 0x3f || !short || claims.x() > CENTRED || claims.inputs > MAX_WIDTH || layers > MAX_LAYERS {
        return Err(Error::Corrupt.into());
    }
    let expected = |i, word| shape.is_none_or(|shape| header_word::<T>(shape, claims.steps, i) == word);
    let counts = |shape: &Shape<'_>| header_word::<T>(shape, claims.steps, 1) >> 16 == second >> 16;
    let mut same =
        shape.is_none_or(counts) && expected(2, u32::from(claims.kind)) && expected(3, claims.inputs as u32);
    let (mut below, mut top, mut count) = (claims.inputs, 0usize, 0usize);
    for i in 0..layers {
        let (width, activation) = (next()?, next()?);
        let at = FIXED_WORDS + 2 * i;
        same &= expected(at, width) && expected(at + 1, activation);
        let layer = layer(width, activation).ok_or(Error::Corrupt)?;
        below = if i == encoder { top } else { below };
        count = (below + 1).saturating_mul(layer.width()).saturating_add(count);
        below = layer.width();
        top = if i < encoder { below } else { top };
    }
    count = count.saturating_add(if claims.prior() == Prior::Learned { top } else { 0 });
    let count = if claims.per_word() == 1 { count } else { count.div_ceil(2) };
    let needed = (claims.header_words() + 1).saturating_add(count).saturating_mul(4);
    if needed != given {
        return Err(Error::Length { needed, given }.into());
    }
    for i in FIXED_WORDS + 2 * layers..claims.header_words() {
        same &= expected(i, next()?);
    }
    let mut sound = true;
    for _ in 0..count {
        let word = next()?;
        sound &= claims.per_word() > 1 || f32::from_bits(word).valid();
    }
    claims.crc = crc.finalize();
    let error = if words.next()? != claims.crc {
        Error::Corrupt
    } else if shape.is_some() && claims.per_word() != T::PER_WORD {
        Error::OtherNumbers
    } else if !same {
        Error::OtherShape
    } else if !sound {
        Error::Parameter
    } else {
        return Ok(claims);
    };
    Err(error.into())
}

/// Loads parameters from bytes; returns the number of steps they were trained for.
///
/// Everything is checked before the first parameter changes. Errors: the shape, the length of `params`, and
/// [`Error::Length`], [`Error::Magic`], [`Error::Older`], [`Error::Newer`], [`Error::LeftOut`] (version 2 without the
/// feature `codings`), [`Error::Corrupt`], [`Error::OtherNumbers`],
/// [`Error::OtherShape`], [`Error::Parameter`]. Cost: two passes over the bytes.
pub fn decode<T: Stored>(shape: &Shape<'_>, mut bytes: &[u8], params: &mut [T]) -> Result<u64, Error> {
    decode_from(shape, &mut bytes, params)
}

/// [`decode`] from a source that is not in memory. Its own errors come first; only one that occurs in the second pass,
/// after a first without any, leaves part of the parameters replaced. [`Error::Corrupt`] is among those: the second pass
/// is checked too, against the checksum of the first.
pub fn decode_from<T: Stored, S: Source>(
    shape: &Shape<'_>,
    source: &mut S,
    params: &mut [T],
) -> Result<u64, S::Error> {
    shape.check()?;
    exact_size(shape.params(), params.len())?;
    let claims = verify::<T, S>(source, Some(shape))?;
    replace(shape, claims.header_words(), claims.crc, source, params)?;
    Ok(claims.steps)
}

/// Apart from [`decode_from`], so that its stack and that of the check do not add up.
#[inline(never)]
fn replace<T: Stored, S: Source>(
    shape: &Shape<'_>,
    header: usize,
    expected: u32,
    source: &mut S,
    params: &mut [T],
) -> Result<(), S::Error> {
    let (mut words, mut crc) = (Words::new(source), CRC.digest());
    let mut next = || words.next().inspect(|word| crc.update(&word.to_le_bytes()));
    for _ in 0..header {
        next()?;
    }
    let (mut word, mut i_of_word) = (0, 0);
    for i in 0..shape.dense_layers() {
        let dense = shape.dense(i);
        let data = window_mut(params, dense.offset..dense.offset + dense.len());
        for row in MatrixMut::new(data, dense.stride, dense.stride).rows_mut() {
            for (o, p) in row.iter_mut().enumerate() {
                if o >= dense.outputs {
                    *p = T::default();
                    continue;
                }
                if i_of_word == 0 {
                    word = next()?;
                }
                *p = T::of(word, i_of_word);
                i_of_word = (i_of_word + 1) % T::PER_WORD;
            }
        }
    }
    if crc.finalize() == expected && words.next()? == expected { Ok(()) } else { Err(Error::Corrupt.into()) }
}
