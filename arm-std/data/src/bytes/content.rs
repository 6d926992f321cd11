//! The content of a data file as a stream: plain or gzip, from a file or from memory, and never more of it in memory
//! than is asked for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use super::gzip::{self, Behind, Members};
use super::utf16::Utf16;
use super::{LIMIT, read_all};
use crate::{Fault, Hint};

/// The most bytes that are read out of one compressed stream: 4 GiB.
const STREAM_LIMIT: u64 = 4 << 30;

/// Bytes that tell the format.
const HEAD: usize = 4096;

/// How often a file may have been compressed with gzip.
const LAYERS: usize = 3;

/// More was read out of a compressed stream than [`STREAM_LIMIT`].
#[derive(Debug, thiserror::Error)]
#[error("more than {STREAM_LIMIT} bytes")]
struct TooMuch;

/// What can be read from any place, as an archive must.
pub(crate) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A stream of bytes that knows where it is and what its failures mean.
pub(crate) struct Content<'a> {
    stream: Box<dyn BufRead + 'a>,
    head: Vec<u8>,
    at: u64,
    /// How often gzip was undone.
    layers: usize,
    utf16: bool,
    compressed: bool,
    file: Option<PathBuf>,
}

impl<'a> Content<'a> {
    /// The content of a file, decompressed if it is a gzip file of one or more members.
    pub(crate) fn open(path: &Path) -> Result<Content<'static>, Fault> {
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Fault::NotFound(Hint::default()),
            _ => Fault::Io(error),
        })?;
        let mut content = Content::new(BufReader::with_capacity(1 << 16, file))?;
        content.file = Some(path.to_owned());
        Ok(content)
    }

    /// The content of a file that was read already.
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Content<'a>, Fault> {
        Content::new(bytes)
    }

    fn new(stream: impl BufRead + 'a) -> Result<Content<'a>, Fault> {
        let mut stream: Box<dyn BufRead + 'a> = Box::new(stream);
        for layers in 0..=LAYERS {
            let head = head_of(&mut stream).map_err(Self::fault(layers > 0))?;
            if !head.starts_with(gzip::MAGIC) {
                return Ok(Content { layers, ..Content::with_head(head, stream, layers > 0)? });
            }
            let packed = Members::new(io::Cursor::new(head).chain(stream));
            stream = Box::new(BufReader::with_capacity(1 << 16, packed.take(STREAM_LIMIT)));
        }
        let what = format!("gzip in gzip, more than {LAYERS} times,");
        Err(Fault::Unsupported { what, remedy: "decompress it with gunzip" })
    }

    /// What a decompressor gives, as long as it is not absurdly much.
    pub(crate) fn compressed(stream: impl Read + 'a) -> Result<Content<'a>, Fault> {
        let mut stream = BufReader::with_capacity(1 << 16, stream.take(STREAM_LIMIT));
        let head = head_of(&mut stream).map_err(Self::fault(true))?;
        Content::with_head(head, stream, true)
    }

    fn with_head(head: Vec<u8>, stream: impl BufRead + 'a, compressed: bool) -> Result<Content<'a>, Fault> {
        if head.is_empty() {
            return Err(Fault::Empty);
        }
        let stream = Box::new(io::Cursor::new(head.clone()).chain(stream));
        Ok(Content { stream, head, at: 0, layers: 0, utf16: false, compressed, file: None })
    }

    /// The content as UTF-8, where it is text in UTF-16 that was not read before.
    pub(crate) fn utf16_to_utf8(self, big_endian: bool) -> Result<Content<'a>, Fault> {
        let Content { stream, layers, compressed, .. } = self;
        let mut stream = BufReader::with_capacity(1 << 16, Utf16::new(stream, big_endian));
        let head = head_of(&mut stream).map_err(Self::fault(compressed))?;
        Ok(Content { layers, utf16: true, ..Content::with_head(head, stream, compressed)? })
    }

    /// The first bytes, whatever was read since.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// What the content was wrapped in, to be put behind the name of the format.
    pub(crate) fn wrapping(&self) -> String {
        let encoding = if self.utf16 { ", UTF-16" } else { "" };
        let packed = match self.layers {
            0 => String::new(),
            1 => ", gzip".to_owned(),
            layers => format!(", gzip {layers} times"),
        };
        format!("{encoding}{packed}")
    }

    /// Whether the content comes out of a compressed stream.
    pub(crate) fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// How many bytes were read.
    pub(crate) fn at(&self) -> usize {
        usize::try_from(self.at).unwrap_or(usize::MAX)
    }

    /// What the failure of a stream means.
    pub(crate) fn fault(compressed: bool) -> impl Fn(io::Error) -> Fault {
        move |error| match error.get_ref() {
            Some(inner) if inner.is::<Behind>() => Fault::Behind,
            Some(inner) if inner.is::<TooMuch>() => Fault::TooLarge { limit: STREAM_LIMIT },
            _ if compressed => Fault::Compressed(error.to_string()),
            _ => Fault::Io(error),
        }
    }

    /// Counts bytes that were read.
    fn advance(&mut self, count: usize) -> Result<(), Fault> {
        self.at += count as u64;
        if self.compressed && self.at >= STREAM_LIMIT {
            return Err(Fault::TooLarge { limit: STREAM_LIMIT });
        }
        Ok(())
    }

    /// Fills `buffer` as far as there is content; returns how far.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.stream.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Self::fault(self.compressed)(error)),
            }
        }
        self.advance(filled)?;
        Ok(filled)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (mut bytes, offset) = ([0; N], self.at());
        if self.fill(&mut bytes)? < N { Err(Fault::CutShort { offset }) } else { Ok(bytes) }
    }

    /// The next `count` bytes, in memory that grows with the bytes that really come.
    pub(crate) fn take(&mut self, count: usize) -> Result<Vec<u8>, Fault> {
        let (offset, mut bytes) = (self.at(), Vec::new());
        let read = (&mut self.stream).take(count as u64).read_to_end(&mut bytes);
        read.map_err(Self::fault(self.compressed))?;
        self.advance(bytes.len())?;
        if bytes.len() < count { Err(Fault::CutShort { offset }) } else { Ok(bytes) }
    }

    /// Reads to the end and returns how many bytes that were.
    pub(crate) fn drain(&mut self) -> Result<usize, Fault> {
        let (mut buffer, start) = ([0; 4096], self.at());
        while self.fill(&mut buffer)? > 0 {}
        Ok(self.at() - start)
    }

    /// All that is left.
    pub(crate) fn rest(self) -> Result<Vec<u8>, Fault> {
        read_all(self.stream, LIMIT, Self::fault(self.compressed))
    }

    /// The content from its beginning, to be read from any place; nothing may have been read before.
    pub(crate) fn seekable(self) -> Result<Box<dyn ReadSeek + 'a>, Fault> {
        match &self.file {
            Some(file) if !self.compressed => {
                Ok(Box::new(BufReader::new(File::open(file).map_err(Fault::Io)?)))
            }
            _ => Ok(Box::new(io::Cursor::new(self.rest()?))),
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.at += count as u64;
        if self.compressed && self.at >= STREAM_LIMIT { Err(io::Error::other(TooMuch)) } else { Ok(count) }
    }
}

