//! Which rows of a table are measured or shown, and where their uniforms come from.

use crate::data::BitTable;
use std::borrow::Cow;
use std::ops::Range;

/// Rows of a table: all, or some that are spread evenly over it, since many tables are sorted.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    table: &'a BitTable,
    count: usize,
    by_content: bool,
}

impl<'a> Rows<'a> {
    /// Every row of `table`.
    pub fn all(table: &'a BitTable) -> Rows<'a> {
        Rows { table, count: table.rows(), by_content: false }
    }

    /// `count` rows, or all where the table has no more: the i-th, from 0, is row floor(i * rows / count).
    pub fn spread(table: &'a BitTable, count: usize) -> Rows<'a> {
        Rows { table, count: count.min(table.rows()), by_content: false }
    }

    /// Every row of `table`, with uniforms that follow from what a row holds and not from its place: it has the same score in
    /// whatever table it stands.
    pub fn by_content(table: &'a BitTable) -> Rows<'a> {
        Rows { by_content: true, ..Rows::all(table) }
    }

    /// The table.
    pub fn table(&self) -> &'a BitTable {
        self.table
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether no row of the table is left out.
    pub fn is_all(&self) -> bool {
        self.count == self.table.rows()
    }

    /// The number in the table of the `i`-th of them.
    ///
    /// # Panics
    /// When `i` is not below [`count`](Self::count).
    pub fn index(&self, i: usize) -> usize {
        assert!(i < self.count, "row {i} of {}", self.count);
        (i as u128 * self.table.rows() as u128 / self.count as u128) as usize
    }

    /// Whether the addresses of neighbours are neighbours.
    pub(crate) fn in_order(&self) -> bool {
        self.is_all() && !self.by_content
    }

    /// The address of the uniforms of the `i`-th of them.
    pub(crate) fn address(&self, i: usize) -> u64 {
        let row = self.index(i);
        if !self.by_content {
            return row as u64;
        }
        // FNV-1a (Fowler, Noll & Vo) of words: the engine hashes it again.
        let hash = |hash: u64, &word: &u32| (hash ^ u64::from(word)).wrapping_mul(0x0000_0100_0000_01b3);
        self.table.row(row).iter().fold(0xcbf2_9ce4_8422_2325, hash)
    }

    /// The packed words of some of them, one after another. Costs a copy where rows are left out.
    pub fn words(&self, range: Range<usize>) -> Cow<'a, [u32]> {
        let width = self.table.words_per_row();
        match self.is_all() {
            true => self.table.words()[range.start * width..range.end * width].into(),
            false => range.flat_map(|i| self.table.row(self.index(i))).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize) -> BitTable {
        let bytes: Vec<u8> = (0..rows * 40).map(|i| (i % 7 == i / 40 % 7).into()).collect();
        BitTable::from_bytes(40, &bytes).unwrap()
    }

    #[test]
    fn some_rows_come_from_every_part_of_the_table() {
        let table = table(10);
        let indices = |count| {
            let rows = Rows::spread(&table, count);
            (0..rows.count()).map(|i| rows.index(i)).collect::<Vec<_>>()
        };
        assert_eq!(indices(3), [0, 3, 6]);
        assert_eq!(indices(5), [0, 2, 4, 6, 8]);
        assert_eq!(indices(9), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(indices(10), (0..10).collect::<Vec<_>>());
        assert_eq!(indices(usize::MAX), indices(10));
        assert!(indices(0).is_empty());
    }

    #[test]
    fn an_address_is_a_place_or_follows_from_the_content() {
        let table = table(10);
        let (all, content) = (Rows::all(&table), Rows::by_content(&table));
        assert!(all.in_order() && !content.in_order() && content.is_all());
        assert_eq!((all.address(7), Rows::spread(&table, 5).address(3)), (7, 6));
        // Rows 0 and 7 are alike.
        assert_eq!(content.address(0), content.address(7));
        assert!((1..7).all(|i| content.address(i) != content.address(0)));
        let alone = BitTable::from_words(1, 40, table.row(3).to_vec());
        assert_eq!(Rows::by_content(&alone).address(0), content.address(3));
    }

    #[test]
    fn words_are_those_of_the_rows() {
        let table = table(10);
        let some = Rows::spread(&table, 4);
        assert!(!some.is_all());
        assert_eq!(*some.words(1..4), [table.row(2), table.row(5), table.row(7)].concat());
        assert_eq!(*Rows::all(&table).words(1..4), [table.row(1), table.row(2), table.row(3)].concat());
    }
}
