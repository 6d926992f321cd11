//! The members of a gzip file, one after the other, and the zeros that tapes and block devices put behind them.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first bytes of a gzip member.
pub(crate) const MAGIC: &[u8] = b"\x1f\x8b";

/// Bytes behind a gzip stream that belong to nothing.
#[derive(Debug, thiserror::Error)]
#[error("bytes other than zeros or gzip behind the end of the gzip stream")]
pub(crate) struct Behind;

/// What the members of a gzip file hold, as one stream.
pub(crate) struct Members<R: BufRead> {
    /// `None` at the end.
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(stream: R) -> Members<R> {
        Members { decoder: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(ended) = self.decoder.take() else { break };
            let mut stream = ended.into_inner();
            match stream.fill_buf()?.first() {
                None => {}
                Some(0) => only_zeros(&mut stream)?,
                Some(&first) if first == MAGIC[0] => self.decoder = Some(GzDecoder::new(stream)),
                Some(_) => return Err(io::Error::other(Behind)),
            }
        }
        Ok(0)
    }
}

/// Passes over zeros to the end.
fn only_zeros(stream: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = stream.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(io::Error::other(Behind));
        }
        let count = bytes.len();
        stream.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::content::tests::gzip;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Members::new(bytes).read_to_end(&mut all)?;
        Ok(all)
    }

    #[test]
    fn members_and_padding_are_read_to_the_end() {
        let two = [gzip(b"one "), gzip(b""), gzip(b"two")].concat();
        assert_eq!(read(&two).unwrap(), b"one two");
        assert_eq!(read(&[&two[..], &[0; 512]].concat()).unwrap(), b"one two");
        for other in [&b"x"[..], b"\0\0x", b"\n"] {
            let error = read(&[&two[..], other].concat()).unwrap_err();
            assert!(error.get_ref().is_some_and(|e| e.is::<Behind>()), "{other:?}: {error}");
        }
        assert!(read(&[&two[..], b"\x1f"].concat()).is_err());
        assert!(read(&two[..two.len() - 3]).is_err());
    }
}
