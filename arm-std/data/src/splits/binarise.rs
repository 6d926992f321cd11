//! From grey levels to bits: once by a threshold, or by a new draw every epoch.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

use crate::{BitTable, DataError, Fault, GreyTable, Loaded, Table};

/// How grey levels become bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Binarise {
    /// They must be bits already.
    AsIs,
    /// A one where level / 255 is above the threshold, which is at least 0 and below 1.
    Threshold(f32),
    /// A one with probability level / 255. The train split is drawn anew every epoch, valid and test once,
    /// always the same, whatever the seed of the training: all models of one data set are scored on the same
    /// bits.
    Dynamic,
}

/// The three splits of a data set, ready for training. All have the same width.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    /// For training.
    pub train: Source,
    /// For choosing among models.
    pub valid: BitTable,
    /// For the figure that is reported.
    pub test: BitTable,
}

/// Where the bits of an epoch come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The same bits every epoch.
    Fixed(BitTable),
    /// Bits drawn from intensities, anew every epoch.
    Drawn(GreyTable),
}

/// The seed of the one draw of valid (epoch 0) and test (epoch 1).
const EVALUATION_SEED: u64 = 0x6576_616c_7561_7465;

impl Loaded {
    /// Binarises the splits. Without a choice, bits stay bits, and if any split is grey,
    /// [`Binarise::Dynamic`].
    ///
    /// Costs one pass over the tables; dynamic, the train levels are kept, one byte each.
    ///
    /// # Errors
    /// [`DataError`], naming the split: [`Fault::NotBinary`] for grey levels without binarisation,
    /// [`Fault::Threshold`] for a threshold outside 0..1.
    pub fn binarise(self, how: Option<Binarise>) -> Result<Splits, DataError> {
        let how = how.unwrap_or(Binarise::Dynamic);
        let fail = |split: &str, fault: Fault| fault.at(format!("split {split}")).in_file(&self.path);
        let once = |split, table, draw| {
            Ok(match how.source(table).map_err(|fault| fail(split, fault))? {
                Source::Fixed(bits) => bits,
                Source::Drawn(grey) => {
                    let mut bits = BitTable::default();
                    grey.draw(EVALUATION_SEED, draw, &mut bits);
                    bits
                }
            })
        };
        let train = how.source(self.train).map_err(|fault| fail("train", fault))?;
        Ok(Splits { train, valid: once("valid", self.valid, 0)?, test: once("test", self.test, 1)? })
    }
}

impl Splits {
    /// Leaves the last `rows` rows in the valid split, where it has more, and adds the others to the end of train. Train
    /// must be fixed; grey levels that are drawn anew stay as they are split.
    pub fn keep_valid(&mut self, rows: usize) {
        let Source::Fixed(train) = &mut self.train else { return };
        let moved = self.valid.rows().saturating_sub(rows);
        let (head, tail) = self.valid.words().split_at(moved * self.valid.words_per_row());
        let words = [train.words(), head].concat();
        let valid = BitTable::from_words(self.valid.rows() - moved, self.valid.cols(), tail.to_vec());
        *train = BitTable::from_words(train.rows() + moved, train.cols(), words);
        self.valid = valid;
    }

    /// A checksum of all rows, by which a resumed run knows its data; of levels that are drawn anew, that of one draw.
    pub fn checksum(&self) -> u32 {
        let mut buffer = BitTable::default();
        let train = self.train.epoch(0, 0, &mut buffer);
        let mut crc = flate2::Crc::new();
        for table in [train, &self.valid, &self.test] {
            (0..table.rows()).for_each(|row| crc.update(bytemuck::cast_slice(table.row(row))));
        }
        crc.sum()
    }
}

impl Binarise {
    fn source(self, table: Table) -> Result<Source, Fault> {
        match (self, table) {
            (Binarise::Threshold(threshold), table) => table.above(threshold).map(Source::Fixed),
            (_, Table::Bits(table)) => Ok(Source::Fixed(table)),
            (Binarise::AsIs, Table::Grey(table)) => {
                let at = table.levels().iter().position(|&level| level > 1).unwrap_or(0);
                let (row, column) = (at / table.cols(), at % table.cols());
                Err(Fault::NotBinary { row, column, level: table.levels()[at] })
            }
            (Binarise::Dynamic, Table::Grey(table)) => Ok(Source::Drawn(table)),
        }
    }
}

