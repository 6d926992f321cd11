//! Pictures of what a model has learned.

use crate::data::BitTable;
use crate::kernels::Desktop;
use crate::measure::rows::Rows;
use crate::memory::Aligned;
use crate::network::Model;
use crate::runs::image::Grid;
use arm_core::estimator::Arm;
use arm_core::{Batch, BitMatrix, Engine, Error};

/// Examples above their reconstructions.
pub(super) const COLUMNS: usize = 10;

/// A grid of `count` samples from the model, as probabilities p(x = 1 | b_1).
pub fn samples(model: &Model, count: usize, seed: u64) -> Result<Grid, Error> {
    let engine = Engine::new(model.network.shape(), Desktop::new(), Arm, seed)?;
    let inputs = model.network.inputs;
    let mut grid = Grid::of_rows(inputs);
    let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(1, 1));
    let mut image = vec![0.0; inputs];
    for index in 0..count as u64 {
        let batch = Batch::new(BitMatrix::new(&[], 0), 1, index, 0);
        engine.generate(&model.params, batch, scratch.words_mut(), &mut image)?;
        grid.push_probabilities(&image);
    }
    Ok(grid)
}

/// `count` rows spread over `table`, each line of originals above its line of reconstructions p(x = 1 | b_1),
/// b_1 ~ q(b_1 | x).
pub fn reconstructions(model: &Model, table: &BitTable, count: usize, seed: u64) -> Result<Grid, Error> {
    let engine = Engine::new(model.network.shape(), Desktop::new(), Arm, seed)?;
    let inputs = model.network.inputs;
    let mut grid = Grid::of_rows(inputs);
    let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(1, 1));
    let mut image = vec![0.0; inputs];
    let rows = Rows::spread(table, count);
    let rows: Vec<usize> = (0..rows.count()).map(|i| rows.index(i)).collect();
    for line in rows.chunks(COLUMNS) {
        line.iter().for_each(|&row| grid.push_bits(table.row(row)));
        (line.len()..COLUMNS).for_each(|_| grid.push_bits(&[]));
        for &row in line {
            let x = BitMatrix::new(table.row(row), inputs);
            let batch = Batch::new(x, 1, row as u64, 0);
            engine.reconstruct(&model.params, batch, scratch.words_mut(), &mut image)?;
            grid.push_probabilities(&image);
        }
    }
    Ok(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::cases::model;

    #[test]
    fn reconstructions_are_of_rows_from_everywhere() {
        let bytes: Vec<u8> = (0..60 * 40u32).map(|i| u8::from(i * i % 11 < 4)).collect();
        let table = BitTable::from_bytes(40, &bytes).unwrap();
        let mut originals = Grid::of_rows(40);
        [0, 15, 30, 45].iter().for_each(|&row| originals.push_bits(table.row(row)));
        let grid = reconstructions(&model(), &table, 4, 1).unwrap();
        assert_eq!(grid.len(), COLUMNS + 4);
        let line = |grid: &Grid| (0..4).map(|i| grid.cell(i).to_vec()).collect::<Vec<_>>();
        assert_eq!(line(&grid), line(&originals));
    }
}
