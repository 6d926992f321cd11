//! What was read of one file, before it is known what its values mean.

use super::coded::Coded;
use super::levels::Levels;
use crate::columns::{Want, quoted};
use crate::{BitTable, Fault, Note};

/// What was read of one file, before it is known what its values mean.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) store: Store,
    pub(crate) labels: Labels,
    pub(crate) notes: Vec<Note>,
    /// The columns that were left out, as they are numbered in the file.
    pub(crate) left_out: Vec<usize>,
}

impl Raw {
    /// Of a table that is bits or grey levels already.
    pub(crate) fn of(table: BitTable, want: &Want) -> Result<Raw, Fault> {
        let numbers = want.pick(None, table.cols())?;
        let table = match &numbers {
            Some(pick) => table.columns(pick),
            None => table,
        };
        let (rows, cols) = (table.rows(), table.cols());
        let labels = Labels { names: None, numbers };
        let store = Store::Plain(table.into_words());
        Ok(Raw { rows, cols, store, labels, notes: vec![], left_out: vec![] })
    }
}

/// The numbers so far.
#[derive(Debug)]
pub(crate) enum Store {
    /// Nothing but 0 and 1: the words of a bit table.
    Plain(Vec<u32>),
    /// Two values in every column.
    Coded(Coded),
    /// Grey levels.
    Grey(Levels),
}

impl Store {
    /// Leaves only the columns of `keep`.
    pub(super) fn columns(self, rows: usize, cols: usize, keep: &[usize]) -> Store {
        match self {
            Store::Plain(words) => {
                Store::Plain(BitTable::from_words(rows, cols, words).columns(keep).into_words())
            }
            Store::Coded(Coded { bits, pairs }) => {
                let pairs = keep.iter().map(|&column| pairs[column]).collect();
                Store::Coded(Coded { bits: bits.columns(keep), pairs })
            }
            Store::Grey(levels) => Store::Grey(levels.columns(keep)),
        }
    }
}

/// What to call the columns that are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// The names of all columns of the file.
    pub(crate) names: Option<Vec<String>>,
    /// The columns that are read; `None` for all.
    pub(super) numbers: Option<Vec<usize>>,
}

impl Labels {
    /// The number of a column in the file.
    pub(super) fn number(&self, column: usize) -> usize {
        self.numbers.as_ref().map_or(column, |numbers| numbers[column])
    }

    /// The name of a column that is read, if it has one.
    pub(crate) fn name(&self, column: usize) -> Option<&str> {
        let name = self.names.as_ref()?.get(self.number(column))?;
        (!name.is_empty()).then_some(name)
    }

    /// What a column that is read is called on a command line: its name or number.
    pub(crate) fn label(&self, column: usize) -> String {
        self.name(column).map_or_else(|| self.number(column).to_string(), quoted)
    }

    /// A fault of a column that is read, as one of the file.
    pub(crate) fn fault(&self, mut fault: Fault) -> Fault {
        let (Fault::Value { column, .. } | Fault::MixedScales { column, .. }) = &mut fault else {
            return fault;
        };
        let read = std::mem::replace(column, self.number(*column));
        match self.name(read) {
            Some(name) => fault.at(format!("column {}", quoted(name))),
            None => fault,
        }
    }
}
