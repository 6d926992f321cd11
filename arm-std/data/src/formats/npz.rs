//! NPZ, several NPY arrays in a zip archive.

use zip::ZipArchive;

use super::arrays::Arrays;
use super::{foreign, npy};
use crate::Fault;
use crate::bytes::content::{Content, ReadSeek};
use crate::columns::Want;
use crate::numbers::Raw;

/// An archive and the names of its arrays.
pub(crate) struct Npz<'a> {
    archive: ZipArchive<Box<dyn ReadSeek + 'a>>,
    /// And whether each is a table.
    names: Vec<(String, bool)>,
}

impl<'a> Npz<'a> {
    /// Reads the directory of the archive.
    pub(crate) fn open(content: Content<'a>) -> Result<Npz<'a>, Fault> {
        let archive =
            ZipArchive::new(content.seekable()?).map_err(|error| Fault::Compressed(error.to_string()))?;
        let files: Vec<String> =
            archive.file_names().filter_map(|name| Some(name.ok()?.to_string())).collect();
        let names: Vec<String> =
            files.iter().filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect();
        if names.is_empty() {
            return Err(foreign::archive(&files));
        }
        let mut npz = Npz { archive, names: Vec::new() };
        npz.names = names
            .into_iter()
            .map(|name| (name.clone(), npz.content(&name).is_ok_and(npy::is_table)))
            .collect();
        Ok(npz)
    }

    fn content(&mut self, name: &str) -> Result<Content<'_>, Fault> {
        let file = self.archive.by_name(&format!("{name}.npy"));
        Content::compressed(file.map_err(|error| Fault::Compressed(error.to_string()))?)
    }
}

impl Arrays for Npz<'_> {
    fn names(&self) -> Vec<(String, bool)> {
        self.names.clone()
    }

    fn read(&mut self, at: usize, want: &Want) -> Result<Raw, Fault> {
        let name = self.names[at].0.clone();
        let read = self.content(&name).and_then(|content| npy::read(content, want));
        read.map_err(|fault| fault.at(format!("array `{name}`")))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{self, Write};

    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::Table;
    use crate::formats::{arrays, mutate, npy};

    /// An archive of byte arrays, compressed.
    pub(crate) fn file(arrays: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, shape, numbers) in arrays {
            let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
            writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            writer.write_all(&npy::tests::file(&header, numbers)).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn only(npz: &mut Npz<'_>) -> Result<Table, Fault> {
        arrays::only(npz, &Want::default()).and_then(Raw::table)
    }

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        only(&mut Npz::open(Content::of(bytes)?)?)
    }

    #[test]
    fn arrays_are_found_by_name() {
        let bytes = file(&[("train", "(2, 2)", &[0, 1, 1, 0]), ("test", "(1, 2)", &[0, 9])]);
        let mut npz = Npz::open(Content::of(&bytes).unwrap()).unwrap();
        assert_eq!(npz.names(), [("train".to_owned(), true), ("test".to_owned(), true)]);
        let mut read = |at| npz.read(at, &Want::default()).and_then(Raw::table);
        assert!(matches!(read(0), Ok(Table::Bits(table)) if table.words() == [2, 1]));
        assert!(matches!(read(1), Ok(Table::Grey(table)) if table.levels() == [0, 9]));
        let message = only(&mut npz).unwrap_err().to_string();
        assert!(message.contains("(train, test)"), "{message}");
    }

    #[test]
    fn a_path_in_an_archive_is_only_a_name() {
        let name = "../../outside";
        let bytes = file(&[(name, "(1, 2)", &[0, 1])]);
        let mut npz = Npz::open(Content::of(&bytes).unwrap()).unwrap();
        assert_eq!(npz.names(), [(name.to_owned(), true)]);
        assert!(matches!(only(&mut npz), Ok(Table::Bits(table)) if table.words() == [2]));
    }

    #[test]
    fn faults_name_the_array() {
        let bytes = file(&[("x", "(2, 9)", &[0])]);
        let message = read(&bytes).unwrap_err().to_string();
        assert!(message.starts_with("array `x`: the header asks for 18 bytes"), "{message}");
        assert!(matches!(read(&file(&[])), Err(Fault::Unsupported { .. })));
    }

    #[test]
    fn archives_cut_short_are_refused() {
        let bytes = file(&[("x", "(2, 2)", &[0, 1, 1, 0])]);
        for length in 1..bytes.len() {
            assert!(matches!(read(&bytes[..length]), Err(Fault::Compressed(_))), "{length} bytes");
        }
    }

    #[test]
    fn mutated_files_never_panic() {
        mutate::survives(&file(&[("x", "(2, 2)", &[0, 1, 1, 0])]), read);
    }
}
