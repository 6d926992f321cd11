//! Which format a file has, told by its content and never by its name, and the table it holds.

mod array;
pub(super) mod arrays;
mod foreign;
pub(super) mod idx;
pub(super) mod mat;
#[cfg(test)]
mod mutate;
pub(super) mod npy;
pub(super) mod npz;
pub(super) mod packed;
mod text;

use std::path::Path;

use super::bytes::content::Content;
use super::bytes::utf16;
use super::columns::{Selection, Want};
use super::numbers::{Raw, decode};
use super::{DataError, Fault, Note, Table};
use mat::Mat;
use npz::Npz;

/// The formats read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Idx,
    Mat,
    Npy,
    Npz,
    Packed,
    Text,
}

impl Format {
    /// The name of the format, with what it is wrapped in.
    pub(super) fn name(self, content: &Content<'_>) -> String {
        let name = match self {
            Format::Idx => "IDX",
            Format::Mat => "MATLAB v5",
            Format::Npy => "NPY",
            Format::Npz => "NPZ",
            Format::Packed => "packed bits",
            Format::Text => "text",
        };
        format!("{name}{}", content.wrapping())
    }
}

/// Reads the one table of a file: IDX, MATLAB v5 and NPZ (the array `X`, or the only table), NPY, packed bits or a text
/// table of numbers, plain or gzip.
///
/// Whole numbers 0 and 1 give bits, others up to 255 grey levels, and fractions from 0 to 1 intensities. Two other values
/// in the table or in every column (-1 and 1, 1 and 2) give bits, the larger for 1, as do the words yes and no. The first
/// axis of an array counts rows; the others are flattened. A column that counts rows is left out.
///
/// Costs one pass over the content. The file is read piece by piece and packed as it comes: memory for the table
/// only. MATLAB files, arrays in Fortran order, and archives inside gzip take memory for the whole content too.
///
/// # Errors
/// Whatever is wrong with the file, as [`DataError`]. A table may take 2 GiB, what a file decompresses to 4 GiB.
///
/// ```no_run
/// let table = arm_data::read_table("binarized_mnist_test.amat".as_ref())?;
/// assert_eq!((table.rows(), table.cols()), (10_000, 784));
/// # Ok::<(), arm_data::DataError>(())
/// ```
pub fn read_table(path: &Path) -> Result<Table, DataError> {
    read_columns(path, &Selection::default()).map(|(table, _)| table)
}

/// [`read_table`] of some of the columns, and what was assumed.
///
/// # Errors
/// Those of [`read_table`], and a choice of columns that are not there.
pub fn read_columns(path: &Path, selection: &Selection) -> Result<(Table, Vec<Note>), DataError> {
    let want = Want { selection: selection.clone(), ..Want::default() };
    let (raw, _) = read_named(path, &want)?;
    let decoded = decode(vec![raw], None);
    let (mut tables, notes, _) = decoded.map_err(|(_, fault)| fault.in_file(path))?;
    Ok((tables.remove(0), notes))
}

/// [`read_table`] of a file that is in memory already.
///
/// # Errors
/// Whatever is wrong with it.
///
/// ```
/// use arm_data::{BitTable, Table, table_from_bytes};
///
/// let table = table_from_bytes(b"0 1 1\n1 0 0\n")?;
/// assert_eq!(table, Table::Bits(BitTable::from_bytes(3, &[0, 1, 1, 1, 0, 0])?));
/// # Ok::<(), arm_data::Fault>(())
/// ```
pub fn table_from_bytes(bytes: &[u8]) -> Result<Table, Fault> {
    let (format, content) = sniffed(Content::of(bytes)?)?;
    read(format, content, &Want::default()).and_then(Raw::table)
}

/// What a file holds, and the name of its format.
pub(super) fn read_named(path: &Path, want: &Want) -> Result<(Raw, String), DataError> {
    let raw = |(format, content): (Format, Content<'_>)| {
        let name = format.name(&content);
        Ok((read(format, content, want)?, name))
    };
    open(path).and_then(raw).map_err(|fault| fault.in_file(path))
}

/// The content of a file, decompressed if it was a gzip file, and its format.
pub(super) fn open(path: &Path) -> Result<(Format, Content<'static>), Fault> {
    sniffed(Content::open(path)?)
}

fn sniffed(content: Content<'_>) -> Result<(Format, Content<'_>), Fault> {
    let content = match (foreign::refuse(content.head()), utf16::sniff(content.head())) {
        (Ok(()), Some(big_endian)) => content.utf16_to_utf8(big_endian)?,
        (refused, _) => refused.map(|()| content)?,
    };
    foreign::refuse(content.head())?;
    Ok((sniff(content.head())?, content))
}

/// The format of a file from its first bytes, if it can be told.
pub(super) fn peek(path: &Path) -> Option<Format> {
    open(path).ok().map(|(format, _)| format)
}

/// What content of a known format holds.
pub(super) fn read(format: Format, content: Content<'_>, want: &Want) -> Result<Raw, Fault> {
    match format {
        Format::Idx => idx::read(content, want),
        Format::Mat => arrays::only(&mut Mat::open(&content.rest()?)?, want),
        Format::Npy => npy::read(content, want),
        Format::Npz => arrays::only(&mut Npz::open(content)?, want),
        Format::Packed => Raw::of(packed::read(content)?, want),
        Format::Text => text::read(content, want),
    }
}

