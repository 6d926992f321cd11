//! Files of several arrays: which of them are the splits, or the one table.

use crate::columns::Want;
use crate::numbers::Raw;
use crate::splits::Split;
use crate::{Fault, Note};

/// A file of named arrays.
pub(crate) trait Arrays {
    /// The names, and whether each is a table of several columns.
    fn names(&self) -> Vec<(String, bool)>;

    /// Reads the array of a number.
    fn read(&mut self, at: usize, want: &Want) -> Result<Raw, Fault>;
}

/// The numbers of the arrays to read.
#[derive(Debug, PartialEq)]
pub(crate) enum Chosen {
    One(usize),
    Splits { train: usize, valid: Option<usize>, test: usize },
}

/// Reads the one table of a file.
pub(crate) fn only(arrays: &mut dyn Arrays, want: &Want) -> Result<Raw, Fault> {
    let names = arrays.names();
    match choose(&names)? {
        Chosen::One(at) => {
            let mut raw = arrays.read(at, want)?;
            raw.notes.extend(passed_over(&names, &[at]));
            Ok(raw)
        }
        Chosen::Splits { .. } => Err(several(&names)),
    }
}

/// What to tell where not all arrays are read.
pub(crate) fn passed_over(names: &[(String, bool)], read: &[usize]) -> Option<Note> {
    let some = |is_read: bool| {
        let names = names.iter().enumerate().filter(|(at, _)| read.contains(at) == is_read);
        names.map(|(_, (name, _))| name.clone()).collect::<Vec<_>>()
    };
    let others = some(false);
    (!others.is_empty()).then(|| Note::PassedOver { read: some(true), others })
}

/// Names that arrays of examples have.
const EXAMPLES: [&str; 8] = ["x", "data", "images", "features", "inputs", "samples", "patterns", "table"];

/// Names that arrays of something else have.
const OTHERS: [&str; 14] = [
    "y", "label", "labels", "target", "targets", "class", "classes", "t", "idx", "index", "ids", "id",
    "weights", "mask",
];

