//! Errors as Python has them, with the sentences of `arm`.

use arm_std::data::Fault;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::fmt::Display;
use std::path::Path;

/// `ValueError` with what went wrong.
pub(crate) fn value(error: impl Display) -> PyErr {
    PyValueError::new_err(in_python(&error.to_string()))
}

/// Flags whose argument in Python has another name than theirs, and what stands for them there.
const OTHERS: [(&str, &str); 4] =
    [("seed", "random_state"), ("out", "name"), ("force", "overwrite=True"), ("threads", "n_jobs")];

/// A sentence about flags as one about arguments: `--encoder-beta1` is `encoder_beta1`, `--lr -1: ..` is `lr=-1: ..`, and what the
/// parser of a command line puts around them (`'--lr <LR>'`) is left out.
#[pyfunction]
pub(crate) fn in_python(sentence: &str) -> String {
    let mut text = String::with_capacity(sentence.len());
    let mut rest = sentence;
    while let Some(at) = rest.find("--") {
        let (before, flag) = rest.split_at(at);
        let name = &flag[2..];
        let end = name.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
        let (name, after) = name.split_at(end.unwrap_or(name.len()));
        let argument = || match OTHERS.iter().find(|(other, _)| *other == name) {
            Some((_, argument)) => argument.to_string(),
            None => name.replace('-', "_"),
        };
        let quoted = before.strip_suffix('\'').zip(behind_placeholder(after));
        let is_word = before.is_empty() || before.ends_with([' ', '(', '\n']);
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || name == "help" {
            text += before;
            text += "--";
            rest = &flag[2..];
        } else if let Some((before, after)) = quoted {
            text += before;
            text += &argument();
            rest = after;
        } else if is_word {
            text += before;
            text += &argument();
            rest = match after.strip_prefix(' ') {
                Some(value) if is_value(value) => {
                    text.push('=');
                    value
                }
                _ => after,
            };
        } else {
            text += before;
            text += "--";
            rest = &flag[2..];
        }
    }
    text + rest
}

/// What comes after `` <LR>'`` or `` [<BOOL>]'``.
fn behind_placeholder(after: &str) -> Option<&str> {
    let (placeholder, rest) = after.split_once('\'')?;
    let inner = placeholder.trim_start().trim_start_matches('[').trim_end_matches(']');
    (inner.starts_with('<') && inner.ends_with('>') && !inner.contains(' ')).then_some(rest)
}

/// Whether a word with a colon follows.
fn is_value(text: &str) -> bool {
    text.split([' ', '\n']).next().is_some_and(|word| word.len() > 1 && word.ends_with(':'))
}

/// The sentence of a fault of the array `name`.
fn sentence(fault: Fault, name: &str) -> String {
    fault.in_file(Path::new(name)).to_string()
}

/// Of an array without rows.
#[pyfunction]
pub(crate) fn no_rows(name: &str) -> String {
    sentence(Fault::NoRows, name)
}

/// Of an array that is no table.
#[pyfunction]
pub(crate) fn no_table(name: &str, shape: Vec<u64>) -> String {
    sentence(Fault::Shape(shape), name)
}

/// Of an array of another type than numbers.
#[pyfunction]
pub(crate) fn no_type(name: &str, dtype: &str) -> String {
    let what = format!("an array of type {dtype:?}");
    sentence(
        Fault::Unsupported { what, remedy: "give it as uint8, bool, integers or floats of up to 64 bits" },
        name,
    )
}
