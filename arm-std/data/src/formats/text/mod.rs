//! Text tables: one row a line, cells separated by commas, semicolons, tabs, bars or blanks. The text `.amat` of static
//! MNIST is one.
//!
//! The `csv` crate finds the cells. Runs of blanks it does not take: for those it finds the lines.

mod cells;
mod header;

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use crate::bytes::content::Content;
use crate::columns::{Want, quoted};
use crate::numbers::{Raw, Rows};
use crate::{Fault, Note};
use cells::{Cells, Words};
use header::Header;

/// The longest line of a text table, in bytes.
const LONGEST_LINE: u64 = 1 << 24;

/// Lines that are looked at before it is decided whether the first is a header.
const LOOK: usize = 32;

/// Bytes of lines that are looked at, after the second.
const LOOK_BYTES: usize = 1 << 16;

/// Reads a text table. Blank lines, lines that begin with `#` and a first line of column names (or of numbers that count,
/// the names pandas gives) are passed over.
pub(crate) fn read(content: Content<'_>, want: &Want) -> Result<Raw, Fault> {
    let cells = Cells::sniff(content.head());
    let mut lines = Lines::new(content, &cells);
    let (mut first, mut bytes) = (Vec::new(), 0);
    while first.len() < 2 || first.len() < LOOK && bytes < LOOK_BYTES {
        let mut record = ByteRecord::new();
        let Some(line) = lines.next(&mut record)? else { break };
        bytes += record.as_slice().len();
        first.push((line, record));
    }
    if cells.names_separator() {
        first.drain(..first.len().min(1));
    }
    let look: Vec<Vec<&[u8]>> = first.iter().map(|(_, record)| cells.of(record)).collect();
    let Some(header) = Header::find(&look, &cells) else { return Err(Fault::NoRows) };
    let mut table = Reading {
        rows: Rows::named(header.names, header.cols, want)?,
        cols: header.cols,
        trailing: header.trailing,
        cells: &cells,
        words: Words::default(),
    };
    if header.is_guess {
        table.rows.note(Note::NumberNames);
    }
    for (line, record) in &first[header.lines..] {
        table.row(*line, record)?;
    }
    let mut record = ByteRecord::new();
    while let Some(line) = lines.next(&mut record)? {
        table.row(line, &record)?;
    }
    let Reading { mut rows, words, .. } = table;
    words.note().into_iter().for_each(|note| rows.note(note));
    rows.finish()
}

/// The lines of a text that hold something, taken apart.
struct Lines<'a> {
    reader: csv::Reader<Limited<'a>>,
    left: Rc<Cell<u64>>,
    compressed: bool,
    blank: bool,
}

impl<'a> Lines<'a> {
    fn new(content: Content<'a>, cells: &Cells) -> Lines<'a> {
        let left = Rc::new(Cell::new(LONGEST_LINE));
        let compressed = content.is_compressed();
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(cells.delimiter())
            .quoting(!cells.are_blank())
            .comment(Some(b'#'))
            .buffer_capacity(1 << 16)
            .from_reader(Limited { content, left: left.clone(), last: b'\n' });
        Lines { reader, left, compressed, blank: cells.are_blank() }
    }

    /// The next line with anything on it, and its number; nothing at the end.
    fn next(&mut self, record: &mut ByteRecord) -> Result<Option<u64>, Fault> {
        loop {
            self.left.set(LONGEST_LINE);
            match self.reader.read_byte_record(record) {
                Ok(false) => return Ok(None),
                Ok(true) if record.as_slice().trim_ascii().is_empty() && record.len() == 1 => {}
                // Blanks may stand before the `#` of a remark.
                Ok(true) if self.blank && record.as_slice().trim_ascii_start().starts_with(b"#") => {}
                Ok(true) => {
                    // The reader stands on the line behind; names in quotes may go over several.
                    let more = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
                    return Ok(Some(self.reader.position().line().saturating_sub(1 + more)));
                }
                Err(error) => {
                    let line = self.reader.position().line();
                    return Err(match error.into_kind() {
                        ErrorKind::Io(error) if error.get_ref().is_some_and(|e| e.is::<TooLong>()) => {
                            let problem = format!(
                                "a line of more than {LONGEST_LINE} bytes, or a quote that is never closed"
                            );
                            let offset = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
                            Fault::Malformed { offset, problem }.at(format!("line {line}"))
                        }
                        ErrorKind::Io(error) => Content::fault(self.compressed)(error),
                        _ => Fault::UnknownFormat,
                    });
                }
            }
        }
    }
}

/// A line that is too long.
#[derive(Debug, thiserror::Error)]
#[error("a line of more than {LONGEST_LINE} bytes")]
struct TooLong;

/// Content that gives no more than is `left`, with a line feed, and nothing else, at the end of every line.
struct Limited<'a> {
    content: Content<'a>,
    left: Rc<Cell<u64>>,
    /// The last byte that was read.
    last: u8,
}

impl Read for Limited<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.left.get();
            if left == 0 {
                return Err(io::Error::other(TooLong));
            }
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = self.content.read(&mut buffer[..most])?;
            self.left.set(left - count as u64);
            if count == 0 && most > 0 && !matches!(self.last, b'\n' | b'\r') {
                (self.last, buffer[0]) = (b'\n', b'\n');
                return Ok(1);
            }
            let mut kept = 0;
            for at in 0..count {
                let (byte, before) = (buffer[at], self.last);
                self.last = byte;
                if (before, byte) != (b'\r', b'\n') {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            if kept > 0 || count == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The rows so far, and what a row must look like.
struct Reading<'a> {
    rows: Rows<'a>,
    cols: usize,
    trailing: bool,
    cells: &'a Cells,
    words: Words,
}

impl Reading<'_> {
    fn row(&mut self, line: u64, record: &ByteRecord) -> Result<(), Fault> {
        let row = self.rows.rows();
        self.cells_of(record).map_err(|fault| {
            let here = match fault.innermost() {
                Fault::Value { row: at, .. } | Fault::MixedScales { row: at, .. } => *at == row,
                _ => true,
            };
            if here { fault.at(format!("line {line}")) } else { fault }
        })
    }

    fn cells_of(&mut self, record: &ByteRecord) -> Result<(), Fault> {
        let mut cells = self.cells.of(record);
        if self.trailing && cells.len() == self.cols + 1 && cells[self.cols].is_empty() {
            cells.pop();
        }
        if cells.len() != self.cols {
            return Err(Fault::Ragged { found: cells.len(), expected: self.cols });
        }
        for (column, cell) in cells.into_iter().enumerate() {
            let value = match cell {
                _ if !self.rows.is_read(column) => 0.0,
                b"0" => 0.0,
                b"1" => 1.0,
                _ => match self.cells.number(cell).or_else(|| self.words.bit(cell)) {
                    Some(value) => value,
                    None => return Err(self.no_number(column, cell)),
                },
            };
            self.rows.push(value)?;
        }
        Ok(())
    }

    fn no_number(&self, column: usize, cell: &[u8]) -> Fault {
        let name = self.rows.names().map(|names| names[column].as_str()).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| column.to_string(), quoted);
        Fault::NotANumber {
            field: column + 1,
            text: cells::text(cell).chars().take(20).collect(),
            column: name,
        }
    }
}

#[cfg(test)]
mod tests;
