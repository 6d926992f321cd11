//! The three splits of a data set, and where those come from that are missing.

mod binarise;
mod binarise_name;

pub use binarise::{Binarise, Source, Splits};
pub use binarise_name::BinariseName;

pub(crate) use binarise::row_rng;

use std::path::{Path, PathBuf};

use crate::numbers::{Raw, Reading, SHARE, decode};
use crate::{DataError, Fault, Note, Table};

/// The three splits of a data set as they were found, before binarisation. All have the same width.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The file or folder they came from, or the name.
    pub path: PathBuf,
    /// For training.
    pub train: Table,
    /// For choosing among models.
    pub valid: Table,
    /// For the figure that is reported.
    pub test: Table,
    /// Where train, valid and test came from, in words: file, array and format.
    pub origins: [String; 3],
    /// What was assumed of columns and values.
    pub notes: Vec<Note>,
}

impl Loaded {
    /// Tables that are in memory already, split as files are: without `valid` or `test` these come off `train` by the rules of
    /// [`load()`](crate::load()). `name` stands for the file that there is not.
    ///
    /// # Errors
    /// [`DataError`]: too few rows to split, none, or tables of other widths.
    ///
    /// ```
    /// use arm_data::{BitTable, Loaded, Table};
    ///
    /// let rows = Table::Bits(BitTable::from_bytes(2, &[1, 0].repeat(12))?);
    /// let loaded = Loaded::of_tables("twelve".as_ref(), rows, None, None)?;
    /// assert_eq!([loaded.train, loaded.valid, loaded.test].map(|split| split.rows()), [8, 2, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_tables(
        name: &Path,
        mut train: Table,
        valid: Option<Table>,
        test: Option<Table>,
    ) -> Result<Loaded, DataError> {
        let fail = |fault: Fault| fault.in_file(name);
        for table in [Some(&train), valid.as_ref(), test.as_ref()].into_iter().flatten() {
            let (found, expected) = (table.cols(), train.cols());
            match (table.rows(), found) {
                (0, _) => return Err(fail(Fault::NoRows)),
                (_, 0) => return Err(fail(Fault::Shape(vec![table.rows() as u64, 0]))),
                _ if found == expected => {}
                _ => return Err(fail(Fault::Width { found, expected, of: "train".into() })),
            }
        }
        let mut origins = ["train", "valid", "test"].map(|split| format!("{split} rows in memory"));
        let rows = if valid.is_none() || test.is_none() { share(&train).map_err(fail)? } else { 0 };
        let mut split_off = |given: Option<Table>, at: usize| match given {
            Some(table) => table,
            None => {
                origins[at] = LAST_ROWS.into();
                let left = train.rows() - rows;
                train.split_off(left)
            }
        };
        let (test, valid) = (split_off(test, 2), split_off(valid, 1));
        Ok(Loaded { path: name.to_owned(), train, valid, test, origins, notes: vec![] })
    }
}

/// The parts of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    Train,
    Valid,
    Test,
}

impl Split {
    pub(super) fn name(self) -> &'static str {
        ["train", "valid", "test"][self as usize]
    }

    /// The split a word stands for.
    pub(super) fn from_word(word: &str) -> Option<Split> {
        match word.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Split::Train),
            "valid" | "val" | "validation" => Some(Split::Valid),
            "test" | "testing" | "t10k" => Some(Split::Test),
            _ => None,
        }
    }
}

/// The most rows that are split off for a split that is missing.
const MOST: usize = 10_000;

/// What was read, and where it came from.
pub(super) struct Part {
    pub(super) file: PathBuf,
    pub(super) array: Option<String>,
    pub(super) format: String,
    pub(super) raw: Raw,
}

impl Part {
    fn fault(&self, fault: Fault) -> DataError {
        in_array(fault, self.array.as_deref()).in_file(&self.file)
    }

    fn origin(&self) -> String {
        let (file, format) = (self.file.file_name().unwrap_or_default().display(), &self.format);
        match &self.array {
            Some(array) => format!("array `{array}` of {file} ({format})"),
            None => format!("{file} ({format})"),
        }
    }
}

/// Puts splits together that were found apart: their widths must agree, and a missing valid split comes off
/// the train rows.
pub(super) fn assemble(
    path: &Path,
    train: Part,
    valid: Option<Part>,
    test: Part,
    like: Option<&Reading>,
) -> Result<(Loaded, Reading), DataError> {
    let expected = train.raw.cols;
    for part in valid.iter().chain([&test]) {
        let found = part.raw.cols;
        if found != expected {
            let of = train.array.as_ref().map_or(train.file.clone(), PathBuf::from);
            return Err(part.fault(Fault::Width { found, expected, of }));
        }
    }
    let (from_train, from_test) = (train.origin(), test.origin());
    let from_valid = valid.as_ref().map(Part::origin);
    let parts: Vec<Part> = [Some(train), valid, Some(test)].into_iter().flatten().collect();
    let places: Vec<(PathBuf, Option<String>)> =
        parts.iter().map(|part| (part.file.clone(), part.array.clone())).collect();
    let fail = |at: usize, fault: Fault| in_array(fault, places[at].1.as_deref()).in_file(&places[at].0);
    let decoded = decode(parts.into_iter().map(|part| part.raw).collect(), like);
    let (mut tables, notes, reading) = decoded.map_err(|(at, fault)| fail(at, fault))?;
    let (test, mut train) = (tables.remove(tables.len() - 1), tables.remove(0));
    let (from_valid, valid) = match (from_valid, tables.pop()) {
        (Some(origin), Some(valid)) => (origin, valid),
        _ => {
            let rows = share(&train).map_err(|fault| fault.in_file(&places[0].0))?;
            (LAST_ROWS.to_owned(), train.split_off(train.rows() - rows))
        }
    };
    let origins = [from_train, from_valid, from_test];
    Ok((Loaded { path: path.to_owned(), train, valid, test, origins, notes }, reading))
}

