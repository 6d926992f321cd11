//! Tables of bits, packed 32 to a word.

use crate::Fault;

/// A table of `rows` x `cols` bits, row-major, every row packed in `cols.div_ceil(32)` words of 32 bits.
///
/// Column `i` of a row is bit `i % 32` (least significant first) of its word `i / 32`; the unused high bits
/// of the last word are zero. A table of 50000 x 784 takes 5 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitTable {
    rows: usize,
    cols: usize,
    words: Vec<u32>,
}

impl BitTable {
    /// A table of zeros. Allocates `4 * rows * cols.div_ceil(32)` bytes.
    ///
    /// # Panics
    /// When that many bytes cannot be counted or allocated.
    pub fn new(rows: usize, cols: usize) -> BitTable {
        let words = rows.checked_mul(cols.div_ceil(32)).expect("the table has too many words to count");
        BitTable { rows, cols, words: vec![0; words] }
    }

    /// A table of `cols` columns from one byte a bit, row-major.
    ///
    /// # Errors
    /// [`Fault::Length`] when `bytes` is no whole number of rows, [`Fault::Value`] for a byte other than 0
    /// and 1.
    pub fn from_bytes(cols: usize, bytes: &[u8]) -> Result<BitTable, Fault> {
        let rows = bytes.len().checked_div(cols).unwrap_or(0);
        if rows.checked_mul(cols) != Some(bytes.len()) {
            return Err(Fault::Length { wanted: (rows as u128 + 1) * cols as u128, present: bytes.len() });
        }
        if let Some(at) = bytes.iter().position(|&byte| byte > 1) {
            return Err(Fault::Value { row: at / cols, column: at % cols, value: f64::from(bytes[at]) });
        }
        let mut table = BitTable::new(rows, cols);
        if cols > 0 {
            for (row, bytes) in bytes.chunks_exact(cols).enumerate() {
                table.pack_row(row, bytes, |byte| byte != 0);
            }
        }
        Ok(table)
    }

    /// A table over packed words, as many as it needs, whose unused bits are zero.
    pub fn from_words(rows: usize, cols: usize, words: Vec<u32>) -> BitTable {
        assert_eq!(rows.checked_mul(cols.div_ceil(32)), Some(words.len()), "words of {rows} x {cols} bits");
        BitTable { rows, cols, words }
    }

    /// Number of rows (examples).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns (bits of an example).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Words of a row: `cols.div_ceil(32)`.
    pub fn words_per_row(&self) -> usize {
        self.cols.div_ceil(32)
    }

    /// All words, row after row.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// All words, row after row.
    pub(crate) fn into_words(self) -> Vec<u32> {
        self.words
    }

    /// Adds a row, whose unused bits are zero.
    pub(crate) fn push_row(&mut self, words: &[u32]) {
        self.words.extend_from_slice(words);
        self.rows += 1;
    }

    /// The words of one row.
    ///
    /// # Panics
    /// When `row` is not below [`rows`](Self::rows).
    pub fn row(&self, row: usize) -> &[u32] {
        assert!(row < self.rows, "row {row} of a table of {} rows", self.rows);
        &self.words[row * self.words_per_row()..][..self.words_per_row()]
    }

    /// The words of one row, to write. The unused high bits of the last word must stay zero.
    ///
    /// # Panics
    /// When `row` is not below [`rows`](Self::rows).
    pub fn row_mut(&mut self, row: usize) -> &mut [u32] {
        assert!(row < self.rows, "row {row} of a table of {} rows", self.rows);
        let width = self.words_per_row();
        &mut self.words[row * width..][..width]
    }

    /// One bit.
    ///
    /// # Panics
    /// When `row` or `col` is outside the table.
    pub fn get(&self, row: usize, col: usize) -> bool {
        assert!(col < self.cols, "column {col} of a table of {} columns", self.cols);
        self.row(row)[col / 32] >> (col % 32) & 1 == 1
    }

