//! Tables as files: NPY, NPZ, IDX and packed bits, all of which [`load`](crate::load()) reads back.

pub mod files;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::formats::{npy, packed};
use crate::splits::Split;
use crate::{Loaded, Table};
use files::replace;

/// A data file that cannot be written: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot be written: {source}", file.display())]
pub struct WriteError {
    /// The file.
    pub file: PathBuf,
    /// What failed.
    pub source: io::Error,
}

/// The formats of files with one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// NumPy's array format: uint8, rows x columns.
    Npy,
    /// The format of the original MNIST: unsigned bytes, rows x columns.
    Idx,
    /// Packed bits, one bit a number: the smallest and the fastest to load.
    Packed,
}

impl Output {
    /// The format that the ending of a name asks for: `.npy`, `.idx` or `.bits`.
    pub fn of(path: &Path) -> Option<Output> {
        match path.extension()?.to_str()? {
            "npy" => Some(Output::Npy),
            "idx" => Some(Output::Idx),
            "bits" => Some(Output::Packed),
            _ => None,
        }
    }
}

/// Writes a table to a file that is whole or, after an error, as it was before. Grey levels need a format of bytes.
///
/// # Errors
/// [`WriteError`]: the file system's, or that the format does not take the table.
pub fn write_table(table: &Table, format: Output, path: &Path) -> Result<(), WriteError> {
    let result = match (format, table) {
        (Output::Packed, Table::Bits(bits)) => replace(path, |file| packed::write(bits, file)),
        (Output::Packed, Table::Grey(_)) => Err(invalid("grey levels are no bits; choose a threshold")),
        (Output::Npy, _) => replace(path, |file| write_npy(table, file)),
        (Output::Idx, _) => replace(path, |file| write_idx(table, file)),
    };
    result.map_err(|source| WriteError { file: path.to_owned(), source })
}

/// Writes three splits: to one NPZ archive where the name ends in `.npz`, and otherwise to `train.bits`, `valid.bits`
/// and `test.bits` in a folder, which is made.
///
/// # Errors
/// [`WriteError`], as [`write_table`].
pub fn write_splits(loaded: &Loaded, path: &Path) -> Result<(), WriteError> {
    let splits = [
        (Split::Train.name(), &loaded.train),
        (Split::Valid.name(), &loaded.valid),
        (Split::Test.name(), &loaded.test),
    ];
    let fail = |source| WriteError { file: path.to_owned(), source };
    if path.extension().is_some_and(|ending| ending == "npz") {
        return replace(path, |file| {
            let mut archive = ZipWriter::new(file);
            let options = SimpleFileOptions::default().large_file(true);
            for (name, table) in splits {
                archive.start_file(format!("{name}.npy"), options)?;
                write_npy(table, &mut archive)?;
            }
            archive.finish()?;
            Ok(())
        })
        .map_err(fail);
    }
    fs::create_dir_all(path).map_err(fail)?;
    let write = |(name, table): (&str, _)| {
        write_table(table, Output::Packed, &path.join(name).with_extension("bits"))
    };
    splits.into_iter().try_for_each(write)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

fn write_npy(table: &Table, out: &mut impl Write) -> io::Result<()> {
    write_npy_header("|u1", [table.rows(), table.cols()], out)?;
    write_rows(table, out)
}

/// All of an NPY file but the numbers, which are `rows` x `cols` of the type that NumPy calls `descr`, row-major.
pub fn write_npy_header(descr: &str, [rows, cols]: [usize; 2], out: &mut impl Write) -> io::Result<()> {
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows}, {cols}), }}");
    // The numbers begin at a multiple of 64, the header ends in a line feed.
    let length = (npy::MAGIC.len() + 4 + dictionary.len() + 1).next_multiple_of(64) - npy::MAGIC.len() - 4;
    out.write_all(npy::MAGIC)?;
    out.write_all(&[1, 0])?;
    out.write_all(&(length as u16).to_le_bytes())?;
    writeln!(out, "{dictionary:<width$}", width = length - 1)
}

fn write_idx(table: &Table, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0, 0, 8, 2])?;
    for size in [table.rows(), table.cols()] {
        let size = u32::try_from(size).map_err(|_| invalid("IDX takes at most 4294967295 rows"))?;
        out.write_all(&size.to_be_bytes())?;
    }
    write_rows(table, out)
}

fn write_rows(table: &Table, out: &mut impl Write) -> io::Result<()> {
    let mut bytes = vec![0; table.cols()];
    (0..table.rows()).try_for_each(|row| {
        table.read_row(row, &mut bytes);
        out.write_all(&bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BitTable, GreyTable, load, read_table};

    fn tables() -> [Table; 2] {
        let numbers: Vec<u8> = (0..12 * 40).map(|i| u8::from(i % 3 == 0)).collect();
        let levels = (0..12 * 40).map(|i| (i % 256) as u8).collect();
        [
            Table::Bits(BitTable::from_bytes(40, &numbers).unwrap()),
            Table::Grey(GreyTable::from_levels(40, levels).unwrap()),
        ]
    }

    #[test]
    fn every_format_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        for table in tables() {
            for name in ["t.npy", "t.idx", "t.bits"] {
                let path = folder.path().join(name);
                let format = Output::of(&path).unwrap();
                match (write_table(&table, format, &path), &table, format) {
                    (result, Table::Grey(_), Output::Packed) => {
                        assert!(result.unwrap_err().to_string().contains("t.bits: cannot be written: grey"));
                    }
                    (result, ..) => {
                        result.unwrap();
                        assert_eq!(read_table(&path).unwrap(), table, "{name}");
                    }
                }
            }
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        let [bits, _] = tables();
        write_table(&bits, Output::Npy, &folder.path().join("t.npy")).unwrap();
        assert_eq!(fs::read(folder.path().join("t.npy")).unwrap().len(), 128 + 12 * 40);
    }

    #[test]
    fn splits_read_back() {
        let folder = tempfile::tempdir().unwrap();
        for (table, name) in tables().into_iter().zip(["folder", "grey.npz"]) {
            let path = folder.path().join(name);
            let loaded = Loaded {
                path: path.clone(),
                train: table.clone(),
                valid: table.clone(),
                test: table.clone(),
                origins: Default::default(),
                notes: Vec::new(),
            };
            write_splits(&loaded, &path).unwrap();
            let back = load(&path).unwrap();
            assert_eq!([&back.train, &back.valid, &back.test], [&table; 3]);
        }
        assert!(load(&folder.path().join("folder")).unwrap().origins[1].contains("valid.bits (packed bits)"));
    }
}
