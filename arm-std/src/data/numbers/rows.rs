//! From numbers to a table that takes as little memory as its values allow, row by row.

use super::SHARE;
use super::coded::Coded;
use super::levels::{Levels, within};
use crate::data::columns::{Want, quoted};
use crate::data::note::Note;
use crate::data::table::pack;
use crate::data::{BitTable, Fault, Table};

/// The most columns of a row.
const MOST_COLUMNS: usize = 1 << 22;

/// Takes the numbers of a table in row-major order. While every column holds two values at most, they take a bit each;
/// then a byte. A column that counts is kept aside: it is likely to be an index.
pub(crate) struct Rows<'w> {
    want: &'w Want,
    cols: usize,
    labels: Labels,
    /// The row that is not yet whole.
    row: Vec<f64>,
    /// Whether the first row was whole, so that `pick` is known.
    settled: bool,
    pick: Option<Vec<usize>>,
    rows: usize,
    store: Store,
    counters: Vec<Counter>,
    notes: Vec<Note>,
    left_out: Vec<usize>,
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

/// A column that counts from `start`, a step a row.
#[derive(Clone, Copy, Debug)]
struct Counter {
    column: usize,
    start: f64,
}

impl Counter {
    fn value(&self, row: usize) -> f64 {
        self.start + row as f64
    }
}

/// What to call the columns that are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    /// The names of all columns of the file.
    pub(crate) names: Option<Vec<String>>,
    /// The columns that are read; `None` for all.
    numbers: Option<Vec<usize>>,
}

