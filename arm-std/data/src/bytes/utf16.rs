//! Text in UTF-16, as Excel and PowerShell write it, as UTF-8.

use std::io::{self, Read};

/// The byte order mark, or the zeros of letters of ASCII: whether the text is UTF-16, and if so big-endian.
pub(crate) fn sniff(head: &[u8]) -> Option<bool> {
    match head {
        [0xff, 0xfe, ..] => return Some(false),
        [0xfe, 0xff, ..] => return Some(true),
        _ => {}
    }
    let pairs = head[..head.len().min(64)].as_chunks::<2>().0;
    let text = |byte: u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    let all = |test: fn(&[u8; 2]) -> (u8, u8)| {
        pairs.len() >= 4 && pairs.iter().map(test).all(|(zero, letter)| zero == 0 && text(letter))
    };
    if all(|pair| (pair[1], pair[0])) {
        Some(false)
    } else if all(|pair| (pair[0], pair[1])) {
        Some(true)
    } else {
        None
    }
}

/// UTF-16 in, UTF-8 without a byte order mark out. What is no letter becomes U+FFFD.
pub(crate) struct Utf16<R> {
    stream: R,
    big_endian: bool,
    /// The first half of a letter of two words.
    high: Option<u16>,
    ready: Vec<u8>,
    given: usize,
    raw: Vec<u8>,
}

/// Bytes of UTF-16 that are read at a time.
const PIECE: u64 = 1 << 13;

impl<R: Read> Utf16<R> {
    pub(crate) fn new(stream: R, big_endian: bool) -> Utf16<R> {
        Utf16 { stream, big_endian, high: None, ready: Vec::new(), given: 0, raw: Vec::new() }
    }

    /// Reads and converts the next piece; nothing at the end.
    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        self.raw.clear();
        (&mut self.stream).take(PIECE).read_to_end(&mut self.raw)?;
        let (pairs, half) = self.raw.as_chunks::<2>();
        let word = |&pair: &[u8; 2]| match self.big_endian {
            true => u16::from_be_bytes(pair),
            false => u16::from_le_bytes(pair),
        };
        let mut words: Vec<u16> = self.high.take().into_iter().chain(pairs.iter().map(word)).collect();
        let last = words.last().copied().filter(|word| (0xd800..0xdc00).contains(word));
        if !pairs.is_empty() && last.is_some() {
            self.high = words.pop();
        }
        let letters = char::decode_utf16(words).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        let mut text: String = letters.filter(|&letter| letter != '\u{feff}').collect();
        if !half.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        self.ready = text.into_bytes();
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            self.refill()?;
            if self.raw.is_empty() && self.ready.is_empty() {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Text in UTF-16, without a byte order mark.
    pub(crate) fn encode(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |word: u16| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn either_byte_order_becomes_utf_8_across_pieces() {
        let text: String = std::iter::repeat_n("a,é,𝒳\n", 3000).collect();
        for big_endian in [false, true] {
            for mark in ["", "\u{feff}", "x"] {
                let bytes = encode(&format!("{mark}{text}"), big_endian);
                let mut back = String::new();
                Utf16::new(&bytes[..], big_endian).read_to_string(&mut back).unwrap();
                assert_eq!(back, format!("{}{text}", mark.trim_matches('\u{feff}')));
            }
            assert_eq!(sniff(&encode("\u{feff}0,1", big_endian)), Some(big_endian));
            assert_eq!(sniff(&encode("0,1\n1,0\n", big_endian)), Some(big_endian));
        }
        assert_eq!(sniff(b"0,1\n1,0\n"), None);
        assert_eq!(sniff(&[0; 64]), None);
        let mut back = String::new();
        Utf16::new(&b"0\0\x00\xd8"[..], false).read_to_string(&mut back).unwrap();
        Utf16::new(&b"1\0,"[..], false).read_to_string(&mut back).unwrap();
        assert_eq!(back, "0\u{fffd}1\u{fffd}");
    }
}
