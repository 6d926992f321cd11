//! What the values of a data set's columns are, as others of the kind must have them.

use super::raw::Labels;
use crate::Note;

/// What the columns of a data set hold, as others are [read](crate::load_like) by it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Rows that were looked at.
    pub(super) rows: usize,
    /// The values of each column that is read, at most two; none of grey levels.
    pub(super) values: Vec<Vec<f64>>,
    pub(super) is_grey: bool,
    /// The names of the columns that are read, where they have some.
    names: Vec<Option<String>>,
    /// The columns that were left out as an index, as they are numbered in the file.
    left_out: Vec<usize>,
}

impl Reading {
    /// `left_out` are columns that the first part was read without.
    pub(super) fn new(
        rows: usize,
        values: Option<Vec<Vec<f64>>>,
        labels: &Labels,
        cols: usize,
        left_out: Vec<usize>,
    ) -> Reading {
        let names = (0..cols).map(|column| labels.name(column).map(str::to_owned)).collect();
        Reading { rows, is_grey: values.is_none(), values: values.unwrap_or_default(), names, left_out }
    }

    /// The columns that were left out by themselves, if any, and how many were read.
    pub(crate) fn left_out(&self) -> Option<(&[usize], usize)> {
        (!self.left_out.is_empty()).then_some((&self.left_out[..], self.names.len()))
    }

    /// Whether two values of a column are not 0 and 1.
    pub(super) fn is_coded(&self) -> bool {
        self.values.iter().flatten().any(|&value| value != 0.0 && value != 1.0)
    }

    /// Notes the first column with another name than in these data.
    pub(super) fn compare(&self, labels: &Labels, notes: &mut Vec<Note>) {
        let others = self.names.iter().enumerate().find_map(|(column, own)| {
            let (own, here) = (own.as_deref()?, labels.name(column)?);
            (own != here).then(|| Note::OtherName { column, here: here.into(), own: own.into() })
        });
        notes.extend(others);
    }
}
