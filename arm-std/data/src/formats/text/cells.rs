//! The cells of a line, and what they mean.

use csv::ByteRecord;

use crate::Note;

/// A byte that no text holds: what separates the cells of a line whose cells are separated by blanks.
const NONE: u8 = 0x1f;

/// What separates the cells of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cells {
    delimiter: u8,
    /// The first line, as Excel writes it: `sep=;`.
    named: bool,
}

impl Cells {
    /// Tells what separates cells from the first bytes of a text: what the first two lines hold equally often, outside of
    /// quotes.
    pub(super) fn sniff(head: &[u8]) -> Cells {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut lines = lines(head);
        let first = lines.next().unwrap_or_default();
        if let [b's', b'e', b'p', b'=', delimiter @ (b',' | b';' | b'\t' | b'|')] = *first {
            return Cells { delimiter, named: true };
        }
        let second = lines.next();
        let count = |line: &[u8], delimiter: u8| {
            let mut quoted = false;
            line.iter()
                .filter(|&&byte| {
                    quoted ^= byte == b'"';
                    byte == delimiter && !quoted
                })
                .count()
        };
        // A header may lack the name of the first column, or rows end with a delimiter.
        let alike = |&&delimiter: &&u8| {
            let counts = (count(first, delimiter), second.map(|line| count(line, delimiter)));
            counts.0 > 0 && counts.1.is_none_or(|second| counts.0.abs_diff(second) <= 1 && second > 0)
        };
        // Semicolons go before commas, which may be those of decimals.
        let any = |&&delimiter: &&u8| count(first, delimiter) > 0;
        let candidates = [b';', b'\t', b'|', b','];
        let found = candidates.iter().find(alike).or_else(|| candidates.iter().find(any));
        let line = second.unwrap_or(first);
        let blanks = |cell: &[u8]| !cell.contains(&b'"') && cell.trim_ascii().contains(&b' ');
        let delimiter = match found {
            Some(b'\t') if line.split(|&byte| byte == b'\t').any(blanks) => NONE,
            Some(&delimiter) => delimiter,
            None => NONE,
        };
        Cells { delimiter, named: false }
    }

    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether runs of blanks separate the cells.
    pub(super) fn are_blank(&self) -> bool {
        self.delimiter == NONE
    }

    /// Whether the first line only names the separator.
    pub(super) fn names_separator(&self) -> bool {
        self.named
    }

    /// The cells of a line, without the blanks around them.
    pub(super) fn of<'r>(&self, record: &'r ByteRecord) -> Vec<&'r [u8]> {
        if self.are_blank() {
            blank_cells(record.as_slice())
        } else {
            record.iter().map(<[u8]>::trim_ascii).collect()
        }
    }

    /// The number in a cell.
    pub(super) fn number(&self, cell: &[u8]) -> Option<f64> {
        let text = std::str::from_utf8(cell).ok()?;
        match text.parse() {
            Ok(number) => Some(number),
            Err(_) if self.delimiter != b',' && text.contains(',') => text.replacen(',', ".", 1).parse().ok(),
            Err(_) => None,
        }
    }
}

/// Lines that hold something other than a remark.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut remark, mut start) = (false, false, true);
    let ends = move |&byte: &u8| {
        remark = if start { byte == b'#' } else { remark };
        quoted ^= byte == b'"' && !remark;
        start = !quoted && (byte == b'\n' || byte == b'\r');
        start
    };
    head.split(ends).filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"))
}

/// Cells between runs of blanks; those in quotes may hold blanks.
fn blank_cells(mut line: &[u8]) -> Vec<&[u8]> {
    let mut cells = Vec::new();
    loop {
        line = line.trim_ascii_start();
        let (cell, rest) = match line.split_first() {
            None => return cells,
            Some((b'"', inner)) => match inner.iter().position(|&byte| byte == b'"') {
                Some(end) => (&inner[..end], &inner[end + 1..]),
                None => (line, &[][..]),
            },
            Some(_) => line.split_at(line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len())),
        };
        cells.push(cell);
        line = rest;
    }
}

/// Text in UTF-8, or else in Latin-1.
pub(super) fn text(cell: &[u8]) -> String {
    match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_) => cell.iter().copied().map(char::from).collect(),
    }
}

/// Words that mean 0, and those that mean 1.
const WORDS: [[&str; 5]; 2] = [["no", "false", "n", "f", "off"], ["yes", "true", "y", "t", "on"]];

/// The words for bits that were seen.
#[derive(Debug, Default)]
pub(super) struct Words {
    seen: [[bool; 5]; 2],
}

impl Words {
    /// The bit that a word means.
    pub(super) fn bit(&mut self, cell: &[u8]) -> Option<f64> {
        for (bit, words) in WORDS.iter().enumerate() {
            if let Some(at) = words.iter().position(|word| cell.eq_ignore_ascii_case(word.as_bytes())) {
                self.seen[bit][at] = true;
                return Some(bit as f64);
            }
        }
        None
    }

    /// What to tell of the words that were seen.
    pub(super) fn note(&self) -> Option<Note> {
        let [zeros, ones] = [0, 1].map(|bit| {
            let seen = WORDS[bit].iter().zip(self.seen[bit]).filter(|(_, seen)| *seen);
            seen.map(|(word, _)| (*word).to_owned()).collect::<Vec<_>>()
        });
        (!zeros.is_empty() || !ones.is_empty()).then_some(Note::Words { zeros, ones })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_told_from_two_lines() {
        for (head, delimiter) in [
            ("0,1\n1,0\n", b','),
            ("0;1\n1;0\n", b';'),
            ("0,5;1,0;0,1\n1,0;0,0;0,25\n", b';'),
            ("a\tb c\n0\t1\n", b'\t'),
            ("0\t1\n1\t0\n", b'\t'),
            ("0|1\n1|0", b'|'),
            ("0 1\n1 0\n", NONE),
            ("0 1\t1\n0 1\t0\n", NONE),
            ("# a,b\n0 1\n", NONE),
            ("\"a;b\",\"c;d\"\n0,1\n", b','),
            ("\"a\nb\",c\n0,1\n", b','),
            ("a,b;c\n0,1\n", b','),
            (",a\n0,1\n", b','),
            ("0,1,\n1,0,\n", b','),
            ("0,1", b','),
            ("\u{feff}sep=;\n0;1\n", b';'),
            ("0\n1\n", NONE),
            ("", NONE),
        ] {
            assert_eq!(Cells::sniff(head.as_bytes()).delimiter, delimiter, "{head:?}");
        }
    }

    #[test]
    fn quotes_hold_blanks_together() {
        let cells = blank_cells(b" a \"b c\"\t\"\" 1 \"x");
        assert_eq!(cells, [&b"a"[..], b"b c", b"", b"1", b"\"x"]);
    }
}
