//! NPZ, several NPY arrays in a zip archive.

use zip::ZipArchive;

use super::content::{Content, ReadSeek};
use super::{Fault, Table, npy};

/// An archive and the names of its arrays.
pub(super) struct Npz<'a> {
    archive: ZipArchive<Box<dyn ReadSeek + 'a>>,
    names: Vec<String>,
}

impl<'a> Npz<'a> {
    /// Reads the directory of the archive.
    pub(super) fn open(content: Content<'a>) -> Result<Npz<'a>, Fault> {
        let archive =
            ZipArchive::new(content.seekable()?).map_err(|error| Fault::Compressed(error.to_string()))?;
        let names = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_owned()))
            .collect();
        Ok(Npz { archive, names })
    }

    /// The names of the arrays, as in the archive.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads one array.
    pub(super) fn array(&mut self, name: &str) -> Result<Table, Fault> {
        self.read(name).map_err(|fault| fault.at(format!("array `{name}`")))
    }

    fn read(&mut self, name: &str) -> Result<Table, Fault> {
        let file = self.archive.by_name(&format!("{name}.npy"));
        let file = file.map_err(|error| Fault::Compressed(error.to_string()))?;
        npy::read(Content::compressed(file)?)
    }

    /// Reads the array of an archive with one.
    pub(super) fn only_array(&mut self) -> Result<Table, Fault> {
        let name = self.only_name()?;
        self.array(&name)
    }

    /// The name of the only array.
    pub(super) fn only_name(&self) -> Result<String, Fault> {
        match self.names.as_slice() {
            [] => Err(Fault::NothingFound),
            [name] => Ok(name.clone()),
            names => {
                let what = format!("an archive of several arrays ({})", names.join(", "));
                Err(Fault::Unsupported { what, remedy: "name them train, valid and test, or save only one" })
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{self, Write};

    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::data::{mutate, npy};

    /// An archive of byte arrays, compressed.
    pub(in super::super) fn file(arrays: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, shape, numbers) in arrays {
            let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
            writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            writer.write_all(&npy::tests::file(&header, numbers)).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(bytes: &[u8]) -> Result<Table, Fault> {
        Npz::open(Content::of(bytes)?)?.only_array()
    }

    #[test]
    fn arrays_are_found_by_name() {
        let bytes = file(&[("train", "(2, 2)", &[0, 1, 1, 0]), ("test", "(1, 2)", &[0, 9])]);
        let mut npz = Npz::open(Content::of(&bytes).unwrap()).unwrap();
        assert_eq!(npz.names(), ["train", "test"]);
        assert!(matches!(npz.array("train"), Ok(Table::Bits(table)) if table.words() == [2, 1]));
        assert!(matches!(npz.array("test"), Ok(Table::Grey(table)) if table.levels() == [0, 9]));
        let message = npz.only_array().unwrap_err().to_string();
        assert!(message.contains("(train, test)"), "{message}");
    }

    #[test]
    fn a_path_in_an_archive_is_only_a_name() {
        let name = "../../outside";
        let bytes = file(&[(name, "(1, 2)", &[0, 1])]);
        let mut npz = Npz::open(Content::of(&bytes).unwrap()).unwrap();
        assert_eq!(npz.names(), [name]);
        assert!(matches!(npz.only_array(), Ok(Table::Bits(table)) if table.words() == [2]));
    }

    #[test]
    fn faults_name_the_array() {
        let bytes = file(&[("x", "(2, 9)", &[0])]);
        let message = read(&bytes).unwrap_err().to_string();
        assert!(message.starts_with("array `x`: the header asks for 18 bytes"), "{message}");
        assert!(matches!(read(&file(&[])), Err(Fault::NothingFound)));
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