impl Table {
    /// A one where level / 255 is above `threshold`; bits stay as they are.
    ///
    /// # Errors
    /// [`Fault::Threshold`] when it is outside 0..1.
    pub fn above(self, threshold: f32) -> Result<BitTable, Fault> {
        match self {
            _ if !(0.0..1.0).contains(&threshold) => Err(Fault::Threshold(threshold)),
            Table::Bits(table) => Ok(table),
            Table::Grey(table) => {
                let mut bits = BitTable::new(table.rows(), table.cols());
                for row in 0..table.rows() {
                    bits.pack_row(row, table.row(row), |level| f32::from(level) / 255.0 > threshold);
                }
                Ok(bits)
            }
        }
    }
}

impl Source {
    /// Number of rows (examples).
    pub fn rows(&self) -> usize {
        match self {
            Source::Fixed(table) => table.rows(),
            Source::Drawn(table) => table.rows(),
        }
    }

    /// Number of columns (bits of an example).
    pub fn cols(&self) -> usize {
        match self {
            Source::Fixed(table) => table.cols(),
            Source::Drawn(table) => table.cols(),
        }
    }

    /// The probability of a one of each column, over all rows and draws.
    pub fn means(&self) -> Vec<f32> {
        match self {
            Source::Fixed(table) => table.means(),
            Source::Drawn(table) => table.means(),
        }
    }

    /// The bits of one epoch: the fixed table itself, or a draw into `buffer`, which is made to fit and can
    /// be used again without another allocation. The bits of a row depend on nothing but `seed`, `epoch`, the
    /// row's number and its levels.
    ///
    /// A draw costs one pass over the levels and 32 random bits for each level other than 0 and 255.
    pub fn epoch<'a>(&'a self, seed: u64, epoch: u64, buffer: &'a mut BitTable) -> &'a BitTable {
        match self {
            Source::Fixed(table) => table,
            Source::Drawn(table) => {
                table.draw(seed, epoch, buffer);
                buffer
            }
        }
    }
}

impl GreyTable {
    /// Draws every bit with probability level / 255, to within 2^-32.
    fn draw(&self, seed: u64, epoch: u64, bits: &mut BitTable) {
        bits.resize(self.rows(), self.cols());
        // A uniform word below the bound of its level is a one.
        let bounds: [u64; 256] = std::array::from_fn(|level| ((level as u64) << 32) / 255);
        for row in 0..self.rows() {
            let mut rng = row_rng(seed, epoch, row as u64);
            bits.pack_row(row, self.row(row), |level| match level {
                0 => false,
                255 => true,
                _ => u64::from(rng.next_u32()) < bounds[usize::from(level)],
            });
        }
    }
}