    /// Sets one bit.
    ///
    /// # Panics
    /// When `row` or `col` is outside the table.
    pub fn set(&mut self, row: usize, col: usize, bit: bool) {
        assert!(col < self.cols, "column {col} of a table of {} columns", self.cols);
        let word = &mut self.row_mut(row)[col / 32];
        *word = *word & !(1 << (col % 32)) | u32::from(bit) << (col % 32);
    }

    /// Copies the rows named by `indices`, in that order, to the front of `out`, packed as here.
    /// Costs `indices.len() * words_per_row` words.
    ///
    /// # Panics
    /// When an index is no row, or `out` is shorter than `indices.len() * words_per_row`.
    pub fn gather(&self, indices: &[u32], out: &mut [u32]) {
        let width = self.words_per_row();
        assert!(
            indices.len().checked_mul(width).is_some_and(|words| words <= out.len()),
            "{} rows of {width} words do not fit {} words",
            indices.len(),
            out.len()
        );
        match width {
            0 => {}
            1 => self.gather_short::<1>(indices, out),
            2 => self.gather_short::<2>(indices, out),
            _ => {
                for (&index, out) in indices.iter().zip(out.chunks_exact_mut(width)) {
                    out.copy_from_slice(self.row(index as usize));
                }
            }
        }
    }

