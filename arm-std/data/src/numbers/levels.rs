//! Numbers as grey levels: what the values say about their scale.

use crate::bytes::LIMIT;
use crate::{Fault, GreyTable};

/// The numbers of a table in row-major order, one byte each.
#[derive(Debug)]
pub(crate) struct Levels {
    cols: usize,
    scale: Scale,
    levels: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Nothing but 0 and 1, so far.
    Open,
    /// Whole numbers, some above 1.
    Whole,
    /// Some fraction was seen: 0 to 1 means level 0 to 255.
    Unit,
}

impl Levels {
    /// For rows of `cols` (at least 1) numbers.
    pub(crate) fn new(cols: usize) -> Levels {
        Levels { cols, scale: Scale::Open, levels: Vec::new() }
    }

    /// What the numbers are.
    pub(crate) fn scale(&self) -> Scale {
        self.scale
    }

    /// All levels, row after row.
    pub(crate) fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// The next number.
    pub(crate) fn push(&mut self, value: f64) -> Result<(), Fault> {
        let at = self.levels.len();
        let level = self.level(value, at)?;
        self.levels.push(level);
        within(self.levels.len())
    }

    /// The next numbers, all whole.
    pub(crate) fn push_whole(&mut self, values: &[u8]) -> Result<(), Fault> {
        if self.scale == Scale::Unit {
            return values.iter().try_for_each(|&value| self.push(value.into()));
        }
        if self.scale == Scale::Open && values.iter().any(|&value| value > 1) {
            self.scale = Scale::Whole;
        }
        self.levels.extend_from_slice(values);
        within(self.levels.len())
    }

    /// Puts numbers in the first rows of a column, over what is there.
    pub(crate) fn fill(&mut self, column: usize, values: impl Iterator<Item = f64>) -> Result<(), Fault> {
        for (row, value) in values.enumerate() {
            let at = row * self.cols + column;
            self.levels[at] = self.level(value, at)?;
        }
        Ok(())
    }

    /// The level of a number at one place.
    fn level(&mut self, value: f64, at: usize) -> Result<u8, Fault> {
        let (row, column) = (at / self.cols, at % self.cols);
        let mixed = |others| Err(Fault::MixedScales { row, column, value, others });
        // The cast saturates and turns NaN into 0, so only a whole number 0..=255 survives it unchanged.
        let level = value as u8;
        if f64::from(level) == value {
            return match self.scale {
                Scale::Unit if level > 1 => mixed("fractions between 0 and 1"),
                Scale::Unit => Ok(255 * level),
                _ => {
                    if level > 1 {
                        self.scale = Scale::Whole;
                    }
                    Ok(level)
                }
            };
        }
        if !(0.0..=1.0).contains(&value) {
            return Err(Fault::Value { row, column, value });
        }
        match self.scale {
            Scale::Whole => return mixed("whole numbers above 1"),
            Scale::Open => self.levels.iter_mut().for_each(|level| *level *= 255),
            Scale::Unit => {}
        }
        self.scale = Scale::Unit;
        Ok((value * 255.0 + 0.5) as u8)
    }

    /// Leaves only the columns of `keep`.
    pub(crate) fn columns(self, keep: &[usize]) -> Levels {
        let rows = self.levels.chunks_exact(self.cols);
        let levels = rows.flat_map(|row| keep.iter().map(|&column| row[column])).collect();
        Levels { cols: keep.len(), scale: self.scale, levels }
    }

    /// The table.
    pub(crate) fn finish(self) -> Result<GreyTable, Fault> {
        GreyTable::from_levels(self.cols, self.levels)
    }
}

/// A table must fit the memory that one file may take.
pub(crate) fn within(bytes: usize) -> Result<(), Fault> {
    if bytes as u64 > LIMIT { Err(Fault::TooLarge { limit: LIMIT }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(values: &[f64]) -> Vec<u8> {
        let mut levels = Levels::new(1);
        values.iter().try_for_each(|&value| levels.push(value)).unwrap();
        levels.levels
    }

    #[test]
    fn whole_numbers_are_levels_and_fractions_are_intensities() {
        assert_eq!(levels(&[0.0, 1.0, 2.0, 255.0]), [0, 1, 2, 255]);
        assert_eq!(levels(&[0.0, 1.0, 0.5, 1.0, -0.0, 0.001]), [0, 255, 128, 255, 0, 0]);
    }

    #[test]
    fn whole_numbers_may_come_many_at_once() {
        for first in [0.0, 0.5, 9.0] {
            let (mut one, mut many) = (Levels::new(1), Levels::new(1));
            [first, 1.0, 0.0].iter().for_each(|&value| one.push(value).unwrap());
            many.push(first).unwrap();
            many.push_whole(&[1, 0]).unwrap();
            assert_eq!(one.levels, many.levels);
        }
    }

    #[test]
    fn a_column_is_filled_and_columns_are_left_out() {
        let mut levels = Levels::new(3);
        levels.push_whole(&[0, 1, 1, 0, 0, 1]).unwrap();
        levels.fill(0, [5.0, 6.0].into_iter()).unwrap();
        assert_eq!((levels.scale(), levels.levels()), (Scale::Whole, &[5, 1, 1, 6, 0, 1][..]));
        let fault = levels.fill(0, [5.0, 256.0].into_iter()).unwrap_err();
        assert!(matches!(fault, Fault::Value { row: 1, column: 0, .. }));
        assert_eq!(levels.columns(&[2, 0]).levels, [1, 5, 1, 6]);
    }
}
