//! Bytes in memory, never more than a limit, and a cursor over them that cannot run off the end.

pub(super) mod content;
mod gzip;
pub(super) mod utf16;

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;

use super::Fault;

/// The most bytes that a table, or content that must be read whole, may take: 2 GiB.
pub(super) const LIMIT: u64 = 2 << 30;

/// What a zlib stream holds.
pub(super) fn inflate_zlib(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Fault> {
    read_compressed(ZlibDecoder::new(bytes), limit)
}

/// The first bytes of what a zlib stream holds, up to `length`.
pub(super) fn inflate_head(bytes: &[u8], length: u64) -> Result<Vec<u8>, Fault> {
    read_compressed(ZlibDecoder::new(bytes).take(length), length)
}

/// What a decompressor gives, up to `limit` bytes.
fn read_compressed(stream: impl Read, limit: u64) -> Result<Vec<u8>, Fault> {
    read_all(stream, limit, |error| Fault::Compressed(error.to_string()))
}

/// All bytes of a stream, up to `limit`. The buffer grows with the bytes that really come.
pub(super) fn read_all(
    stream: impl Read,
    limit: u64,
    fault: impl FnOnce(io::Error) -> Fault,
) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    stream.take(limit + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > limit { Err(Fault::TooLarge { limit: LIMIT }) } else { Ok(bytes) }
}

/// A position in bytes.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at: at.min(bytes.len()) }
    }

    /// Where the next byte lies.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// All bytes not yet taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.rest().get(..count).ok_or(Fault::CutShort { offset: self.at })?;
        self.at += count;
        Ok(bytes)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let bytes = self.rest().first_chunk().ok_or(Fault::CutShort { offset: self.at })?;
        self.at += N;
        Ok(*bytes)
    }

    /// Passes over up to `count` bytes, stopping at the end.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count.min(self.bytes.len() - self.at);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    #[test]
    fn a_stream_that_swells_past_the_limit_is_refused() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&[0; 100_000]).unwrap();
        let bytes = encoder.finish().unwrap();
        assert!(matches!(inflate_zlib(&bytes, 99_999), Err(Fault::TooLarge { .. })));
        assert_eq!(inflate_zlib(&bytes, 100_000).unwrap().len(), 100_000);
    }

    #[test]
    fn the_cursor_stays_inside() {
        let mut cursor = Cursor::new(&[1, 2, 3], 0);
        assert_eq!(cursor.take(2).unwrap(), [1, 2]);
        assert!(matches!(cursor.array::<2>(), Err(Fault::CutShort { offset: 2 })));
        assert!(matches!(cursor.take(usize::MAX), Err(Fault::CutShort { offset: 2 })));
        cursor.skip(usize::MAX);
        assert_eq!((cursor.at(), cursor.rest()), (3, &[][..]));
    }
}
