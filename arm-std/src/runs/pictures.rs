//! Pictures of what a model has learned.

use crate::data::BitTable;
use crate::measure::rows::Rows;
use crate::measure::{generated, reconstructed};
use crate::network::Model;
use crate::runs::image::Grid;
use arm_core::Error;

/// Examples above their reconstructions.
pub(super) const COLUMNS: usize = 10;

/// A grid of `count` samples from the model, as probabilities p(x = 1 | b_1).
pub fn samples(model: &Model, count: usize, seed: u64) -> Result<Grid, Error> {
    let inputs = model.network.inputs;
    let mut grid = Grid::of_rows(inputs);
    generated(model, count, seed)?.chunks(inputs.max(1)).for_each(|image| grid.push_probabilities(image));
    Ok(grid)
}

/// `count` rows spread over `table`, each line of originals above its line of reconstructions p(x = 1 | b_1),
/// b_1 ~ q(b_1 | x).
pub fn reconstructions(model: &Model, table: &BitTable, count: usize, seed: u64) -> Result<Grid, Error> {
    let inputs = model.network.inputs;
    let mut grid = Grid::of_rows(inputs);
    let rows = Rows::spread(table, count);
    let rows: Vec<usize> = (0..rows.count()).map(|i| rows.index(i)).collect();
    for line in rows.chunks(COLUMNS) {
        line.iter().for_each(|&row| grid.push_bits(table.row(row)));
        (line.len()..COLUMNS).for_each(|_| grid.push_bits(&[]));
        let images = reconstructed(model, table, line, seed)?;
        images.chunks(inputs.max(1)).for_each(|image| grid.push_probabilities(image));
    }
    Ok(grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn reconstructions_are_of_rows_from_everywhere() {
        let bytes: Vec<u8> = (0..60 * 40u32).map(|i| u8::from(i * i % 11 < 4)).collect();
        let table = BitTable::from_bytes(40, &bytes).unwrap();
        let mut originals = Grid::of_rows(40);
        [0, 15, 30, 45].iter().for_each(|&row| originals.push_bits(table.row(row)));
        let network: Network = "40-6-[5]-[3] / [3]-[5]-40".parse().unwrap();
        let params = (0..network.shape().params()).map(|i| (i as f32 * 0.7).sin()).collect();
        let grid = reconstructions(&Model::new(network, params), &table, 4, 1).unwrap();
        assert_eq!(grid.len(), COLUMNS + 4);
        let line = |grid: &Grid| (0..4).map(|i| grid.cell(i).to_vec()).collect::<Vec<_>>();
        assert_eq!(line(&grid), line(&originals));
    }
}
