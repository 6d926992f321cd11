//! From numbers to a table: what the values say about their scale.

use super::bits::pack;
use super::bytes::LIMIT;
use super::{BitTable, Fault, GreyTable, Table};

/// Takes the numbers of a table in row-major order and decides whether they are bits, grey levels or
/// intensities. Bits are packed as they come; anything else takes one byte a number.
pub(super) struct Levels {
    cols: usize,
    scale: Scale,
    /// The whole rows while all numbers are bits.
    bits: Vec<u32>,
    rows: usize,
    /// The row that is not yet whole, or all levels.
    levels: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Scale {
    /// Nothing but 0 and 1, so far.
    Bits,
    /// Whole numbers, some above 1.
    Whole,
    /// Some fraction was seen: 0 to 1 means level 0 to 255.
    Unit,
}

impl Levels {
    /// For rows of `cols` (at least 1) numbers.
    pub(super) fn new(cols: usize) -> Levels {
        Levels { cols: cols.max(1), scale: Scale::Bits, bits: Vec::new(), rows: 0, levels: Vec::new() }
    }

    /// The next number.
    pub(super) fn push(&mut self, value: f64) -> Result<(), Fault> {
        // The cast saturates and turns NaN into 0, so only a whole number 0..=255 survives it unchanged.
        let level = value as u8;
        if f64::from(level) != value {
            return self.push_fraction(value);
        }
        match self.scale {
            Scale::Bits if level > 1 => self.expand(Scale::Whole)?,
            Scale::Unit if level > 1 => return Err(self.mixed(value, "fractions between 0 and 1")),
            _ => {}
        }
        self.keep(if self.scale == Scale::Unit { 255 * level } else { level })
    }

    /// The next numbers, all whole.
    pub(super) fn push_whole(&mut self, mut values: &[u8]) -> Result<(), Fault> {
        while self.scale == Scale::Bits && !values.is_empty() {
            let (row, rest) = values.split_at(values.len().min(self.cols - self.levels.len()));
            if row.iter().any(|&value| value > 1) {
                self.expand(Scale::Whole)?;
                break;
            }
            self.levels.extend_from_slice(row);
            self.pack()?;
            values = rest;
        }
        match self.scale {
            Scale::Unit => values.iter().try_for_each(|&value| self.push(value.into())),
            _ => {
                self.levels.extend_from_slice(values);
                within(self.levels.len())
            }
        }
    }

    #[cold]
    fn push_fraction(&mut self, value: f64) -> Result<(), Fault> {
        if !(0.0..=1.0).contains(&value) {
            let (row, column) = self.place();
            return Err(Fault::Value { row, column, value });
        }
        match self.scale {
            Scale::Whole => return Err(self.mixed(value, "whole numbers above 1")),
            Scale::Bits => self.expand(Scale::Unit)?,
            Scale::Unit => {}
        }
        self.keep((value * 255.0 + 0.5) as u8)
    }

    fn keep(&mut self, level: u8) -> Result<(), Fault> {
        self.levels.push(level);
        if self.scale == Scale::Bits { self.pack() } else { within(self.levels.len()) }
    }

    /// Packs the row if it is whole.
    fn pack(&mut self) -> Result<(), Fault> {
        if self.levels.len() == self.cols {
            let row = self.levels.chunks(32).map(|values| pack(values, |value| value != 0));
            self.bits.extend(row);
            self.rows += 1;
            self.levels.clear();
        }
        within(4 * self.bits.len() + self.levels.len())
    }

    /// From bits to levels: the table is grey.
    fn expand(&mut self, scale: Scale) -> Result<(), Fault> {
        within((self.rows + 1).saturating_mul(self.cols))?;
        let one = if scale == Scale::Unit { 255 } else { 1 };
        let mut levels = Vec::with_capacity(self.rows * self.cols + self.levels.len());
        for row in self.bits.chunks_exact(self.cols.div_ceil(32)) {
            levels.extend((0..self.cols).map(|i| one * (row[i / 32] >> (i % 32) & 1) as u8));
        }
        levels.extend(self.levels.iter().map(|level| one * level));
        (self.levels, self.bits, self.scale) = (levels, Vec::new(), scale);
        Ok(())
    }

