//! What can be wrong with data: one error, which always names the file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::note::ranges;

/// A data file or folder that could not be used: which one, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", file.display())]
pub struct DataError {
    /// The file or folder concerned, as the caller named it.
    pub file: PathBuf,
    /// What is wrong, and what to do about it.
    pub fault: Fault,
}

/// What is wrong with a file. The message says what to do. Rows and columns count from 0, lines from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing exists under this name.
    #[error("does not exist{0}")]
    NotFound(Hint),
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// A file of no bytes.
    #[error("is empty (0 bytes); copy or download it again")]
    Empty,
    /// More bytes, once decompressed, than this library reads.
    #[error("holds more than {limit} bytes of data; split it into smaller files")]
    TooLarge {
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// A gzip, zlib or zip stream that does not decompress.
    #[error("the compressed data is damaged or cut short ({0}); copy or download it again")]
    Compressed(String),
    /// Something other than zeros behind the end of a gzip stream.
    #[error(
        "has bytes behind the end of the gzip stream that are no gzip and no padding with zeros; the file is damaged or \
         something was appended to it: copy or download it again, or take what is whole with `gunzip`"
    )]
    Behind,
    /// The content is of no format known here.
    #[error(
        "is in no known format; give IDX, MATLAB v5, NPY, NPZ, packed bits or a text table of numbers (plain or gzip)"
    )]
    UnknownFormat,
    /// The format is known, but not this part of it.
    #[error("{what} cannot be read; {remedy}")]
    Unsupported {
        /// The part concerned.
        what: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// The bytes contradict the format.
    #[error("{problem} (byte {offset}); the file is damaged, copy or download it again")]
    Malformed {
        /// Where, in bytes from the start of the (decompressed) content.
        offset: usize,
        /// What was found there.
        problem: String,
    },
    /// The header promises another number of bytes than the file has.
    #[error(
        "the header asks for {wanted} bytes of data and {present} are there; the file is cut short or \
         damaged, copy or download it again"
    )]
    Length {
        /// Bytes the header asks for; `u128::MAX` when they cannot even be counted.
        wanted: u128,
        /// Bytes that are there.
        present: usize,
    },
    /// The file ends inside its header.
    #[error("ends inside its header (byte {offset}); the file is cut short, copy or download it again")]
    CutShort {
        /// Where the header part began that is not all there.
        offset: usize,
    },
    /// The array is not a table of rows and columns.
    #[error("has shape {0:?}; give a table of rows x columns (one example a row)")]
    Shape(Vec<u64>),
    /// A table without a row.
    #[error("holds no rows; give at least one example")]
    NoRows,
    /// A table too short to be split into train, valid and test.
    #[error("holds {rows} rows, and {least} are needed to split off valid and test rows; give more rows")]
    TooFewRows {
        /// Rows there are.
        rows: usize,
        /// Rows needed.
        least: usize,
    },
    /// A number outside the range of bits and of intensities.
    #[error(
        "row {row}, column {column} holds {value}; give 0 and 1, whole grey levels 0..255, or intensities \
         from 0 to 1, or leave the column out with --drop {column}"
    )]
    Value {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What is there.
        value: f64,
    },
    /// Fractions and numbers above 1 in one table: neither grey levels nor intensities.
    #[error(
        "row {row}, column {column} holds {value}, but other values are {others}; scale all values to \
         0..1, or round all to whole levels 0..255"
    )]
    MixedScales {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What is there.
        value: f64,
        /// What the values before it were.
        others: &'static str,
    },
    /// A grey level where only bits are taken.
    #[error(
        "row {row}, column {column} holds the grey level {level}, and without binarisation only 0 and 1 \
         are taken; choose a threshold (0.5 turns 0/255 into 0/1) or dynamic binarisation"
    )]
    NotBinary {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What is there.
        level: u8,
    },
    /// A field of a text table that is no number.
    #[error(
        "field {field} is {text:?}, which is not a number{}; give numbers or yes and no separated by commas or spaces, or leave \
         the column out with --drop {column}",
        if text.is_empty() { " (a missing value?)" } else { "" }
    )]
    NotANumber {
        /// Field of the line, from 1.
        field: usize,
        /// The start of what is there.
        text: String,
        /// The name of its column, or its number from 0.
        column: String,
    },
    /// A column that is asked for, or to be left out, and is not there.
    #[error("has no column {column:?}; there are: {}", list(there))]
    NoColumn {
        /// What was asked for.
        column: String,
        /// The first names, or the numbers, that are there.
        there: Vec<String>,
    },
    /// A choice of columns that leaves none.
    #[error("no column is left to read; --columns and --drop together must leave one")]
    NoColumns,
    /// A third value in a column, in a table whose other columns hold values that are no grey levels.
    #[error(
        "row {row}, column {column} holds {value}, a third value of the column where others hold {zero} and {one}, which are no \
         grey levels; leave the column out with --drop {column}, or recode it as bits"
    )]
    ThirdValue {
        /// Row, from 0.
        row: usize,
        /// The name of the column, or its number from 0.
        column: String,
        /// The third value.
        value: f64,
        /// The values of another column.
        zero: f64,
        /// The larger of them.
        one: f64,
    },
    /// Columns of several values among columns of bits.
    #[error(
        "column{} more than two values where {bits} other columns hold 0 and 1; leave out what is no bit with --drop {}, or recode it \
         as bits: one column for each value, or for each \"at least k\"",
        if columns.len() == 1 { format!(" {} holds", columns[0]) } else { format!("s {} hold", ranges(columns, 8, ", ")) },
        ranges(columns, usize::MAX, ",")
    )]
    OddColumns {
        /// The names of the columns, or their numbers from 0.
        columns: Vec<String>,
        /// How many columns hold 0 and 1.
        bits: usize,
    },
    /// Splits of which one holds other two values in a column than another.
    #[error(
        "column {column} holds {}, and {} in another split; code all splits alike",
        numbers(here),
        numbers(there)
    )]
    Coding {
        /// The name of the column, or its number from 0.
        column: String,
        /// The values in this split.
        here: Vec<f64>,
        /// Those in an earlier one.
        there: Vec<f64>,
    },
    /// A row of more columns than a table may have.
    #[error("has more than {most} columns; give a table of rows x columns (one example a row)")]
    TooWide {
        /// The most columns.
        most: usize,
    },
    /// A line of a text table of another length than the lines before it.
    #[error("has {found} fields where the lines before have {expected}; give every line the same number")]
    Ragged {
        /// Fields on this line.
        found: usize,
        /// Fields on the lines before.
        expected: usize,
    },
    /// Splits of different widths.
    #[error("has {found} columns, but {} has {expected}; give splits of one width", of.display())]
    Width {
        /// Columns here.
        found: usize,
        /// Columns there.
        expected: usize,
        /// The file (or array) this one is compared with.
        of: PathBuf,
    },
    /// More than one data set where one is wanted.
    #[error(
        "holds several data sets: {}; name one of them, e.g. `{}`",
        list(names),
        names.first().map_or("", |name| name)
    )]
    Several {
        /// What to name, one each.
        names: Vec<String>,
    },
    /// Two files for the same split.
    #[error("has more than one file for the {split} split: {}; move all but one elsewhere", list(files))]
    Ambiguous {
        /// The split: train, valid or test.
        split: &'static str,
        /// The names of the files.
        files: Vec<String>,
    },
    /// A data set without one of the splits it needs.
    #[error("has {} but no {split} split; add it", list(found))]
    NoSplit {
        /// The split that is missing.
        split: &'static str,
        /// What is there.
        found: Vec<String>,
    },
    /// A folder or an archive in which no table was recognised.
    #[error("holds no data set; give a data file, or a folder with files named train, valid and test")]
    NothingFound,
    /// A threshold that no pixel or every pixel would pass.
    #[error("the threshold {0} is outside 0..1; give a fraction such as 0.5")]
    Threshold(f32),
    /// A fault in one part of the file.
    #[error("{place}: {fault}")]
    At {
        /// The part: a line, an array, a variable, a split.
        place: String,
        /// What is wrong there.
        fault: Box<Fault>,
    },
}

