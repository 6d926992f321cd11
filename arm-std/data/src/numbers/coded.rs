//! Columns of two values each, one bit a number.

use super::levels::Levels;
use crate::{BitTable, Fault};

/// A table in which every column holds two values at most.
#[derive(Debug)]
pub(crate) struct Coded {
    pub(crate) bits: BitTable,
    /// The values that a 0 and a 1 of each column stand for; NaN where none was seen.
    pub(crate) pairs: Vec<[f64; 2]>,
}

impl Coded {
    /// Of a table of 0 and 1.
    pub(crate) fn of(bits: BitTable) -> Coded {
        let cols = bits.cols();
        let mut seen = vec![[0_u32; 2]; bits.words_per_row()];
        for row in 0..bits.rows() {
            for (seen, &word) in seen.iter_mut().zip(bits.row(row)) {
                *seen = [seen[0] | !word, seen[1] | word];
            }
        }
        let value = |column: usize, bit: usize| {
            if seen[column / 32][bit] >> (column % 32) & 1 != 0 { bit as f64 } else { f64::NAN }
        };
        let pairs = (0..cols).map(|column| [value(column, 0), value(column, 1)]).collect();
        Coded { bits, pairs }
    }

    /// As grey levels; `other` gives the number where a column holds none of its pair.
    pub(crate) fn levels(&self, other: impl Fn(usize, usize) -> Option<f64>) -> Result<Levels, Fault> {
        let mut levels = Levels::new(self.bits.cols());
        for row in 0..self.bits.rows() {
            let words = self.bits.row(row);
            for (column, pair) in self.pairs.iter().enumerate() {
                let bit = words[column / 32] >> (column % 32) & 1;
                levels.push(other(row, column).unwrap_or(pair[bit as usize]))?;
            }
        }
        Ok(levels)
    }

    /// Whether all values are 0 and 1, as they lie in the bits.
    pub(crate) fn is_plain(&self) -> bool {
        self.pairs.iter().all(|&[zero, one]| (zero.is_nan() || zero == 0.0) && (one.is_nan() || one == 1.0))
    }

    /// As bits; `one` tells of which columns the second value of the pair is a one, and of which the first.
    pub(crate) fn bits(mut self, one: impl Fn(usize, [f64; 2]) -> usize) -> BitTable {
        let mut flips = vec![0_u32; self.bits.words_per_row()];
        for (column, &pair) in self.pairs.iter().enumerate() {
            if one(column, pair) == 0 {
                flips[column / 32] |= 1 << (column % 32);
            }
        }
        for row in 0..self.bits.rows() {
            self.bits.row_mut(row).iter_mut().zip(&flips).for_each(|(word, flip)| *word ^= flip);
        }
        self.bits
    }
}

/// The values of a pair that were seen, ordered.
pub(super) fn seen(pair: [f64; 2]) -> Vec<f64> {
    let mut values: Vec<f64> = pair.into_iter().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_hold_what_was_seen() {
        let coded = Coded::of(BitTable::from_bytes(3, &[0, 1, 0, 1, 1, 0]).unwrap());
        assert_eq!([0, 1, 2].map(|column| seen(coded.pairs[column])), [vec![0.0, 1.0], vec![1.0], vec![0.0]]);
    }

    #[test]
    fn values_come_back_as_levels_and_as_bits() {
        let bits = BitTable::from_bytes(2, &[0, 1, 1, 0]).unwrap();
        let coded = Coded { bits, pairs: vec![[2.0, 1.0], [7.0, 9.0]] };
        assert_eq!(coded.levels(|_, _| None).unwrap().levels(), [2, 9, 1, 7]);
        assert_eq!(
            coded.levels(|row, column| (column == 0).then_some(row as f64)).unwrap().levels(),
            [0, 9, 1, 7]
        );
        let bits = coded.bits(|_, pair| usize::from(pair[1] > pair[0]));
        assert_eq!(bits, BitTable::from_bytes(2, &[1, 1, 0, 0]).unwrap());
    }
}
