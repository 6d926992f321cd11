//! Anomalies in recordings of an accelerometer: a hand that rests is learned, gestures are what is unusual.

use crate::imu;
use arm_core::Error;
use arm_core::stream::{Thermometer, Windows, window_words};
use arm_std::Network;
use arm_std::data::BitTable;
use arm_std::measure::{Rows, Scores, Unfinished, Work};
use arm_std::network::Model;
use std::path::Path;

/// Samples of a window, half of them new, and its code, as in `examples/firmware`: thousandths of g between two samples.
const SAMPLES: usize = 16;
const LEVELS: [i16; 4] = [10, 30, 100, 300];
type Encoder = Thermometer<i16, { LEVELS.len() }>;
const WORDS: usize = window_words::<Encoder>(SAMPLES);

/// Its network and rate.
pub(crate) const NETWORK: &str = "64-16-[8] / [8]-16-64";
pub(crate) const RATE: f32 = 0.002;

/// Windows of a hand that rests, to learn and to test with, and of its gestures.
pub(crate) struct Gestures {
    pub(crate) rest: BitTable,
    pub(crate) test: BitTable,
    pub(crate) gestures: BitTable,
}

impl Gestures {
    /// Reads a folder with `acceleration.npy` and `recordings.csv`.
    pub(crate) fn read(folder: &Path) -> Result<Self, Error> {
        let [rest, test, gestures] = imu::parts(&imu::recordings(folder)).map(|bytes| windows(&bytes));
        Ok(Gestures { rest: rest?, test: test?, gestures: gestures? })
    }

    /// The mean -ELBO of the hand that rests, and how often a gesture's window scores above one of its windows.
    pub(crate) fn measure(&self, model: &Model) -> Result<(f32, f32), Unfinished> {
        let of = |rows| Scores::of_model(model, 1, Rows::all(rows), 1, &mut Work::on(1));
        let (rest, gestures) = (of(&self.test)?, of(&self.gestures)?);
        Ok((rest.figures().neg_elbo as f32, auc(&rest.neg_elbo, &gestures.neg_elbo)))
    }
}

pub(crate) fn network() -> Network {
    NETWORK.parse().expect("a constant")
}

fn windows(bytes: &[u8]) -> Result<BitTable, Error> {
    let mut windows = Windows::<Encoder, SAMPLES, WORDS, 1>::new(Thermometer::new(LEVELS)?, SAMPLES / 2)?;
    let mut words = vec![];
    for &sample in bytes.as_chunks::<2>().0 {
        windows.push(i16::from_le_bytes(sample));
        words.extend(windows.next().into_iter().flatten());
    }
    Ok(BitTable::from_words(words.len() / WORDS, SAMPLES * LEVELS.len(), words))
}

/// The area under the ROC curve: the share of pairs in which the unusual one scores higher, a tie counting one half.
fn auc(usual: &[f32], unusual: &[f32]) -> f32 {
    let mut sorted = usual.to_vec();
    sorted.sort_by(f32::total_cmp);
    let halves = |score: &f32| sorted.partition_point(|s| s < score) + sorted.partition_point(|s| s <= score);
    let sum: usize = unusual.iter().map(halves).sum();
    sum as f32 / (2 * usual.len() * unusual.len()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_and_ties_by_half() {
        assert_eq!(auc(&[1.0, 2.0], &[2.0, 3.0]), (0.5 + 3.0) / 4.0);
        assert_eq!(auc(&[3.0], &[1.0, 1.0]), 0.0);
    }

    #[test]
    fn half_of_a_window_is_that_of_the_one_before() {
        let bytes: Vec<u8> = (0..32).flat_map(|i: i16| (20 * i).to_le_bytes()).collect();
        let table = windows(&bytes).unwrap();
        assert_eq!((table.rows(), table.cols()), (3, 64));
        assert_eq!(table.row(0)[1], table.row(1)[0]);
    }
}
