//! Data sets in a folder: which files belong together, and which split each is.

use std::fs;
use std::path::{Path, PathBuf};

use crate::formats::{self, Format};
use crate::splits::Split;
use crate::{DataError, Fault};

/// Files of one folder that make up a data set.
#[derive(Debug)]
pub(crate) struct Group {
    /// What stands before the split in the names of the files; empty for `train.csv`.
    pub(crate) name: String,
    files: [Vec<PathBuf>; 3],
}

impl Group {
    /// The file of a split. A plain file goes before its gzip; any other doubling is an error.
    pub(crate) fn file(&self, split: Split) -> Result<Option<&Path>, Fault> {
        match self.files[split as usize].as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            [plain, packed] if packed.file_name() == Some(&with_gz(plain)) => Ok(Some(plain)),
            several => Err(Fault::Ambiguous {
                split: split.name(),
                files: several.iter().map(|file| name_of(file)).collect(),
            }),
        }
    }

    fn is_complete(&self) -> bool {
        !self.files[Split::Train as usize].is_empty() && !self.files[Split::Test as usize].is_empty()
    }
}

fn with_gz(path: &Path) -> std::ffi::OsString {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".gz");
    name
}

/// The data sets of a folder, by name: those with files for both train and test, or any with a split if there
/// are none.
pub(crate) fn groups(folder: &Path) -> Result<Vec<Group>, DataError> {
    let mut groups: Vec<Group> = Vec::new();
    for file in entries(folder)?.into_iter().filter(|path| path.is_file()) {
        let Some((name, split)) = name_and_split(&name_of(&file)) else { continue };
        let at = match groups.binary_search_by(|group| group.name.cmp(&name)) {
            Ok(at) => at,
            Err(at) => {
                groups.insert(at, Group { name, files: Default::default() });
                at
            }
        };
        groups[at].files[split as usize].push(file);
    }
    if groups.iter().any(Group::is_complete) {
        groups.retain(Group::is_complete);
    }
    Ok(groups)
}

/// Folders below this one that hold IDX files the way torchvision lays them out: `raw` and `*/raw`.
pub(crate) fn raw_folders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut found = Vec::new();
    for candidate in std::iter::once(folder.to_owned()).chain(entries(folder)?) {
        let raw = candidate.join("raw");
        if raw.is_dir() && !groups(&raw)?.is_empty() {
            found.push(raw);
        }
    }
    Ok(found)
}

/// The files of a folder that hold arrays, told by their content. Text is left out: most of it is no data.
pub(crate) fn array_files(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let is_array =
        |path: &PathBuf| path.is_file() && formats::peek(path).is_some_and(|format| format != Format::Text);
    Ok(entries(folder)?.into_iter().filter(is_array).collect())
}

/// What is in a folder, sorted, without hidden entries.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read =
        || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>();
    let mut entries = read().map_err(|error| Fault::Io(error).in_file(folder))?;
    entries.retain(|path| !name_of(path).starts_with('.'));
    entries.sort();
    Ok(entries)
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Takes `binarized_mnist_train.amat` apart as `binarized_mnist` and train. Files of labels have no split.
fn name_and_split(file: &str) -> Option<(String, Split)> {
    let separators = ['.', '_', '-', ' '];
    let mut start = 0;
    let mut found = None;
    for word in file.split(separators) {
        if ["labels", "label"].contains(&word.to_ascii_lowercase().as_str()) {
            return None;
        }
        if found.is_none() {
            let name = file[..start].trim_end_matches(separators);
            found = Split::from_word(word).map(|split| (name.to_owned(), split));
        }
        start += word.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        let apart = |file| name_and_split(file).map(|(name, split)| (name, split.name()));
        assert_eq!(apart("binarized_mnist_train.amat"), Some(("binarized_mnist".into(), "train")));
        assert_eq!(apart("nltcs.valid.data.gz"), Some(("nltcs".into(), "valid")));
        assert_eq!(apart("train-images-idx3-ubyte"), Some((String::new(), "train")));
        assert_eq!(apart("t10k-images.idx3-ubyte.gz"), Some((String::new(), "test")));
        assert_eq!(apart("Val.NPY"), Some((String::new(), "valid")));
        assert_eq!(apart("x_test.npy"), Some(("x".into(), "test")));
        assert_eq!(apart("train-labels-idx1-ubyte"), None);
        assert_eq!(apart("training_notes"), Some((String::new(), "train")));
        assert_eq!(apart("trainer.csv"), None);
        assert_eq!(apart("README.md"), None);
    }

    #[test]
    fn complete_sets_hide_stray_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["a_train.csv", "a_test.csv", "b.train.csv", "notes_test.txt", ".c_train.csv", "c_test.csv"]
        {
            fs::write(folder.path().join(name), "0").unwrap();
        }
        let names = || groups(folder.path()).unwrap().into_iter().map(|group| group.name).collect::<Vec<_>>();
        assert_eq!(names(), ["a"]);
        fs::remove_file(folder.path().join("a_train.csv")).unwrap();
        assert_eq!(names(), ["a", "b", "c", "notes"]);
    }

    #[test]
    fn a_plain_file_goes_before_its_gzip_and_other_doubles_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train-images-idx3-ubyte"), "0").unwrap();
        fs::write(folder.path().join("train-images-idx3-ubyte.gz"), "0").unwrap();
        let group = &groups(folder.path()).unwrap()[0];
        assert_eq!(name_of(group.file(Split::Train).unwrap().unwrap()), "train-images-idx3-ubyte");
        assert!(group.file(Split::Test).unwrap().is_none());
        fs::write(folder.path().join("train.npy"), "0").unwrap();
        let group = &groups(folder.path()).unwrap()[0];
        let fault = group.file(Split::Train).unwrap_err().to_string();
        assert!(
            fault.contains("train split: train-images-idx3-ubyte, train-images-idx3-ubyte.gz, train.npy"),
            "{fault}"
        );
    }
}