impl Labels {
    /// The number of a column in the file.
    fn number(&self, column: usize) -> usize {
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

    /// The table by itself.
    pub(crate) fn table(self) -> Result<Table, Fault> {
        super::decode::decode(vec![self]).map(|(mut tables, _)| tables.remove(0)).map_err(|(_, fault)| fault)
    }
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
            self.notes.push(Note::Index { column, start: None });
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
                (Fault::Value { column, .. }, Some(third)) if coded.values(*column) == [-1.0, 1.0] => {
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
        let is_index = self.rows >= SHARE && self.want.leaves_index_out() && self.counters.len() < cols;
        if !is_index && !self.counters.is_empty() {
            self.keep_counters(cols)?;
        }
        let Rows { rows, store, counters, mut labels, mut notes, mut left_out, .. } = self;
        let mut raw = Raw { rows, cols, store, labels: labels.clone(), notes: vec![], left_out: vec![] };
        if !counters.is_empty() {
            let counts = |column| counters.binary_search_by_key(&column, |counter| counter.column).is_ok();
            let keep: Vec<usize> = (0..cols).filter(|&column| !counts(column)).collect();
            for counter in &counters {
                let (column, start) = (labels.label(counter.column), Some(counter.start as u64));
                notes.push(Note::Index { column, start });
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

    /// Puts the numbers of columns that count back into the table.
    fn keep_counters(&mut self, cols: usize) -> Result<(), Fault> {
        self.spill(&vec![0.0; cols], None).map_err(|fault| self.labels.fault(fault))?;
        let Store::Grey(levels) = &mut self.store else { return Ok(()) };
        for counter in std::mem::take(&mut self.counters) {
            let values = (0..self.rows).map(|row| counter.value(row));
            levels.fill(counter.column, values).map_err(|fault| self.labels.fault(fault))?;
        }
        Ok(())
    }
}

impl Store {
    /// Leaves only the columns of `keep`.
    fn columns(self, rows: usize, cols: usize, keep: &[usize]) -> Store {
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

/// Whether a row fits columns of two values.
enum Known {
    Yes,
    /// No, and which column holds a third value, where that is why.
    No(Option<usize>),
}

/// Adds a row to columns of two values, if it fits them. A column whose third number is the third of a count becomes a
/// counter.
fn code(coded: &mut Coded, counters: &mut Vec<Counter>, rows: usize, row: &[f64]) -> Result<Known, Fault> {
    let mut words = vec![0_u32; row.len().div_ceil(32)];
    let (mut third, mut broken) = (None, false);
    let many = row.len() > 1;
    for (column, (&value, pair)) in row.iter().zip(&mut coded.pairs).enumerate() {
        let counter = counters.binary_search_by_key(&column, |counter| counter.column);
        if let Ok(at) = counter {
            broken |= value != counters[at].value(rows);
        } else if value == pair[1] {
            words[column / 32] |= 1 << (column % 32);
        } else if value == pair[0] {
        } else if pair[0].is_nan() && (value != 1.0 || !pair[1].is_nan()) {
            pair[0] = value;
        } else if pair[1].is_nan() {
            pair[1] = value;
            words[column / 32] |= 1 << (column % 32);
        } else {
            let start = value - 2.0;
            let first = [0, 1].map(|row| pair[usize::from(coded.bits.get(row.min(rows - 1), column))]);
            let counts = rows == 2 && many && first == [start, start + 1.0];
            if counts && (start == 0.0 || start == 1.0) {
                *pair = [f64::NAN; 2];
                counters.push(Counter { column, start });
            } else {
                third = third.or(Some(column));
            }
        }
    }
    if third.is_some() || broken {
        return Ok(Known::No(third));
    }
    coded.bits.push_row(&words);
    within(4 * coded.bits.words().len())?;
    Ok(Known::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(cols: usize, values: &[f64]) -> Result<Raw, Fault> {
        let want = Want::default();
        let mut rows = Rows::new(cols, &want);
        values.iter().try_for_each(|&value| rows.push(value))?;
        rows.finish()
    }

    fn table(cols: usize, values: &[f64]) -> Result<Table, Fault> {
        raw(cols, values)?.table()
    }

    fn levels(cols: usize, values: &[f64]) -> Vec<u8> {
        match table(cols, values).unwrap() {
            Table::Grey(table) => table.levels().to_vec(),
            Table::Bits(_) => panic!("{values:?} gave bits"),
        }
    }

    #[test]
    fn zeros_and_ones_are_bits() {
        let expected = BitTable::from_bytes(2, &[0, 1, 1, 0]).unwrap();
        assert_eq!(table(2, &[-0.0, 1.0, 1.0, 0.0]).unwrap(), Table::Bits(expected));
    }

    #[test]
    fn values_outside_every_scale_are_named() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.25, 1.5, 256.0, 1e300] {
            let fault = table(2, &[0.0, 1.0, 1.0, value]).unwrap_err();
            assert!(matches!(fault, Fault::Value { row: 1, column: 1, .. }), "{fault}");
        }
    }

    #[test]
    fn mixed_scales_are_refused() {
        for values in [[2.0, 0.5], [0.5, 2.0]] {
            let fault = table(2, &values).unwrap_err();
            assert!(matches!(fault, Fault::MixedScales { row: 0, column: 1, .. }), "{values:?}: {fault}");
        }
    }

    #[test]
    fn whole_numbers_may_come_many_at_once() {
        let values: Vec<u8> = (0..60_u8).map(|at| at % 23 * 7 % 2).collect();
        for (cols, last) in [(4, 1), (4, 2), (4, 9), (3, 1), (1, 5)] {
            let mut values = values.clone();
            values[59] = last;
            for piece in [1, 5, 60] {
                let want = Want::default();
                let mut rows = Rows::new(cols, &want);
                values.chunks(piece).try_for_each(|piece| rows.push_whole(piece)).unwrap();
                let many = rows.finish().unwrap().store;
                let one: Vec<f64> = values.iter().map(|&value| value.into()).collect();
                let one = raw(cols, &one).unwrap().store;
                assert_eq!(format!("{many:?}"), format!("{one:?}"), "{cols} {last} {piece}");
            }
        }
    }

    #[test]
    fn bits_turn_into_levels_when_a_later_number_says_so() {
        let bits: Vec<f64> = (0..240).map(|i| f64::from(i % 3 == 0 || i % 7 == 0)).collect();
        for (value, one) in [(9.0, 1), (0.2, 255)] {
            let mut values = bits.clone();
            values[215] = value;
            let mut expected: Vec<u8> = bits.iter().map(|&bit| one * bit as u8).collect();
            expected[215] = if one == 1 { 9 } else { 51 };
            let Store::Grey(levels) = raw(40, &values).unwrap().store else { panic!() };
            assert_eq!(levels.levels(), expected);
        }
    }

    #[test]
    fn bits_take_the_memory_of_bits() {
        let want = Want::default();
        let mut rows = Rows::new(784, &want);
        (0..1000).for_each(|_| rows.push_whole(&[1; 784]).unwrap());
        let Store::Plain(words) = &rows.store else { panic!() };
        assert!(4 * words.capacity() + 8 * rows.row.capacity() < 1000 * 784 / 3);
    }

    #[test]
    fn no_numbers_are_no_rows() {
        assert!(matches!(table(3, &[]), Err(Fault::NoRows)));
        assert!(matches!(table(3, &[1.0]), Err(Fault::Length { .. })));
    }

    /// A column that counts beside two of bits, or of levels.
    fn counting(start: f64, rows: usize, step: f64) -> Vec<f64> {
        let row = |at: usize| [start + at as f64, step * (at % 2) as f64, step * (at / 2 % 2) as f64];
        (0..rows).flat_map(row).collect()
    }

    #[test]
    fn a_column_that_counts_is_an_index() {
        for (start, rows) in [(0.0, 6), (0.0, 1000), (1.0, 300)] {
            let raw = raw(3, &counting(start, rows, 1.0)).unwrap();
            assert_eq!(
                (raw.cols, raw.left_out.as_slice(), raw.notes.len()),
                (2, &[0][..], 1),
                "{start} {rows}"
            );
            let note = raw.notes[0].to_string();
            assert!(note.starts_with(&format!("column 0 counts {start}, {}", start + 1.0)), "{note}");
            assert!(
                matches!(raw.table().unwrap(), Table::Bits(table) if table.cols() == 2 && table.get(1, 0))
            );
        }
        let grey: Vec<f64> = (0..40)
            .flat_map(|at| [f64::from(at * 37 % 251), f64::from(at + 1), f64::from(at * 11 % 200)])
            .collect();
        let raw = raw(3, &grey).unwrap();
        assert_eq!((raw.cols, raw.left_out.as_slice()), (2, &[1][..]));
    }

    #[test]
    fn a_column_that_counts_no_longer_is_none() {
        let mut values = counting(0.0, 20, 1.0);
        values[3 * 15] = 3.0;
        let Store::Grey(store) = raw(3, &values).unwrap().store else { panic!() };
        let first: Vec<u8> = store.levels().iter().copied().step_by(3).collect();
        assert_eq!(first, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 3, 16, 17, 18, 19]);
        let mut values = counting(0.0, 20, 40.0);
        values[3 * 15] = 3.0;
        assert_eq!(levels(3, &values)[3 * 14..3 * 16], [14, 0, 40, 3, 40, 40]);
        let mut values = counting(0.0, 300, 1.0);
        values[3 * 290] = 3.0;
        assert!(matches!(raw(3, &values).unwrap_err(), Fault::Value { row: 256, column: 0, .. }));
        // Too few rows, and a table of one column.
        assert_eq!(levels(3, &counting(0.0, 4, 1.0)), [0, 0, 0, 1, 1, 0, 2, 0, 1, 3, 1, 1]);
        assert_eq!(levels(1, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn columns_are_chosen() {
        let of = |columns: Option<&str>, drop: Option<&str>| {
            let parse = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            let selection = crate::data::Selection { columns: parse(columns), drop: parse(drop) };
            let want = Want { selection, left_out: vec![] };
            let mut rows = Rows::new(3, &want);
            counting(0.0, 9, 1.0).into_iter().try_for_each(|value| rows.push(value)).unwrap();
            rows.finish().unwrap()
        };
        assert_eq!(of(None, Some("0")).labels.numbers, Some(vec![1, 2]));
        assert_eq!(of(None, Some("0")).notes, []);
        assert_eq!(of(None, Some("2")).left_out, [0]);
        assert_eq!(of(None, Some("2")).labels.label(0), "1");
        assert_eq!(of(Some("0-"), None).cols, 3);
        assert!(
            matches!(of(Some("0,2"), None).store, Store::Grey(levels) if levels.levels()[..6] == [0, 0, 1, 0, 2, 1])
        );
    }

    #[test]
    fn a_third_value_beside_signs_names_its_column() {
        let mut values: Vec<f64> = (0..30).map(|at| [-1.0, 1.0][at * 7 % 5 % 2]).collect();
        values[28] = 4.0;
        let message = raw(3, &values).unwrap_err().to_string();
        assert!(message.starts_with("row 9, column 1 holds 4, a third value"), "{message}");
    }
}