fn sniff(head: &[u8]) -> Result<Format, Fault> {
    if head.starts_with(npy::MAGIC) {
        Ok(Format::Npy)
    } else if head.starts_with(packed::MAGIC) {
        Ok(Format::Packed)
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Ok(Format::Npz)
    } else if mat::is_mat(head) {
        Ok(Format::Mat)
    } else if head.starts_with(&[0, 0]) {
        Ok(Format::Idx)
    } else if is_text(head) {
        Ok(Format::Text)
    } else {
        Err(Fault::UnknownFormat)
    }
}

/// Whether there are no control characters. Letters may be UTF-8, Latin-1 or of another code page: numbers are ASCII.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|&byte| byte >= b' ' && byte != 0x7f || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::BitTable;
    use crate::bytes::content::tests::gzip;
    use crate::formats::mutate;

    fn every_format() -> [(Format, Vec<u8>); 6] {
        let npy = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
        [
            (Format::Idx, idx::tests::file(&[2, 3], &[0, 1, 0, 1, 0, 1])),
            (Format::Mat, mat::tests::file(2, 3, &[0, 1, 1, 0, 0, 1])),
            (Format::Npy, npy::tests::file(npy, &[0, 1, 0, 1, 0, 1])),
            (Format::Npz, crate::formats::npz::tests::file(&[("any", "(2, 3)", &[0, 1, 0, 1, 0, 1])])),
            (Format::Packed, packed::tests::file(&BitTable::from_bytes(3, &[0, 1, 0, 1, 0, 1]).unwrap())),
            (Format::Text, b"0 1 0\n1 0 1\n".to_vec()),
        ]
    }

    #[test]
    fn every_format_is_told_by_its_content_plain_or_gzip() {
        let folder = tempfile::tempdir().unwrap();
        let expected = Table::Bits(BitTable::from_bytes(3, &[0, 1, 0, 1, 0, 1]).unwrap());
        for (format, bytes) in every_format() {
            for (name, bytes) in [("plain.wrong-ending", bytes.clone()), ("squeezed.csv", gzip(&bytes))] {
                let path = folder.path().join(name);
                fs::write(&path, bytes).unwrap();
                assert_eq!(read_table(&path).unwrap(), expected, "{format:?}");
                assert_eq!(peek(&path), Some(format));
            }
        }
    }

    #[test]
    fn text_in_utf_16_is_read_plain_or_gzip() {
        let expected = Table::Bits(BitTable::from_bytes(3, &[0, 1, 0, 1, 0, 1]).unwrap());
        for big_endian in [false, true] {
            for mark in ["\u{feff}", ""] {
                let bytes = utf16::tests::encode(&format!("{mark}0,1,0\r\n1,0,1\r\n"), big_endian);
                assert_eq!(table_from_bytes(&bytes).unwrap(), expected);
                assert_eq!(table_from_bytes(&gzip(&bytes)).unwrap(), expected);
            }
        }
        assert!(matches!(table_from_bytes(b"\xff\xfe\0\x000\0\0\0"), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn bad_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        assert!(matches!(read_table(&path).unwrap_err().fault, Fault::NotFound(_)));
        assert!(matches!(read_table(folder.path()).unwrap_err().fault, Fault::Io(_)));
        let fault = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let error = read_table(&path).unwrap_err();
            assert_eq!(error.file, path);
            error.fault
        };
        assert!(matches!(fault(b""), Fault::Empty));
        assert!(matches!(fault(&gzip(b"")), Fault::Empty));
        assert!(matches!(fault(b"\x1f\x8b"), Fault::Compressed(_)));
        assert!(matches!(fault(&gzip(b"0 1\n1 0\n")[..20]), Fault::Compressed(_)));
        assert!(matches!(fault(b"\x01\x02\x03\x04"), Fault::UnknownFormat));
        assert!(matches!(fault(b"\x89PNG\r\n\x1a\n"), Fault::Unsupported { .. }));
        assert!(matches!(fault(b"PK\x05\x06"), Fault::Compressed(_)));
        assert!(matches!(fault(b"MATLAB 7.3 MAT-file"), Fault::Unsupported { .. }));
        assert!(matches!(fault(b"MATLAB 5.0 MAT-file"), Fault::CutShort { .. }));
        assert!(matches!(fault(b"PK\x03\x04"), Fault::Compressed(_)));
        assert!(matches!(fault(b"\x93NUMPY"), Fault::CutShort { .. }));
        assert!(matches!(fault(b"\0\0\x99\x03"), Fault::Malformed { .. }));
        assert!(matches!(fault(b"once upon a time"), Fault::NoRows));
        let message = read_table(&path).unwrap_err().to_string();
        assert!(message.contains("holds no rows; give"), "{message}");
    }

    #[test]
    fn mutated_content_never_panics() {
        for (_, good) in every_format() {
            mutate::survives(&good, table_from_bytes);
            mutate::survives(&gzip(&good), table_from_bytes);
        }
    }
}