/// The random numbers of one row in one epoch (or of one image of one split).
pub(crate) fn row_rng(seed: u64, epoch: u64, row: u64) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(mix(mix(mix(seed) ^ epoch) ^ row))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): one to one, and every bit depends on every
/// other.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn grey(cols: usize, levels: &[u8]) -> GreyTable {
        GreyTable::from_levels(cols, levels.to_vec()).unwrap()
    }

    fn loaded(train: Table) -> Loaded {
        Loaded {
            path: PathBuf::from("some/data"),
            valid: train.clone(),
            test: train.clone(),
            train,
            origins: Default::default(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn bits_stay_bits_however_they_are_binarised() {
        let bits = BitTable::from_bytes(2, &[0, 1, 1, 0]).unwrap();
        for how in [None, Some(Binarise::AsIs), Some(Binarise::Threshold(0.0)), Some(Binarise::Dynamic)] {
            let splits = loaded(Table::Bits(bits.clone())).binarise(how).unwrap();
            assert_eq!(
                (splits.train, splits.valid, splits.test),
                (Source::Fixed(bits.clone()), bits.clone(), bits.clone())
            );
        }
    }

    #[test]
    fn grey_levels_need_a_choice_other_than_as_is() {
        let table = Table::Grey(grey(2, &[0, 1, 255, 0]));
        let error = loaded(table.clone()).binarise(Some(Binarise::AsIs)).unwrap_err();
        assert!(matches!(error.fault.innermost(), Fault::NotBinary { row: 1, column: 0, level: 255 }));
        assert!(
            error.to_string().starts_with("some/data: split train: row 1, column 0 holds the grey level 255")
        );
        for threshold in [-0.1, 1.0, f32::NAN] {
            let error = loaded(table.clone()).binarise(Some(Binarise::Threshold(threshold))).unwrap_err();
            assert!(matches!(error.fault.innermost(), Fault::Threshold(_)));
        }
    }

    #[test]
    fn a_threshold_is_strict() {
        let table = Table::Grey(grey(4, &[50, 51, 52, 255]));
        let splits = loaded(table).binarise(Some(Binarise::Threshold(0.2))).unwrap();
        assert_eq!(splits.test.words(), [0b1100]);
        assert_eq!(splits.train, Source::Fixed(splits.test));
    }

    #[test]
    fn epochs_differ_and_repeat_exactly() {
        let source = Source::Drawn(grey(40, &[128; 40 * 30]));
        let draw = |seed, epoch| source.epoch(seed, epoch, &mut BitTable::default()).clone();
        assert_eq!(draw(1, 1), draw(1, 1));
        let draws = [draw(1, 1), draw(1, 2), draw(2, 1), draw(2, 2)];
        for (at, one) in draws.iter().enumerate() {
            assert!(draws[..at].iter().all(|other| other != one));
            assert!(one.words().chunks_exact(2).all(|row| row[1] >> 8 == 0));
        }
    }

    #[test]
    fn a_draw_is_the_same_on_every_machine() {
        let source = Source::Drawn(grey(
            16,
            &[0, 1, 16, 32, 64, 96, 112, 120, 128, 136, 150, 160, 192, 224, 254, 255],
        ));
        let mut buffer = BitTable::default();
        let words: Vec<u32> = (0..6).map(|epoch| source.epoch(7, epoch, &mut buffer).words()[0]).collect();
        assert_eq!(words, [0xf880, 0xd200, 0xf0f0, 0xe7b0, 0xefb0, 0xf648]);
    }

    #[test]
    fn a_draw_goes_into_the_buffer_it_is_given() {
        let source = Source::Drawn(grey(3, &[0, 255, 77]));
        let mut buffer = BitTable::default();
        source.epoch(0, 0, &mut buffer);
        let place = buffer.words().as_ptr();
        assert_eq!(source.epoch(0, 1, &mut buffer).words().as_ptr(), place);
        let fixed = Source::Fixed(BitTable::new(1, 1));
        assert_eq!(fixed.epoch(0, 0, &mut buffer).cols(), 1);
    }

    #[test]
    fn a_row_is_drawn_the_same_whatever_stands_around_it() {
        let whole = Source::Drawn(grey(2, &[9, 80, 100, 200, 30, 40]));
        let head = Source::Drawn(grey(2, &[9, 80, 100, 200]));
        let (mut one, mut other) = (BitTable::default(), BitTable::default());
        let (one, other) = (whole.epoch(5, 6, &mut one), head.epoch(5, 6, &mut other));
        assert_eq!(one.words()[..2], other.words()[..]);
    }

    #[test]
    fn a_level_is_a_one_in_its_share_of_draws() {
        let levels: Vec<u8> = (0..=255).collect();
        let source = Source::Drawn(grey(256, &levels));
        let mut ones = [0_u32; 256];
        let mut buffer = BitTable::default();
        let draws = 2000;
        for epoch in 0..draws {
            let table = source.epoch(3, epoch, &mut buffer);
            (0..256).for_each(|level| ones[level] += u32::from(table.get(0, level)));
        }
        assert_eq!((ones[0], ones[255]), (0, 2000));
        for (level, &ones) in ones.iter().enumerate() {
            let p = level as f64 / 255.0;
            let sigma = (p * (1.0 - p) / draws as f64).sqrt();
            // Five standard deviations: one false alarm in 6800 seeds, over the 256 levels, and the seed is
            // fixed.
            assert!((f64::from(ones) / draws as f64 - p).abs() <= 5.0 * sigma, "level {level}: {ones}");
        }
    }

    #[test]
    fn valid_and_test_are_drawn_once_and_apart() {
        let table = Table::Grey(grey(64, &[100; 64 * 4]));
        let one = loaded(table.clone()).binarise(None).unwrap();
        let other = loaded(table).binarise(Some(Binarise::Dynamic)).unwrap();
        assert_eq!((&one.valid, &one.test), (&other.valid, &other.test));
        assert_ne!(one.valid, one.test);
        assert!(matches!(one.train, Source::Drawn(_)));
        assert_eq!((one.train.rows(), one.train.cols(), one.train.means()[0]), (4, 64, 100.0 / 255.0));
    }
}