fn in_array(fault: Fault, array: Option<&str>) -> Fault {
    match array {
        Some(array) => fault.at(format!("array `{array}`")),
        None => fault,
    }
}

/// Where a split came from that was missing.
const LAST_ROWS: &str = "the last rows of train";

/// Splits one table. One too short for that which is read like others is for a test alone.
pub(super) fn split_single(
    path: &Path,
    part: Part,
    like: Option<&Reading>,
) -> Result<(Loaded, Reading), DataError> {
    let origin = part.origin();
    let (file, array) = (part.file, part.array);
    let decoded = decode(vec![part.raw], like);
    let (mut tables, notes, reading) =
        decoded.map_err(|(_, fault)| in_array(fault, array.as_deref()).in_file(&file))?;
    let mut train = tables.remove(0);
    let of = |rows: &str| format!("{rows} rows of {origin}");
    let (valid, test, origins) = match share(&train) {
        Ok(rows) => {
            let test = train.split_off(train.rows() - rows);
            let valid = train.split_off(train.rows() - rows);
            (valid, test, [of("the first"), of("the next"), of("the last")])
        }
        Err(_) if like.is_some() && train.rows() > 0 => {
            let (test, valid) = (train.split_off(0), train.split_off(0));
            (valid, test, [of("no"), of("no"), of("all")])
        }
        Err(fault) => return Err(fault.in_file(path)),
    };
    Ok((Loaded { path: path.to_owned(), train, valid, test, origins, notes }, reading))
}

/// How many rows to split off a table.
fn share(table: &Table) -> Result<usize, Fault> {
    match (table.rows() / SHARE).min(MOST) {
        0 => Err(Fault::TooFewRows { rows: table.rows(), least: SHARE }),
        rows => Ok(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BitTable;

    fn part(rows: usize, cols: usize) -> Part {
        let raw = Raw::of(BitTable::new(rows, cols), &Default::default()).unwrap();
        let file = PathBuf::from(format!("{rows}x{cols}.npz"));
        Part { file, array: Some("rows".to_owned()), format: "NPZ".to_owned(), raw }
    }

    fn sizes(loaded: &Loaded) -> [usize; 3] {
        [&loaded.train, &loaded.valid, &loaded.test].map(Table::rows)
    }

    #[test]
    fn a_missing_split_takes_a_sixth_and_at_most_ten_thousand() {
        let whole = |rows| split_single(Path::new("x"), part(rows, 1), None).map(|(loaded, _)| loaded);
        assert_eq!(sizes(&whole(70_000).unwrap()), [50_000, 10_000, 10_000]);
        assert_eq!(sizes(&whole(13).unwrap()), [9, 2, 2]);
        assert!(matches!(whole(5).unwrap_err().fault, Fault::TooFewRows { rows: 5, least: 6 }));
        let two =
            |rows| assemble(Path::new("x"), part(rows, 1), None, part(1, 1), None).map(|(loaded, _)| loaded);
        assert_eq!(sizes(&two(60_000).unwrap()), [50_000, 10_000, 1]);
        assert_eq!(sizes(&two(17).unwrap()), [15, 2, 1]);
        assert!(matches!(two(3).unwrap_err().fault, Fault::TooFewRows { .. }));
        assert_eq!(whole(13).unwrap().origins[2], "the last rows of array `rows` of 13x1.npz (NPZ)");
        assert_eq!(two(17).unwrap().origins[1], LAST_ROWS);
    }

    #[test]
    fn splits_of_other_widths_are_refused() {
        let error = assemble(Path::new("x"), part(9, 3), Some(part(9, 3)), part(9, 4), None).unwrap_err();
        assert_eq!(error.file, Path::new("9x4.npz"));
        assert!(matches!(error.fault.innermost(), Fault::Width { found: 4, expected: 3, .. }));
    }

    #[test]
    fn tables_in_memory_are_split_as_files_are() {
        let table = |rows, cols| Table::Bits(BitTable::new(rows, cols));
        let of = |train, valid, test| Loaded::of_tables(Path::new("x"), train, valid, test);
        let file = split_single(Path::new("x"), part(70, 3), None).unwrap().0;
        assert_eq!(sizes(&of(table(70, 3), None, None).unwrap()), sizes(&file));
        let two = assemble(Path::new("x"), part(17, 3), None, part(4, 3), None).unwrap().0;
        let own = of(table(17, 3), None, Some(table(4, 3))).unwrap();
        assert_eq!((sizes(&own), &*own.origins[1]), (sizes(&two), LAST_ROWS));
        assert_eq!(sizes(&of(table(1, 3), Some(table(2, 3)), Some(table(1, 3))).unwrap()), [1, 2, 1]);
        for (error, word) in [
            (of(table(5, 3), None, None), "6 are needed"),
            (of(table(0, 3), None, None), "no rows"),
            (of(table(9, 0), None, None), "[9, 0]"),
            (of(table(9, 3), Some(table(2, 4)), None), "4 columns"),
        ] {
            let message = error.unwrap_err().to_string();
            assert!(message.starts_with("x: ") && message.contains(word), "{message}");
        }
    }

    #[test]
    fn words_name_splits() {
        for (word, split) in [("Train", Split::Train), ("val", Split::Valid), ("t10k", Split::Test)] {
            assert_eq!(Split::from_word(word), Some(split));
        }
        assert_eq!(Split::from_word("rain"), None);
        assert_eq!(Split::Valid.name(), "valid");
    }
}
