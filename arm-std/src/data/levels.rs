//! From numbers to a table: what the values say about their scale.

use super::{BitTable, Fault, GreyTable, Table};

/// Takes the numbers of a table in row-major order and decides whether they are bits, grey levels or
/// intensities. Holds one byte a number.
pub(super) struct Levels {
    cols: usize,
    levels: Vec<u8>,
    scale: Scale,
}

enum Scale {
    /// Whole numbers only, so far; the largest of them.
    Whole { max: u8 },
    /// Some fraction was seen: 0 to 1 means level 0 to 255.
    Unit,
}

impl Levels {
    /// For rows of `cols` (at least 1) numbers.
    pub(super) fn new(cols: usize) -> Levels {
        Levels { cols: cols.max(1), levels: Vec::new(), scale: Scale::Whole { max: 0 } }
    }

    /// Room for numbers that are known to be there.
    pub(super) fn reserve(&mut self, numbers: usize) {
        self.levels.reserve_exact(numbers);
    }

    /// The next number.
    pub(super) fn push(&mut self, value: f64) -> Result<(), Fault> {
        // The cast saturates and turns NaN into 0, so only a whole number 0..=255 survives it unchanged.
        let level = value as u8;
        if f64::from(level) != value {
            return self.push_fraction(value);
        }
        match &mut self.scale {
            Scale::Whole { max } => {
                *max = level.max(*max);
                self.levels.push(level);
            }
            Scale::Unit if level > 1 => return Err(self.mixed(value, "fractions between 0 and 1")),
            Scale::Unit => self.levels.push(255 * level),
        }
        Ok(())
    }

    /// The next numbers, all whole.
    pub(super) fn push_whole(&mut self, values: &[u8]) -> Result<(), Fault> {
        match &mut self.scale {
            Scale::Whole { max } => {
                *max = values.iter().fold(*max, |max, &value| value.max(max));
                self.levels.extend_from_slice(values);
                Ok(())
            }
            Scale::Unit => values.iter().try_for_each(|&value| self.push(value.into())),
        }
    }

    #[cold]
    fn push_fraction(&mut self, value: f64) -> Result<(), Fault> {
        if !(0.0..=1.0).contains(&value) {
            let (row, column) = self.place();
            return Err(Fault::Value { row, column, value });
        }
        match self.scale {
            Scale::Whole { max: 2.. } => return Err(self.mixed(value, "whole numbers above 1")),
            Scale::Whole { .. } => {
                self.levels.iter_mut().for_each(|level| *level *= 255);
                self.scale = Scale::Unit;
            }
            Scale::Unit => {}
        }
        self.levels.push((value * 255.0 + 0.5) as u8);
        Ok(())
    }

    fn place(&self) -> (usize, usize) {
        (self.levels.len() / self.cols, self.levels.len() % self.cols)
    }

    fn mixed(&self, value: f64, others: &'static str) -> Fault {
        let (row, column) = self.place();
        Fault::MixedScales { row, column, value, others }
    }

    /// The table of all numbers pushed. A last row cut short is refused.
    pub(super) fn finish(self) -> Result<Table, Fault> {
        if self.levels.is_empty() {
            return Err(Fault::NoRows);
        }
        match self.scale {
            Scale::Whole { max: 0 | 1 } => BitTable::from_bytes(self.cols, &self.levels).map(Table::Bits),
            _ => GreyTable::from_levels(self.cols, self.levels).map(Table::Grey),
        }
    }
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
    fn no_numbers_are_no_rows() {
        assert!(matches!(table(3, &[]), Err(Fault::NoRows)));
        assert!(matches!(table(3, &[1.0]), Err(Fault::Length { .. })));
    }
}