    fn place(&self) -> (usize, usize) {
        let rows = if self.scale == Scale::Bits { self.rows } else { 0 };
        (rows + self.levels.len() / self.cols, self.levels.len() % self.cols)
    }

    fn mixed(&self, value: f64, others: &'static str) -> Fault {
        let (row, column) = self.place();
        Fault::MixedScales { row, column, value, others }
    }

    /// The table of all numbers pushed. A last row cut short is refused.
    pub(super) fn finish(self) -> Result<Table, Fault> {
        match self.place() {
            (0, 0) => Err(Fault::NoRows),
            (_, 0) if self.scale == Scale::Bits => {
                Ok(Table::Bits(BitTable::from_words(self.rows, self.cols, self.bits)))
            }
            (_, 0) => GreyTable::from_levels(self.cols, self.levels).map(Table::Grey),
            (rows, more) => {
                let wanted = (rows as u128 + 1) * self.cols as u128;
                Err(Fault::Length { wanted, present: rows * self.cols + more })
            }
        }
    }
}

/// A table must fit the memory that one file may take.
fn within(bytes: usize) -> Result<(), Fault> {
    if bytes as u64 > LIMIT { Err(Fault::TooLarge { limit: LIMIT }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(cols: usize, values: &[f64]) -> Result<Table, Fault> {
        let mut levels = Levels::new(cols);
        values.iter().try_for_each(|&value| levels.push(value))?;
        levels.finish()
    }

    fn levels(values: &[f64]) -> Vec<u8> {
        match table(1, values).unwrap() {
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
    fn whole_numbers_are_levels_and_fractions_are_intensities() {
        assert_eq!(levels(&[0.0, 1.0, 2.0, 255.0]), [0, 1, 2, 255]);
        assert_eq!(levels(&[0.0, 1.0, 0.5, 1.0, 0.0, 0.001]), [0, 255, 128, 255, 0, 0]);
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
        for first in [0.0, 0.5] {
            let (mut one, mut many) = (Levels::new(1), Levels::new(1));
            [first, 1.0, 0.0].iter().for_each(|&value| one.push(value).unwrap());
            many.push(first).unwrap();
            many.push_whole(&[1, 0]).unwrap();
            assert_eq!(one.finish().unwrap(), many.finish().unwrap());
        }
    }

    #[test]
    fn bits_turn_into_levels_when_a_later_number_says_so() {
        let bits: Vec<f64> = (0..75).map(|i| f64::from(i % 3 == 0)).collect();
        let expected = |one: u8, last: u8| -> Vec<u8> {
            bits.iter().map(|&bit| one * bit as u8).chain([last, 0, 0, 0, 0]).collect()
        };
        for (value, one, last) in [(9.0, 1, 9), (0.2, 255, 51)] {
            let values: Vec<f64> = bits.iter().copied().chain([value, 0.0, 0.0, 0.0, 0.0]).collect();
            let Ok(Table::Grey(grey)) = table(40, &values) else { panic!() };
            assert_eq!((grey.rows(), grey.levels()), (2, &expected(one, last)[..]));
        }
        let mut many = Levels::new(40);
        many.push_whole(&[&[1; 75][..], &[9, 0, 0, 0, 0]].concat()).unwrap();
        assert!(matches!(many.finish(), Ok(Table::Grey(table)) if table.row(1)[35..] == [9, 0, 0, 0, 0]));
    }

    #[test]
    fn bits_take_the_memory_of_bits() {
        let mut levels = Levels::new(784);
        (0..1000).for_each(|_| levels.push_whole(&[1; 784]).unwrap());
        assert!(4 * levels.bits.capacity() + levels.levels.capacity() < 1000 * 784 / 3);
    }

    #[test]
    fn no_numbers_are_no_rows() {
        assert!(matches!(table(3, &[]), Err(Fault::NoRows)));
        assert!(matches!(table(3, &[1.0]), Err(Fault::Length { .. })));
    }
}
