//! What a reader assumed of a data set that could have been meant otherwise.

use std::fmt;

/// How columns and values were taken. The text says what to do where something else was meant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// Two values that are not 0 and 1 were taken as bits.
    Coding {
        /// The value that stands for 0.
        zero: f64,
        /// The value that stands for 1: the larger.
        one: f64,
        /// The columns concerned; none for the whole table.
        columns: Vec<String>,
    },
    /// Words were taken as bits.
    Words {
        /// The words that stand for 0 and for 1, as they were found.
        zeros: Vec<String>,
        /// The words that stand for 1.
        ones: Vec<String>,
    },
    /// The first line, all numbers, was taken as the names of columns.
    NumberNames,
    /// A column was taken as an index and left out.
    Index {
        /// Its name or number.
        column: String,
        /// Its first two numbers; `None` where its name tells.
        counts: Option<[i64; 2]>,
    },
    /// A column that may be a label was read like the others.
    Label {
        /// Its name or number.
        column: String,
        /// Its largest value, where its values look so and not its name.
        most: Option<u8>,
    },
    /// A column has another name than in the data by which these are read.
    OtherName {
        /// Its number.
        column: usize,
        /// Its name.
        here: String,
        /// Its name there.
        own: String,
    },
    /// Grey levels of which none is bright.
    Dark {
        /// The smallest and the largest level.
        levels: (u8, u8),
    },
    /// Some of the arrays in a file were not read.
    PassedOver {
        /// What was read.
        read: Vec<String>,
        /// What was not.
        others: Vec<String>,
    },
}

impl Note {
    /// Whether what was assumed is likely to be wrong, so that a user should look.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Note::Label { .. }
                | Note::Dark { .. }
                | Note::Index { .. }
                | Note::NumberNames
                | Note::OtherName { .. }
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Coding { zero, one, columns } => {
                let of = match columns.as_slice() {
                    [] => String::new(),
                    [only] => format!(" of column {only}"),
                    several => format!(" of columns {}", ranges(several, 8, ", ")),
                };
                write!(f, "the values {zero} and {one}{of} are read as bits: {zero} as 0, {one} as 1")
            }
            Note::Words { zeros, ones } => {
                let part = |words: &[String], bit: u8| (!words.is_empty()).then(|| format!("{} as {bit}", words.join(", ")));
                let parts: Vec<String> = [part(zeros, 0), part(ones, 1)].into_iter().flatten().collect();
                write!(f, "words are read as bits: {}", parts.join("; "))
            }
            Note::NumberNames => {
                f.write_str("the first line counts, or holds other numbers than the bits below it: taken as column names, not as a row")
            }
            Note::Index { column, counts: Some([first, second]) } => write!(
                f,
                "column {column} counts {first}, {second}, {}, ..: taken as an index and left out; --columns 0- reads all columns",
                2 * second - first
            ),
            Note::Index { column, counts: None } => {
                write!(f, "column {column} is taken as the index of a data frame and left out; --columns 0- reads all columns")
            }
            Note::Label { column, most: None } => write!(
                f,
                "column {column} looks like a label and is read like the others; --drop {} leaves it out",
                column
            ),
            Note::Label { column, most: Some(most) } => write!(
                f,
                "column {column} holds 0 to {most}, like a label, and is read like the others; --drop {} leaves it out",
                column
            ),
            Note::OtherName { column, here, own } => write!(
                f,
                "column {column} is called {here} here and {own} in the data of the training: columns are taken in their order; \
                 --columns cannot reorder them"
            ),
            Note::Dark { levels: (least, most) } => write!(
                f,
                "values {least} to {most} are read as grey levels of 255, which are almost black; --binarise {:.4} takes values \
                 from {} as ones; or recode each value as bits: one column for each \"at least k\" (a thermometer), or for each \
                 value; or divide by {most} if these are intensities",
                threshold(*least, *most),
                middle(*least, *most)
            ),
            Note::PassedOver { read, others } => {
                write!(f, "of the arrays in the file {} is read and {} passed over", read.join(", "), others.join(", "))
            }
        }
    }
}

/// Names as they are, and runs of numbers as ranges, up to `most` of them.
pub(super) fn ranges(columns: &[String], most: usize, between: &str) -> String {
    let mut parts: Vec<(&str, usize, Option<usize>)> = Vec::new();
    for column in columns {
        let number = column.parse::<usize>().ok();
        match parts.last_mut() {
            Some((_, length, last)) if last.is_some() && last.map(|last| last + 1) == number => {
                (*length, *last) = (*length + 1, number);
            }
            _ => parts.push((column, 1, number)),
        }
    }
    let word = |&(first, length, last): &(&str, usize, Option<usize>)| match (length, last) {
        (2.., Some(last)) => format!("{first}-{last}"),
        _ => first.to_owned(),
    };
    let words: Vec<String> = parts.iter().take(most).map(word).collect();
    let more = if parts.len() > most { format!(" and {} more", parts.len() - most) } else { String::new() };
    words.join(between) + &more
}

/// The level from which on values are in the upper half.
fn middle(least: u8, most: u8) -> u8 {
    ((u16::from(least) + u16::from(most)) / 2 + 1) as u8
}

/// A threshold just below [`middle`].
fn threshold(least: u8, most: u8) -> f64 {
    (f64::from(middle(least, most)) - 0.5) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_for_dark_levels_does_what_the_note_says() {
        let note = Note::Dark { levels: (1, 5) }.to_string();
        assert!(note.contains("--binarise 0.0137 takes values from 4 as ones"), "{note}");
        let ones = |level: f64| level / 255.0 > (threshold(1, 5) * 1e4).round() / 1e4;
        assert_eq!([1.0, 3.0, 4.0, 5.0].map(ones), [false, false, true, true]);
    }

    #[test]
    fn columns_are_named() {
        let columns = ["3", "4", "5", "9"].map(str::to_owned).to_vec();
        let note = Note::Coding { zero: 1.0, one: 2.0, columns }.to_string();
        assert_eq!(note, "the values 1 and 2 of columns 3-5, 9 are read as bits: 1 as 0, 2 as 1");
    }
}