    /// Rows of so few words that a call to copy each would take longer than the copy.
    fn gather_short<const N: usize>(&self, indices: &[u32], out: &mut [u32]) {
        let (rows, out) = (self.words.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
        for (&index, out) in indices.iter().zip(out) {
            *out = rows[index as usize];
        }
    }

    /// The share of ones in the whole table, 0 for a table without bits.
    pub fn density(&self) -> f64 {
        let ones: u64 = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
        let bits = self.rows as f64 * self.cols as f64;
        if bits > 0.0 { ones as f64 / bits } else { 0.0 }
    }

    /// The share of ones of each column (`cols` numbers), zeros for a table without rows. Costs one pass over
    /// the ones.
    pub fn means(&self) -> Vec<f32> {
        let mut ones = vec![0_u64; self.cols];
        for row in 0..self.rows {
            for (word, ones) in self.row(row).iter().zip(ones.chunks_mut(32)) {
                let mut word = *word;
                while word != 0 {
                    ones[word.trailing_zeros() as usize] += 1;
                    word &= word - 1;
                }
            }
        }
        let rows = self.rows.max(1) as f64;
        ones.into_iter().map(|ones| (ones as f64 / rows) as f32).collect()
    }

    /// Keeps the rows before `row` here and returns the rest.
    ///
    /// # Panics
    /// When `row` is above [`rows`](Self::rows).
    pub(crate) fn split_off(&mut self, row: usize) -> BitTable {
        assert!(row <= self.rows, "row {row} of a table of {} rows", self.rows);
        let words = self.words.split_off(row * self.words_per_row());
        self.words.shrink_to_fit();
        let rows = std::mem::replace(&mut self.rows, row) - row;
        BitTable { rows, cols: self.cols, words }
    }

    /// The table of some of the columns, in the order of `pick`.
    ///
    /// # Panics
    /// When one of them is outside the table.
    pub(crate) fn columns(&self, pick: &[usize]) -> BitTable {
        let mut words = Vec::with_capacity(self.rows * pick.len().div_ceil(32));
        for row in 0..self.rows {
            let row = self.row(row);
            words.extend(pick.chunks(32).map(|pick| pack(pick, |i: usize| row[i / 32] >> (i % 32) & 1 != 0)));
        }
        BitTable::from_words(self.rows, pick.len(), words)
    }

    /// Makes this a table of the given size with any content, allocating only when the size is another.
    pub(crate) fn resize(&mut self, rows: usize, cols: usize) {
        if (self.rows, self.cols) != (rows, cols) {
            *self = BitTable::new(rows, cols);
        }
    }

    /// Writes one row from `cols` values and what makes a value a one.
    pub(crate) fn pack_row(&mut self, row: usize, values: &[u8], mut is_one: impl FnMut(u8) -> bool) {
        for (word, values) in self.row_mut(row).iter_mut().zip(values.chunks(32)) {
            *word = pack(values, &mut is_one);
        }
    }
}

/// A word from up to 32 values and what makes a value a one.
pub(crate) fn pack<T: Copy>(values: &[T], mut is_one: impl FnMut(T) -> bool) -> u32 {
    values.iter().rev().fold(0, |word, &value| word << 1 | u32::from(is_one(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_lie_least_significant_first_and_the_rest_is_zero() {
        let mut bytes = [0_u8; 80];
        for column in [0, 31, 32, 39] {
            bytes[40 + column] = 1;
        }
        let table = BitTable::from_bytes(40, &bytes).unwrap();
        assert_eq!((table.rows(), table.cols(), table.words_per_row()), (2, 40, 2));
        assert_eq!(table.words(), [0, 0, 0x8000_0001, 0x81]);
        assert_eq!(table.row(1), [0x8000_0001, 0x81]);
        assert!(table.get(1, 39) && !table.get(1, 38) && !table.get(0, 39));
        assert_eq!(table.density(), 4.0 / 80.0);
    }

    #[test]
    fn set_and_get_agree_and_touch_one_bit() {
        let mut table = BitTable::new(3, 33);
        table.set(1, 32, true);
        table.set(1, 0, true);
        assert_eq!(table.words(), [0, 0, 1, 1, 0, 0]);
        table.set(1, 32, false);
        assert_eq!(table.words(), [0, 0, 1, 0, 0, 0]);
        assert!(table.get(1, 0));
    }

    #[test]
    fn bytes_other_than_bits_are_refused_with_their_place() {
        let fault = BitTable::from_bytes(2, &[0, 1, 1, 7]).unwrap_err();
        assert!(matches!(fault, Fault::Value { row: 1, column: 1, value: 7.0 }), "{fault}");
        assert!(matches!(BitTable::from_bytes(3, &[0; 4]), Err(Fault::Length { wanted: 6, present: 4 })));
        assert!(matches!(BitTable::from_bytes(0, &[0]), Err(Fault::Length { .. })));
        assert_eq!(BitTable::from_bytes(0, &[]).unwrap().density(), 0.0);
    }

    #[test]
    fn gather_copies_rows_in_the_order_asked_for() {
        let table = BitTable::from_bytes(3, &[1, 0, 0, 0, 1, 0, 0, 0, 1]).unwrap();
        let mut out = [9; 4];
        table.gather(&[2, 0, 2], &mut out);
        assert_eq!(out, [4, 1, 4, 9]);
        for cols in [33, 70] {
            let mut table = BitTable::new(3, cols);
            (0..3).for_each(|row| table.set(row, 32, row == 1));
            let words = table.words_per_row();
            let mut out = vec![9; 2 * words];
            table.gather(&[1, 2], &mut out);
            assert_eq!(out, [table.row(1), table.row(2)].concat(), "{cols}");
        }
    }

    #[test]
    fn means_count_each_column() {
        let mut table = BitTable::new(4, 34);
        table.set(0, 33, true);
        table.set(2, 33, true);
        table.set(3, 1, true);
        let means = table.means();
        assert_eq!((means.len(), means[33], means[1], means[0]), (34, 0.5, 0.25, 0.0));
        assert_eq!(BitTable::new(0, 2).means(), [0.0, 0.0]);
    }

    #[test]
    fn a_split_table_is_two_tables() {
        let mut head = BitTable::from_bytes(2, &[1, 0, 0, 1, 1, 1]).unwrap();
        let tail = head.split_off(2);
        assert_eq!(head, BitTable::from_bytes(2, &[1, 0, 0, 1]).unwrap());
        assert_eq!(tail, BitTable::from_bytes(2, &[1, 1]).unwrap());
    }
}
