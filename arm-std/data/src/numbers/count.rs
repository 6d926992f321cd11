//! Columns of two values, and columns that count, which are likely to be an index.

use super::SHARE;
use super::coded::Coded;
use super::levels::within;
use crate::Fault;

/// A column that counts up or down from `start`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) column: usize,
    pub(super) start: f64,
    /// 1 or -1.
    pub(super) step: f64,
}

impl Counter {
    pub(super) fn value(&self, row: usize) -> f64 {
        self.start + self.step * row as f64
    }

    /// Rows from which on it is taken as an index.
    pub(super) fn least_rows(&self) -> usize {
        let usual = self.step > 0.0 && (self.start == 0.0 || self.start == 1.0);
        if usual { SHARE } else { 20 }
    }
}

/// Whether a row fits columns of two values.
pub(super) enum Known {
    Yes,
    /// No, and which column holds a third value, where that is why.
    No(Option<usize>),
}

/// Adds a row to columns of two values, if it fits them. A column whose third number is the third of a count becomes a
/// counter.
pub(super) fn code(
    coded: &mut Coded,
    counters: &mut Vec<Counter>,
    rows: usize,
    row: &[f64],
) -> Result<Known, Fault> {
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
            let [start, next] =
                [0, 1].map(|row| pair[usize::from(coded.bits.get(row.min(rows - 1), column))]);
            let step = next - start;
            let counts = rows == 2 && many && step.abs() == 1.0 && value - next == step;
            if counts && start.fract() == 0.0 {
                *pair = [f64::NAN; 2];
                counters.push(Counter { column, start, step });
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
