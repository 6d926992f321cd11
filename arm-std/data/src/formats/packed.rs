//! Packed bits, the format of large binary tables: a file is little more than a [`BitTable`] in memory.
//!
//! The 8 bytes `\x93SBNBIT1`, rows and columns as u64, then every row as `cols.div_ceil(32)` words of 32 bits, all
//! little-endian. Column `i` is bit `i % 32` (least significant first) of word `i / 32` of its row; the unused high
//! bits of a row's last word are zero.

use std::io::{self, Write};

use crate::bytes::LIMIT;
use crate::bytes::content::Content;
use crate::{BitTable, Fault};

/// The first bytes of the format, version 1.
pub(crate) const MAGIC: &[u8; 8] = b"\x93SBNBIT1";

/// Words that are read at a time.
const PIECE: usize = 1 << 14;

/// Reads a table of packed bits, in memory that grows with the bytes that really come.
pub(crate) fn read(mut content: Content<'_>) -> Result<BitTable, Fault> {
    let magic = content.array()?;
    if magic != *MAGIC {
        return Err(Fault::Malformed { offset: 0, problem: "no packed bits begin here".to_owned() });
    }
    let [rows, cols] = [u64::from_le_bytes(content.array()?), u64::from_le_bytes(content.array()?)];
    if cols == 0 {
        return Err(Fault::Shape(vec![rows, cols]));
    }
    if rows == 0 {
        return Err(Fault::NoRows);
    }
    let (width, start) = (cols.div_ceil(32), content.at());
    let wanted = u128::from(rows) * u128::from(width) * 4;
    let (mut words, mut piece) = (Vec::new(), vec![0; 4 * PIECE]);
    let mut present = 0_u128;
    loop {
        let room = usize::try_from(wanted - present).map_or(4 * PIECE, |left| left.min(4 * PIECE));
        let count = content.fill(&mut piece[..room])?;
        let (cells, _) = piece[..count].as_chunks();
        words.extend(cells.iter().map(|&cell| u32::from_le_bytes(cell)));
        present += count as u128;
        if present > LIMIT.into() {
            return Err(Fault::TooLarge { limit: LIMIT });
        }
        if present == wanted || count < room {
            break;
        }
    }
    present += content.drain()? as u128;
    if present != wanted {
        return Err(Fault::Length { wanted, present: usize::try_from(present).unwrap_or(usize::MAX) });
    }
    // As many words are there, so these fit.
    let (rows, cols, width) = (rows as usize, cols as usize, width as usize);
    let tail = cols % 32;
    let unclean = |row: &[u32]| tail > 0 && row.last().is_some_and(|word| word >> tail != 0);
    if let Some(row) = words.chunks_exact(width).position(unclean) {
        let problem = format!("bits beyond column {cols} in row {row}");
        return Err(Fault::Malformed { offset: start + 4 * ((row + 1) * width - 1), problem });
    }
    Ok(BitTable::from_words(rows, cols, words))
}

/// Writes a table.
pub(crate) fn write(table: &BitTable, out: &mut impl Write) -> io::Result<()> {
    out.write_all(MAGIC)?;
    for size in [table.rows(), table.cols()] {
        out.write_all(&(size as u64).to_le_bytes())?;
    }
    table.words().iter().try_for_each(|word| out.write_all(&word.to_le_bytes()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::Table;
    use crate::formats::mutate;

    pub(crate) fn file(table: &BitTable) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(table, &mut bytes).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<BitTable, Fault> {
        super::read(Content::of(bytes)?)
    }

    fn table(rows: usize, cols: usize) -> BitTable {
        let mut table = BitTable::new(rows, cols);
        (0..rows * cols).filter(|i| i % 3 == 0).for_each(|i| table.set(i / cols, i % cols, true));
        table
    }

    #[test]
    fn a_table_reads_as_it_was_written() {
        for (rows, cols) in [(1, 1), (3, 32), (5, 33), (3 * PIECE, 70)] {
            assert_eq!(read(&file(&table(rows, cols))).unwrap(), table(rows, cols));
        }
        assert_eq!(
            file(&table(2, 5))[8..],
            [2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 18, 0, 0, 0]
        );
    }

    #[test]
    fn contradictions_are_refused() {
        let good = file(&table(2, 33));
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            read(&bytes).unwrap_err()
        };
        assert!(matches!(with(0, 0), Fault::Malformed { offset: 0, .. }));
        assert!(matches!(with(8, 0), Fault::NoRows));
        assert!(matches!(with(15, 255), Fault::Length { .. }));
        assert!(matches!(with(16, 0), Fault::Shape(_)));
        assert!(matches!(with(16, 31), Fault::Length { wanted: 8, present: 16 }));
        assert!(matches!(with(23, 255), Fault::Length { .. }));
        assert!(matches!(with(29, 2), Fault::Malformed { offset: 28, .. }));
        assert!(matches!(read(&good[..39]), Err(Fault::Length { wanted: 16, present: 15 })));
        assert!(matches!(read(&good[..20]), Err(Fault::CutShort { offset: 16 })));
    }

    #[test]
    fn mutated_files_never_panic() {
        mutate::survives(&file(&table(3, 33)), |bytes| read(bytes).map(Table::Bits));
    }
}
