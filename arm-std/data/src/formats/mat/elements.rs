//! The elements a MATLAB v5 file is made of: a type, a length, that many bytes, and zeros up to a multiple of
//! 8.

use crate::Fault;
use crate::bytes::Cursor;

/// The type of an element that is a matrix, an element of elements.
pub(super) const MATRIX: u32 = 14;

/// The type of an element that holds another, zlib-compressed.
pub(super) const COMPRESSED: u32 = 15;

/// Bytes of an element's type and length.
pub(super) const TAG: usize = 8;

/// A run of elements.
pub(super) struct Elements<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) big_endian: bool,
}

impl<'a> Elements<'a> {
    /// The type and the bytes of the next element, leaving the cursor at the one after it.
    pub(super) fn next(&mut self) -> Result<(u32, &'a [u8]), Fault> {
        let kind = self.number()?;
        if kind >> 16 != 0 {
            // The small form: length and type in one word, and 4 bytes of content.
            let content = self.cursor.take(4)?;
            let content = content.get(..(kind >> 16) as usize).ok_or_else(|| Fault::Malformed {
                offset: self.cursor.at() - 8,
                problem: format!("a small MATLAB element of {} bytes", kind >> 16),
            })?;
            return Ok((kind & 0xffff, content));
        }
        let length = self.number()? as usize;
        let present = self.cursor.rest().len();
        if length > present {
            return Err(Fault::Length { wanted: length as u128, present });
        }
        let content = self.cursor.take(length)?;
        if kind != COMPRESSED {
            self.cursor.skip(length.wrapping_neg() % 8);
        }
        Ok((kind, content))
    }

    /// The next word.
    pub(super) fn number(&mut self) -> Result<u32, Fault> {
        let bytes = self.cursor.array()?;
        Ok(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// The next element, which must be of one type and hold whole words.
    pub(super) fn words(&mut self, kind: u32, what: &str) -> Result<Vec<u32>, Fault> {
        let offset = self.cursor.at();
        match self.next()? {
            (found, content) if found == kind && content.len().is_multiple_of(4) => {
                let mut words = Elements { cursor: Cursor::new(content, 0), big_endian: self.big_endian };
                (0..content.len() / 4).map(|_| words.number()).collect()
            }
            (found, content) => {
                let problem = format!("no {what} here but {} bytes of type {found}", content.len());
                Err(Fault::Malformed { offset, problem })
            }
        }
    }
}
