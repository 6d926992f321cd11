//! Which columns of a file are read: some that are named, or all but some.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Fault;

/// Columns by name or number, as they are written: `age,3,7-9,20-`.
///
/// A word is the name of a column where the file has such a name, else a number from 0, or a range of numbers with both
/// ends, or without its end to the last column. Names with commas stand in double quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Vec<String>")]
pub struct Columns(Vec<String>);

/// In a settings file: one string, or a list of names and numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Line(String),
    List(Vec<Word>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Number(u64),
    Name(String),
}

impl From<Written> for Columns {
    fn from(written: Written) -> Columns {
        match written {
            Written::Line(line) => line.parse().unwrap_or_default(),
            Written::List(words) => Columns(
                words
                    .into_iter()
                    .map(|word| match word {
                        Word::Number(number) => number.to_string(),
                        Word::Name(name) => name,
                    })
                    .collect(),
            ),
        }
    }
}

impl From<Columns> for Vec<String> {
    fn from(columns: Columns) -> Vec<String> {
        columns.0
    }
}

impl FromStr for Columns {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Columns, Self::Err> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let words = reader.records().next().and_then(Result::ok).unwrap_or_default();
        Ok(Columns(words.iter().map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()))
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl Columns {
    /// Marks those of `cols` columns that are meant. Errors: a word that means none.
    fn mark(&self, names: Option<&[String]>, cols: usize) -> Result<Vec<bool>, Fault> {
        let mut marked = vec![false; cols];
        for word in &self.0 {
            let named = names.into_iter().flatten().enumerate().filter(|(_, name)| *name == word);
            let named: Vec<usize> = named.map(|(column, _)| column).collect();
            let range = match named.as_slice() {
                [] => numbers(word, cols).filter(|range| range.start < range.end && range.end <= cols),
                _ => None,
            };
            match range {
                Some(range) => marked[range].fill(true),
                None if named.is_empty() => {
                    let there = match names {
                        Some(names) => names.iter().take(20).map(|name| quoted(name)).collect(),
                        None => vec![format!("0 to {}", cols - 1)],
                    };
                    return Err(Fault::NoColumn { column: word.clone(), there });
                }
                None => named.into_iter().for_each(|column| marked[column] = true),
            }
        }
        Ok(marked)
    }
}

/// The columns of a number or a range.
fn numbers(word: &str, cols: usize) -> Option<std::ops::Range<usize>> {
    let number = |text: &str| text.trim().parse::<usize>().ok();
    match word.split_once('-') {
        None => number(word).map(|first| first..first.saturating_add(1)),
        Some((first, "")) => Some(number(first)?..cols),
        Some((first, last)) => Some(number(first)?..number(last)?.saturating_add(1)),
    }
}

/// What a user chose of the columns of a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The columns to read; `None` for all. Columns keep their order.
    pub columns: Option<Columns>,
    /// Columns to leave out of those.
    pub drop: Option<Columns>,
}

/// A choice, and the columns that an earlier file of the same data set has left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Want {
    pub(super) selection: Selection,
    pub(super) left_out: Vec<usize>,
    /// The columns that are then read; other files may be without those that were left out.
    pub(super) rest: Option<usize>,
}

impl Want {
    /// Whether an index is left out by itself: not where the columns to read were named.
    pub(super) fn leaves_index_out(&self) -> bool {
        self.selection.columns.is_none()
    }

    /// The columns to read of `cols` (at least 1), or `None` for all. Errors: a choice that means no column, or leaves
    /// none.
    pub(super) fn pick(&self, names: Option<&[String]>, cols: usize) -> Result<Option<Vec<usize>>, Fault> {
        let Selection { columns, drop } = &self.selection;
        if columns.is_none() && drop.is_none() && self.left_out.is_empty() {
            return Ok(None);
        }
        let mut keep = match columns {
            Some(columns) => columns.mark(names, cols).map_err(|fault| fault.at("--columns"))?,
            None => vec![true; cols],
        };
        if let Some(drop) = drop {
            let dropped = drop.mark(names, cols).map_err(|fault| fault.at("--drop"))?;
            keep.iter_mut().zip(dropped).for_each(|(keep, dropped)| *keep &= !dropped);
        }
        let mut without = keep.clone();
        self.left_out.iter().filter(|&&column| column < cols).for_each(|&column| without[column] = false);
        if self.rest.is_none_or(|rest| without.iter().filter(|&&keep| keep).count() == rest) {
            keep = without;
        }
        let pick: Vec<usize> = (0..cols).filter(|&column| keep[column]).collect();
        if pick.is_empty() { Err(Fault::NoColumns) } else { Ok(Some(pick)) }
    }
}

/// A name as a shell takes it.
pub(super) fn quoted(name: &str) -> String {
    if name.contains(',') {
        format!("'\"{name}\"'")
    } else if name.contains(|letter: char| !letter.is_alphanumeric() && !"_-.".contains(letter)) {
        format!("'{name}'")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(columns: Option<&str>, drop: Option<&str>, names: Option<&[&str]>) -> Result<Vec<usize>, String> {
        let parse = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        let selection = Selection { columns: parse(columns), drop: parse(drop) };
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(|&name| name.into()).collect());
        let want = Want { selection, ..Want::default() };
        let pick = want.pick(names.as_deref(), 6).map_err(|fault| fault.to_string())?;
        Ok(pick.unwrap_or_else(|| (0..6).collect()))
    }

    #[test]
    fn columns_are_names_or_numbers_from_0() {
        let names: &[&str] = &["Unnamed: 0", "id", "a,b", "0", "x-1", "id"];
        assert_eq!(pick(None, None, None), Ok(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(pick(Some("0, 2-3,5"), None, None), Ok(vec![0, 2, 3, 5]));
        assert_eq!(pick(Some("4-,0"), None, None), Ok(vec![0, 4, 5]));
        assert_eq!(pick(Some("1-"), Some("3"), None), Ok(vec![1, 2, 4, 5]));
        assert_eq!(pick(None, Some("Unnamed: 0,id"), Some(names)), Ok(vec![2, 3, 4]));
        assert_eq!(pick(Some("\"a,b\",x-1"), None, Some(names)), Ok(vec![2, 4]));
        assert_eq!(pick(Some("0"), None, Some(names)), Ok(vec![3]), "a name goes before a number");
        assert_eq!(pick(None, Some(""), Some(names)), Ok(vec![0, 1, 2, 3, 4, 5]));
        for columns in ["6", "4-6", "3-2", "age", "-1", "1-x"] {
            let message = pick(Some(columns), None, None).unwrap_err();
            assert!(message.starts_with(&format!("--columns: has no column {columns:?}")), "{message}");
            assert!(message.contains("0 to 5"), "{message}");
        }
        assert!(pick(None, Some("age"), Some(names)).unwrap_err().contains("'Unnamed: 0', id"));
        assert!(pick(None, Some("0-5"), None).unwrap_err().contains("no column is left"));
    }

    #[test]
    fn columns_survive_a_settings_file() {
        #[derive(Serialize, Deserialize)]
        struct File {
            drop: Columns,
        }
        let read = |text: &str| toml::from_str::<File>(text).unwrap().drop;
        let drop: Columns = "id,\"a,b\",3-4".parse().unwrap();
        assert_eq!(read("drop = ['id', 'a,b', '3-4']"), drop);
        assert_eq!(read("drop = 'id,\"a,b\",3-4'"), drop);
        assert_eq!(read("drop = ['id', 7]"), "id,7".parse().unwrap());
        assert_eq!(read(&toml::to_string(&File { drop: drop.clone() }).unwrap()), drop);
    }
}
