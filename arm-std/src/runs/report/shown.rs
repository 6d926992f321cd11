//! What a report shows of the model of a run: what it has learned, as pictures.

use super::charts::shares;
use crate::data::BitTable;
use crate::measure::predict::predictions;
use crate::measure::rows::Rows;
use crate::network::{Model, SplitRows};
use crate::runs::folder::{PREDICTIONS, RECONSTRUCTIONS, SAMPLES};
use crate::runs::image::{Grid, is_picture};
use crate::runs::pictures::{COLUMNS, reconstructions, samples};
use crate::runs::plot::page;
use crate::train::Failure;

/// A picture with the words about it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its file in the run folder.
    pub file: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What is seen on it.
    pub caption: &'static str,
    /// The picture.
    pub png: Vec<u8>,
}

/// What is shown of a model.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Pictures.
    pub pictures: Vec<Picture>,
    /// The share of ones in each column, as SVG, of rows that are no pictures.
    pub shares: Option<String>,
}

/// Test examples that are reconstructed, or whose target is predicted.
const EXAMPLES: usize = 40;

/// Samples of the chain for a prediction.
const CHAINS: u64 = 20;

impl Shown {
    /// Of a model, with examples of the test split.
    pub(super) fn of(model: &Model, test: &BitTable, seed: u64) -> Result<Shown, Failure> {
        match model.network.conditional {
            true => Shown::predicted(model, test, seed),
            false => Shown::generated(model, test, seed),
        }
    }

    /// Samples of whole rows, and reconstructions.
    fn generated(model: &Model, test: &BitTable, seed: u64) -> Result<Shown, Failure> {
        let grid = samples(model, 100, seed)?;
        let columns = model.network.inputs;
        let images = is_picture(columns);
        let [of_samples, of_reconstructions] = if images { PICTURES } else { STRIPS };
        let all: Vec<usize> = (0..test.rows()).collect();
        let chart = || shares(0, share_of_ones(test, &all, 0..columns), "samples", grid.means());
        let shares = if images { None } else { Some(page(&[chart()], 1)?) };
        let picture = |file, title, caption, png| Picture { file, title, caption, png };
        let reconstructions = reconstructions(model, test, EXAMPLES, seed)?.png()?;
        let pictures = vec![
            picture(SAMPLES, "Samples", of_samples, grid.png()?),
            picture(RECONSTRUCTIONS, "Reconstructions", of_reconstructions, reconstructions),
        ];
        Ok(Shown { pictures, shares })
    }

    /// Predictions of a conditional network beside the true targets.
    fn predicted(model: &Model, test: &BitTable, seed: u64) -> Result<Shown, Failure> {
        let (inputs, units) = (model.network.inputs, model.network.units());
        let spread = Rows::spread(test, EXAMPLES);
        let rows: Vec<usize> = (0..spread.count()).map(|i| spread.index(i)).collect();
        let words = spread.words(0..rows.len());
        let split = SplitRows::new(&model.network.shape(), &words, test.cols());
        let p = predictions(model, &split, rows.len(), CHAINS, seed, &mut || false)?;
        let targets = units - inputs;
        let images = is_picture(units);
        // Of pictures the whole row is shown, its input in both lines.
        let first = if images { 0 } else { inputs };
        let mut grid = Grid::of_rows(units - first);
        let bit = |row: usize, at: usize| f32::from(u8::from(test.get(row, at)));
        for (rows, p) in rows.chunks(COLUMNS).zip(p.chunks((COLUMNS * targets).max(1))) {
            for &row in rows {
                grid.push_probabilities(&(first..units).map(|at| bit(row, at)).collect::<Vec<_>>());
            }
            (rows.len()..COLUMNS).for_each(|_| grid.push_bits(&[]));
            for (&row, p) in rows.iter().zip(p.chunks(targets.max(1))) {
                let input = (first..inputs).map(|at| bit(row, at));
                grid.push_probabilities(&input.chain(p.iter().copied()).collect::<Vec<_>>());
            }
        }
        let caption = if images { PREDICTED_PICTURES } else { PREDICTED_STRIPS };
        let pictures = vec![Picture { file: PREDICTIONS, title: "Predictions", caption, png: grid.png()? }];
        let mean = |at: usize| {
            let sum: f64 = p.iter().skip(at).step_by(targets).map(|&p| f64::from(p)).sum();
            sum / rows.len().max(1) as f64
        };
        let chart = || {
            let of_test = share_of_ones(test, &rows, inputs..units);
            shares(inputs, of_test, "predictions", (0..targets).map(mean).collect())
        };
        let shares = if images { None } else { Some(page(&[chart()], 1)?) };
        Ok(Shown { pictures, shares })
    }
}

/// The share of ones in each of these columns over these rows.
fn share_of_ones(table: &BitTable, rows: &[usize], columns: std::ops::Range<usize>) -> Vec<f64> {
    let ones = |column: usize| rows.iter().filter(|&&row| table.get(row, column)).count();
    columns.map(|column| ones(column) as f64 / rows.len().max(1) as f64).collect()
}

/// What the pictures show, of samples and of reconstructions.
const PICTURES: [&str; 2] = [
    "p(x = 1 | b) for b drawn from the prior and the decoder.",
    "Test examples, each row above its reconstructions p(x = 1 | b), b drawn from the encoder.",
];

/// The same of rows that are no pictures.
const STRIPS: [&str; 2] = [
    "Each strip is a sample, a cell for every column: p(x = 1 | b) from black for 0 to white for 1, for b drawn from the \
     prior and the decoder.",
    "Each strip is an example, a cell for every column: ten test examples above their ten reconstructions p(x = 1 | b), \
     b drawn from the encoder.",
];

/// The same of predictions.
const PREDICTED_PICTURES: &str = "Test examples, each row above the same inputs with their predicted targets p(y = 1 | x), \
                                  the mean over 20 samples.";
const PREDICTED_STRIPS: &str = "Each strip is a target, a cell for every column: ten test examples above their ten \
                                predictions p(y = 1 | x) from black for 0 to white for 1, the mean over 20 samples.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    /// 44 rows of 3 inputs and 2 targets, of which the first is the first input and the second is 1.
    fn table() -> BitTable {
        let row = |i: u8| [i & 1, i >> 1 & 1, i >> 2 & 1, i & 1, 1];
        BitTable::from_bytes(5, &(0..44).flat_map(row).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn of_a_conditional_network_predictions_are_shown_beside_the_truth() {
        let network: Network = "3-[1]-2".parse().unwrap();
        // b is the first input, and so is the first target; the second is always 1.
        let params = vec![60.0, 0.0, 0.0, -30.0, 60.0, 0.0, -30.0, 30.0];
        let model = Model::new(network, params);
        let shown = Shown::of(&model, &table(), 1).unwrap();
        let [picture] = &shown.pictures[..] else { panic!("{shown:?}") };
        assert_eq!((picture.file, picture.title), ("predictions.png", "Predictions"));
        // The columns are those of the targets.
        let svg = shown.shares.unwrap();
        let says = |text: &str| svg.lines().any(|line| line.trim() == text);
        assert!(says("predictions") && says("3") && says("4") && !says("2"), "{svg}");
    }

    #[test]
    fn shares_of_ones_are_of_the_rows_that_are_asked_for() {
        assert_eq!(share_of_ones(&table(), &[0, 1, 2, 3], 3..5), [0.5, 1.0]);
        assert_eq!(share_of_ones(&table(), &[1, 3], 0..2), [1.0, 0.5]);
    }
}
