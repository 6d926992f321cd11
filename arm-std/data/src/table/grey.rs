//! Tables of grey levels, and the table a file turns out to hold.

use crate::{BitTable, Fault};

/// A table of `rows` x `cols` grey levels 0..=255, row-major, one byte each. Level 255 is intensity 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GreyTable {
    rows: usize,
    cols: usize,
    levels: Vec<u8>,
}

impl GreyTable {
    /// A table of `cols` columns over levels already there, row-major.
    ///
    /// # Errors
    /// [`Fault::Length`] when `levels` is no whole number of rows.
    pub fn from_levels(cols: usize, levels: Vec<u8>) -> Result<GreyTable, Fault> {
        let rows = levels.len().checked_div(cols).unwrap_or(0);
        if rows.checked_mul(cols) != Some(levels.len()) {
            return Err(Fault::Length { wanted: (rows as u128 + 1) * cols as u128, present: levels.len() });
        }
        Ok(GreyTable { rows, cols, levels })
    }

    /// Number of rows (examples).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (pixels of an example).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// All levels, row after row.
    pub fn levels(&self) -> &[u8] {
        &self.levels
    }

    /// The levels of one row.
    ///
    /// # Panics
    /// When `row` is not below [`rows`](Self::rows).
    pub fn row(&self, row: usize) -> &[u8] {
        assert!(row < self.rows, "row {row} of a table of {} rows", self.rows);
        &self.levels[row * self.cols..][..self.cols]
    }

    /// The mean intensity (0 to 1) of each column, zeros for a table without rows.
    pub fn means(&self) -> Vec<f32> {
        let mut sums = vec![0_u64; self.cols];
        for row in 0..self.rows {
            for (sum, &level) in sums.iter_mut().zip(self.row(row)) {
                *sum += u64::from(level);
            }
        }
        let whole = 255.0 * self.rows.max(1) as f64;
        sums.into_iter().map(|sum| (sum as f64 / whole) as f32).collect()
    }

    /// Keeps the rows before `row` here and returns the rest.
    ///
    /// # Panics
    /// When `row` is above [`rows`](Self::rows).
    pub(crate) fn split_off(&mut self, row: usize) -> GreyTable {
        assert!(row <= self.rows, "row {row} of a table of {} rows", self.rows);
        let levels = self.levels.split_off(row * self.cols);
        self.levels.shrink_to_fit();
        let rows = std::mem::replace(&mut self.rows, row) - row;
        GreyTable { rows, cols: self.cols, levels }
    }
}

/// What a file turned out to hold.
///
/// A table of nothing but 0 and 1 is bits, as is one of two other values, in all or in each column. Any other is grey: whole numbers 0..=255 are levels, and fractions
/// from 0 to 1 are intensities, rounded to the nearest of 256 levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// Bits.
    Bits(BitTable),
    /// Grey levels.
    Grey(GreyTable),
}

impl Table {
    /// Number of rows (examples).
    pub fn rows(&self) -> usize {
        match self {
            Table::Bits(table) => table.rows(),
            Table::Grey(table) => table.rows(),
        }
    }

    /// Number of columns (bits or pixels of an example).
    pub fn cols(&self) -> usize {
        match self {
            Table::Bits(table) => table.cols(),
            Table::Grey(table) => table.cols(),
        }
    }

    /// The share of ones, or the mean intensity (0 to 1) of grey levels.
    pub fn density(&self) -> f64 {
        match self {
            Table::Bits(table) => table.density(),
            Table::Grey(table) => {
                let sum: u64 = table.levels().iter().map(|&level| u64::from(level)).sum();
                sum as f64 / (255 * table.levels().len().max(1)) as f64
            }
        }
    }

    /// The numbers of one row, 0 and 1 or grey levels, into `out` of [`cols`](Self::cols) bytes.
    ///
    /// # Panics
    /// When `row` is not below [`rows`](Self::rows), or `out` is of another length.
    pub fn read_row(&self, row: usize, out: &mut [u8]) {
        match self {
            Table::Bits(table) => {
                assert_eq!(out.len(), table.cols(), "the length of a row");
                let words = table.row(row);
                out.iter_mut().enumerate().for_each(|(i, out)| *out = (words[i / 32] >> (i % 32) & 1) as u8);
            }
            Table::Grey(table) => out.copy_from_slice(table.row(row)),
        }
    }

    /// The table of some of the columns, in the order of `pick`, which must be in it.
    pub(crate) fn columns(self, pick: &[usize]) -> Table {
        match self {
            Table::Bits(table) => Table::Bits(table.columns(pick)),
            Table::Grey(table) => {
                let rows = table.levels.chunks_exact(table.cols);
                let levels = rows.flat_map(|row| pick.iter().map(|&column| row[column])).collect();
                Table::Grey(GreyTable { cols: pick.len(), levels, ..table })
            }
        }
    }

    /// Keeps the rows before `row` here and returns the rest.
    pub(crate) fn split_off(&mut self, row: usize) -> Table {
        match self {
            Table::Bits(table) => Table::Bits(table.split_off(row)),
            Table::Grey(table) => Table::Grey(table.split_off(row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_means() {
        let table = GreyTable::from_levels(2, vec![0, 255, 51, 255]).unwrap();
        assert_eq!((table.rows(), table.cols(), table.row(1)), (2, 2, &[51, 255][..]));
        assert_eq!(table.means(), [0.1, 1.0]);
        assert!(matches!(GreyTable::from_levels(3, vec![0; 4]), Err(Fault::Length { .. })));
    }

    #[test]
    fn tables_of_either_kind_have_rows_and_a_density() {
        let bits = Table::Bits(BitTable::from_bytes(3, &[0, 1, 1, 0, 0, 1]).unwrap());
        let grey = Table::Grey(GreyTable::from_levels(3, vec![0, 255, 51, 0, 0, 0]).unwrap());
        for (table, row, density) in [(bits, [0, 1, 1], 0.5), (grey, [0, 255, 51], 0.2)] {
            let mut out = [9; 3];
            table.read_row(0, &mut out);
            assert_eq!(out, row);
            assert!((table.density() - density).abs() < 1e-12);
        }
    }

    #[test]
    fn a_split_table_keeps_its_kind() {
        let mut head = Table::Grey(GreyTable::from_levels(1, vec![9, 8, 7]).unwrap());
        let tail = head.split_off(1);
        assert_eq!((head.rows(), tail.rows(), tail.cols()), (1, 2, 1));
        assert!(matches!(tail, Table::Grey(table) if table.levels() == [8, 7]));
    }
}