impl Fault {
    /// This fault as the error of one file.
    pub fn in_file(self, file: &Path) -> DataError {
        DataError { file: file.to_owned(), fault: self }
    }

    /// This fault, located in one part of the file.
    pub(crate) fn at(self, place: impl Into<String>) -> Fault {
        Fault::At { place: place.into(), fault: Box::new(self) }
    }

    /// The fault itself, without the places around it.
    pub fn innermost(&self) -> &Fault {
        match self {
            Fault::At { fault, .. } => fault.innermost(),
            other => other,
        }
    }
}

/// What could be meant by a name that does not exist.
#[derive(Debug, Default)]
pub struct Hint(pub Vec<String>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("; check the spelling")
        } else {
            write!(f, "; there are: {}", list(&self.0))
        }
    }
}

fn list(names: &[String]) -> String {
    names.join(", ")
}

fn numbers(values: &[f64]) -> String {
    values.iter().map(f64::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_file_the_place_and_the_remedy() {
        let fault = Fault::Value { row: 3, column: 17, value: f64::NAN };
        let error = fault.at("array `train`").in_file(Path::new("digits.npz"));
        let message = error.to_string();
        assert!(
            message.starts_with("digits.npz: array `train`: row 3, column 17 holds NaN; give"),
            "{message}"
        );
        assert!(matches!(error.fault.innermost(), Fault::Value { row: 3, .. }));
    }

    #[test]
    fn a_missing_name_comes_with_what_is_there() {
        let names = vec!["dna".to_owned(), "nltcs".to_owned()];
        assert_eq!(Fault::NotFound(Hint(names)).to_string(), "does not exist; there are: dna, nltcs");
        assert_eq!(Fault::NotFound(Hint::default()).to_string(), "does not exist; check the spelling");
    }
}
