//! From numbers to a table that takes as little memory as its values allow, row by row.

use super::coded::{Coded, seen};
use super::count::{Counter, Known, code};
use super::levels::within;
use super::raw::{Labels, Raw, Store};
use crate::columns::Want;
use crate::table::pack;
use crate::{BitTable, Fault, Note};

/// The most columns of a row.
const MOST_COLUMNS: usize = 1 << 22;

/// Takes the numbers of a table in row-major order. While every column holds two values at most, they take a bit each;
/// then a byte. A column that counts is kept aside: it is likely to be an index.
pub(crate) struct Rows<'w> {
    want: &'w Want,
    cols: usize,
    labels: Labels,
    /// The row that is not yet whole.
    pub(super) row: Vec<f64>,
    /// Whether the first row was whole, so that `pick` is known.
    settled: bool,
    pick: Option<Vec<usize>>,
    rows: usize,
    pub(super) store: Store,
    counters: Vec<Counter>,
    notes: Vec<Note>,
    left_out: Vec<usize>,
}

impl<'w> Rows<'w> {
    /// For rows of `cols` (at least 1) numbers.
    pub(crate) fn new(cols: usize, want: &'w Want) -> Rows<'w> {
        Rows {
            want,
            cols: cols.max(1),
            labels: Labels::default(),
            row: Vec::new(),
            settled: false,
            pick: None,
            rows: 0,
            store: Store::Plain(Vec::new()),
            counters: Vec::new(),
            notes: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// For rows whose columns have names, which may tell of an index. The rows must be there.
    pub(crate) fn named(names: Option<Vec<String>>, cols: usize, want: &'w Want) -> Result<Rows<'w>, Fault> {
        let mut rows = Rows::new(cols, want);
        rows.labels.names = names;
        rows.settle()?;
        Ok(rows)
    }

    /// Whole rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// What the columns are called.
    pub(crate) fn names(&self) -> Option<&[String]> {
        self.labels.names.as_deref()
    }

    /// Whether a column of the file is read, once that is known.
    pub(crate) fn is_read(&self, column: usize) -> bool {
        self.pick.as_ref().is_none_or(|pick| pick.binary_search(&column).is_ok())
    }

    /// Adds to what is told of the file.
    pub(crate) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Decides which columns are read.
    fn settle(&mut self) -> Result<(), Fault> {
        let names = self.labels.names.as_deref();
        let index = |name: &String| name.is_empty() || name == "Unnamed: 0" || name == "index";
        let named = names.is_some_and(|names| names.first().is_some_and(index));
        let mut pick = self.want.pick(names, self.cols)?;
        let (first, count) = pick.as_ref().map_or((0, self.cols), |pick| (pick[0], pick.len()));
        if named && first == 0 && count > 1 && self.want.leaves_index_out() {
            let column = self.labels.label(0);
            self.notes.push(Note::Index { column, counts: None });
            self.left_out.push(0);
            pick = Some(pick.map_or_else(|| (1..self.cols).collect(), |pick| pick[1..].to_vec()));
        }
        self.labels.numbers.clone_from(&pick);
        (self.pick, self.settled) = (pick, true);
        Ok(())
    }

    /// The next number.
    pub(crate) fn push(&mut self, value: f64) -> Result<(), Fault> {
        self.row.push(value);
        if self.row.len() < self.cols {
            return if self.row.len() > MOST_COLUMNS {
                Err(Fault::TooWide { most: MOST_COLUMNS })
            } else {
                Ok(())
            };
        }
        if !self.settled {
            self.settle()?;
        }
        let mut row = std::mem::take(&mut self.row);
        if let Some(pick) = &self.pick {
            // Ascending, so that no number is overwritten before it was moved.
            pick.iter().enumerate().for_each(|(to, &from)| row[to] = row[from]);
            row.truncate(pick.len());
        }
        self.take(&row).map_err(|fault| self.labels.fault(fault))?;
        row.clear();
        self.row = row;
        Ok(())
    }

    /// The next numbers, all whole.
    pub(crate) fn push_whole(&mut self, mut values: &[u8]) -> Result<(), Fault> {
        while !values.is_empty() {
            let all = self.settled && self.pick.is_none() && self.counters.is_empty();
            match (&mut self.store, values.split_at_checked(self.cols)) {
                (Store::Plain(words), Some((row, rest)))
                    if all && self.row.is_empty() && row.iter().all(|&value| value <= 1) =>
                {
                    words.extend(row.chunks(32).map(|values| pack(values, |value| value != 0)));
                    within(4 * words.len())?;
                    (self.rows, values) = (self.rows + 1, rest);
                }
                (Store::Grey(levels), Some((row, rest))) if all && self.row.is_empty() => {
                    levels.push_whole(row)?;
                    (self.rows, values) = (self.rows + 1, rest);
                }
                _ => {
                    let (row, rest) = values.split_at(values.len().min(self.cols - self.row.len()));
                    row.iter().try_for_each(|&value| self.push(value.into()))?;
                    values = rest;
                }
            }
        }
        Ok(())
    }

    /// The next row, of the columns that are read.
    fn take(&mut self, row: &[f64]) -> Result<(), Fault> {
        if let Store::Plain(words) = &mut self.store {
            if row.iter().all(|&value| value == 0.0 || value == 1.0) {
                words.extend(row.chunks(32).map(|values| pack(values, |value| value != 0.0)));
                self.rows += 1;
                return within(4 * words.len());
            }
            let bits = BitTable::from_words(self.rows, row.len(), std::mem::take(words));
            self.store = Store::Coded(Coded::of(bits));
        }
        if let Some((column, &value)) = row.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Fault::Value { row: self.rows, column, value });
        }
        let known = match &mut self.store {
            Store::Coded(coded) => code(coded, &mut self.counters, self.rows, row)?,
            _ => Known::No(None),
        };
        match known {
            Known::Yes => {
                self.rows += 1;
                return Ok(());
            }
            Known::No(third) => self.spill(row, third)?,
        }
        let Store::Grey(levels) = &mut self.store else { return Ok(()) };
        // A column that counts no longer was none of an index.
        let (at, cols) = (self.rows, row.len());
        let (counters, broken): (Vec<_>, Vec<_>) =
            self.counters.iter().partition(|counter| row[counter.column] == counter.value(at));
        self.counters = counters;
        for counter in broken {
            levels.fill(counter.column, (0..at).map(|row| counter.value(row)))?;
        }
        within((at + 1).saturating_mul(cols))?;
        let mut counters = self.counters.iter().map(|counter| counter.column).peekable();
        for (column, &value) in row.iter().enumerate() {
            levels.push(if counters.next_if_eq(&column).is_some() { 0.0 } else { value })?;
        }
        self.rows += 1;
        Ok(())
    }

    /// From two values a column to grey levels, before `row`, in which a column may hold its `third` value.
    fn spill(&mut self, row: &[f64], third: Option<usize>) -> Result<(), Fault> {
        let Store::Coded(coded) = &self.store else { return Ok(()) };
        within((self.rows + 1).saturating_mul(row.len()))?;
        let aside = |column| self.counters.binary_search_by_key(&column, |counter| counter.column).ok();
        let levels =
            coded.levels(|_, column| aside(column).map(|_| 0.0)).map_err(|fault| match (&fault, third) {
                (Fault::Value { column, .. }, Some(third)) if seen(coded.pairs[*column]) == [-1.0, 1.0] => {
                    let column = self.labels.label(third);
                    Fault::ThirdValue { row: self.rows, column, value: row[third], zero: -1.0, one: 1.0 }
                }
                _ => fault,
            });
        self.store = Store::Grey(levels?);
        Ok(())
    }

    /// What was read. A last row cut short is refused.
    pub(crate) fn finish(mut self) -> Result<Raw, Fault> {
        match (self.rows, self.row.len()) {
            (0, 0) => return Err(Fault::NoRows),
            (_, 0) => {}
            (rows, more) => {
                let wanted = (rows as u128 + 1) * self.cols as u128;
                return Err(Fault::Length { wanted, present: rows * self.cols + more });
            }
        }
        let cols = self.pick.as_ref().map_or(self.cols, Vec::len);
        let may = self.want.leaves_index_out() && self.counters.len() < cols;
        let is_index = |counter: &Counter| may && self.rows >= counter.least_rows();
        if let (index, columns) = self.counters.iter().copied().partition::<Vec<_>, _>(is_index)
            && !columns.is_empty()
        {
            self.keep(cols, &columns)?;
            self.counters = index;
        }
        let Rows { rows, store, counters, mut labels, mut notes, mut left_out, .. } = self;
        let mut raw = Raw { rows, cols, store, labels: labels.clone(), notes: vec![], left_out: vec![] };
        if !counters.is_empty() {
            let counts = |column| counters.binary_search_by_key(&column, |counter| counter.column).is_ok();
            let keep: Vec<usize> = (0..cols).filter(|&column| !counts(column)).collect();
            for counter in &counters {
                let counts = Some([0, 1].map(|row| counter.value(row) as i64));
                notes.push(Note::Index { column: labels.label(counter.column), counts });
                left_out.push(labels.number(counter.column));
            }
            labels.numbers = Some(keep.iter().map(|&column| labels.number(column)).collect());
            raw.cols = keep.len();
            raw.store = raw.store.columns(rows, cols, &keep);
        }
        // Without the columns that count, 0 and 1 may be all there is.
        raw.store = match raw.store {
            Store::Coded(coded) if coded.is_plain() => Store::Plain(coded.bits.into_words()),
            store => store,
        };
        Ok(Raw { labels, notes, left_out, ..raw })
    }

    /// Puts the numbers of some columns that count back into the table.
    fn keep(&mut self, cols: usize, columns: &[Counter]) -> Result<(), Fault> {
        self.spill(&vec![0.0; cols], None).map_err(|fault| self.labels.fault(fault))?;
        let Store::Grey(levels) = &mut self.store else { return Ok(()) };
        for counter in columns {
            let values = (0..self.rows).map(|row| counter.value(row));
            levels.fill(counter.column, values).map_err(|fault| self.labels.fault(fault))?;
        }
        Ok(())
    }
}