/// Which arrays to read.
pub(crate) fn choose(names: &[(String, bool)]) -> Result<Chosen, Fault> {
    let [train, valid, test] = [Split::Train, Split::Valid, Split::Test].map(|split| find(names, split));
    match (train?, valid?, test?) {
        (Some(train), valid, Some(test)) => return Ok(Chosen::Splits { train, valid, test }),
        (Some(train), None, None) => return Ok(Chosen::One(train)),
        (Some(_), Some(_), None) => {
            let found = names.iter().map(|(name, _)| name.clone()).collect();
            return Err(Fault::NoSplit { split: Split::Test.name(), found });
        }
        (None, ..) => {}
    }
    let only = |mut found: Vec<usize>| if found.len() == 1 { found.pop() } else { None };
    let like = |test: &dyn Fn(&str, bool) -> bool| {
        let found = names.iter().enumerate().filter(|(_, (name, is_table))| test(name, *is_table));
        found.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let examples = |name: &str, _| EXAMPLES.contains(&name.to_ascii_lowercase().as_str());
    let one = only(like(&|_, _| true))
        .or_else(|| like(&|name, _| name == "X").pop())
        .or_else(|| only(like(&examples)))
        .or_else(|| only(like(&|_, is_table| is_table)));
    match one {
        Some(at) => Ok(Chosen::One(at)),
        None if names.is_empty() => Err(Fault::NothingFound),
        None => Err(several(names)),
    }
}

fn several(names: &[(String, bool)]) -> Fault {
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let what = format!("a file of several arrays ({})", names.join(", "));
    Fault::Unsupported {
        what,
        remedy: "name them train, valid and test, name the one to read X, or save only one",
    }
}

/// The array of a split, the one with the plainest name.
fn find(names: &[(String, bool)], split: Split) -> Result<Option<usize>, Fault> {
    let ranked = |(at, (name, _)): (usize, &(String, bool))| {
        let (of, rank) = split_of(name)?;
        (of == split).then_some((rank, at))
    };
    let mut found: Vec<(u8, usize)> = names.iter().enumerate().filter_map(ranked).collect();
    found.sort_unstable();
    match found[..] {
        [] => Ok(None),
        [(first, _), (second, _), ..] if first == second => Err(several(names)),
        [(_, at), ..] => Ok(Some(at)),
    }
}

/// The split that a name stands for, and how much else there is in it.
fn split_of(name: &str) -> Option<(Split, u8)> {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    if words.iter().any(|word| OTHERS.contains(word)) {
        return None;
    }
    let split = words.iter().find_map(|word| Split::from_word(word));
    match (split, words.len()) {
        (Some(split), 1) => Some((split, 0)),
        (Some(split), _) if words.iter().any(|word| EXAMPLES.contains(word)) => Some((split, 1)),
        (Some(split), _) => Some((split, 2)),
        // Names such as `trainX` and `XTest`.
        (None, 1) => {
            let bare = |part: &&str| name.strip_prefix(*part).or_else(|| name.strip_suffix(*part));
            let of = EXAMPLES.iter().find_map(|part| Split::from_word(bare(part)?))?;
            Some((of, 1))
        }
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Result<Chosen, String> {
        // Names of labels are lists, all others tables.
        let is_table = |name: &str| !name.to_ascii_lowercase().starts_with('y') && !name.contains("label");
        let names: Vec<(String, bool)> =
            names.iter().map(|name| ((*name).to_owned(), is_table(name))).collect();
        choose(&names).map_err(|fault| fault.to_string())
    }

    fn splits(train: usize, valid: Option<usize>, test: usize) -> Result<Chosen, String> {
        Ok(Chosen::Splits { train, valid, test })
    }

    #[test]
    fn splits_are_found_by_the_names_people_give() {
        assert_eq!(chosen(&["train", "val", "test"]), splits(0, Some(1), 2));
        assert_eq!(chosen(&["x_train", "y_train", "x_test", "y_test"]), splits(0, None, 2));
        assert_eq!(chosen(&["y_train", "X_train", "X_valid", "X_test"]), splits(1, Some(2), 3));
        assert_eq!(chosen(&["train_x", "train_y", "test_x", "test_y"]), splits(0, None, 2));
        assert_eq!(
            chosen(&["train_images", "train_labels", "test_images", "test_labels"]),
            splits(0, None, 2)
        );
        assert_eq!(chosen(&["trainX", "trainY", "testX", "testY"]), splits(0, None, 2));
        assert_eq!(chosen(&["XTrain", "YTrain", "XTest", "YTest"]), splits(0, None, 2));
        assert_eq!(chosen(&["traindata", "testdata", "trainlabels"]), splits(0, None, 1));
        assert_eq!(chosen(&["train", "x_train", "test"]), splits(0, None, 2));
        assert!(chosen(&["train_a", "train_b", "test"]).unwrap_err().contains("train_a, train_b, test"));
        assert!(chosen(&["train", "valid"]).unwrap_err().contains("no test split"));
    }

    #[test]
    fn one_table_is_found_by_its_name_or_its_shape() {
        assert_eq!(chosen(&["anything"]), Ok(Chosen::One(0)));
        assert_eq!(chosen(&["y", "X"]), Ok(Chosen::One(1)));
        assert_eq!(chosen(&["x", "X", "y"]), Ok(Chosen::One(1)));
        assert_eq!(chosen(&["a", "data", "b"]), Ok(Chosen::One(1)));
        assert_eq!(chosen(&["y_labels", "pixels"]), Ok(Chosen::One(1)));
        assert_eq!(chosen(&["x_train", "y_train"]), Ok(Chosen::One(0)));
        assert!(chosen(&["a", "b"]).unwrap_err().contains("(a, b)"));
        assert!(chosen(&[]).is_err());
    }
}