fn head_of(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    stream.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_of_several_members_read_the_same() {
        let text: Vec<u8> = (0..20_000).map(|i| i as u8).collect();
        let members = [gzip(&text[..7]), gzip(&text[7..])].concat();
        let twice = gzip(&gzip(&members));
        for (bytes, wrapping) in [(&text, ""), (&members, ", gzip"), (&twice, ", gzip 3 times")] {
            let mut content = Content::of(bytes).unwrap();
            assert_eq!((content.wrapping().as_str(), content.head()), (wrapping, &text[..HEAD]));
            assert_eq!(content.array::<3>().unwrap(), [0, 1, 2]);
            assert_eq!(Content::take(&mut content, 5000).unwrap(), text[3..5003]);
            assert_eq!(content.at(), 5003);
            assert_eq!(content.rest().unwrap(), text[5003..]);
            let mut whole = Vec::new();
            Content::of(bytes).unwrap().seekable().unwrap().read_to_end(&mut whole).unwrap();
            assert_eq!(whole, text);
        }
    }

    #[test]
    fn the_end_comes_as_a_fault_or_a_count() {
        let mut content = Content::of(b"abc").unwrap();
        assert!(matches!(Content::take(&mut content, usize::MAX), Err(Fault::CutShort { offset: 0 })));
        let mut content = Content::of(b"abc").unwrap();
        assert_eq!(content.fill(&mut [0; 2]).unwrap(), 2);
        assert!(matches!(content.array::<2>(), Err(Fault::CutShort { offset: 2 })));
        assert!(matches!(Content::of(b""), Err(Fault::Empty)));
        assert!(matches!(Content::of(&gzip(b"")), Err(Fault::Empty)));
        assert_eq!(Content::of(&[7; 9000]).unwrap().drain().unwrap(), 9000);
    }

    #[test]
    fn a_stream_cut_short_is_a_fault() {
        let noise: Vec<u8> = (0..9000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let bytes = gzip(&noise);
        for length in (2..bytes.len()).step_by(7) {
            let read = Content::of(&bytes[..length]).and_then(Content::rest);
            assert!(matches!(read, Err(Fault::Compressed(_))), "{length} bytes");
        }
    }

    #[test]
    fn gzip_may_be_padded_with_zeros_and_nothing_else() {
        let padded = [gzip(b"0 1\n"), vec![0; 512]].concat();
        assert_eq!(Content::of(&padded).unwrap().rest().unwrap(), b"0 1\n");
        assert_eq!(Content::of(&gzip(&padded)).unwrap().rest().unwrap(), b"0 1\n");
        let other = [&padded[..], b"x"].concat();
        assert!(matches!(Content::of(&other).and_then(Content::rest), Err(Fault::Behind)));
        let deep = gzip(&gzip(&gzip(&gzip(b"0 1\n"))));
        assert!(matches!(Content::of(&deep), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn what_swells_without_end_is_given_up() {
        let mut content = Content::compressed(io::repeat(0)).unwrap();
        content.at = STREAM_LIMIT - 1000;
        assert!(matches!(content.fill(&mut [0; 4096]), Err(Fault::TooLarge { limit: STREAM_LIMIT })));
    }
}
