//! Rows as codes, and codes as rows: what the most probable units say, without a draw.

use crate::data::BitTable;
use crate::kernels::Desktop;
use crate::memory::Aligned;
use crate::network::Model;
use arm_core::estimator::Arm;
use arm_core::math::sigmoid;
use arm_core::{BitMatrix, Engine, Error};

/// Rows that go through the network together.
const ROWS: usize = 128;

/// The code of every row: the units of the top stochastic layer, each 1 where that is the more probable value given the layer
/// below (a logit above 0), from the first layer upwards. Of a conditional network the rows are inputs, without targets.
///
/// Errors: rows of another width. Cost: one pass through the encoder for each row.
pub fn codes(model: &Model, rows: &BitTable) -> Result<BitTable, Error> {
    let layers = model.network.shape().stochastic_layers();
    through(model, 0..layers, rows, |logits| logits.iter().map(|&l| l > 0.0).collect())
        .map(|bits| packed(rows.rows(), &bits))
}

/// p(x = 1 | code), a row of probabilities for each code of the top stochastic layer of an auto-encoder. Layers in between have
/// their more probable values.
///
/// Errors: codes of another width, or a conditional network. Cost: one pass through the decoder for each code.
pub fn decoded(model: &Model, codes: &BitTable) -> Result<Vec<f32>, Error> {
    let shape = model.network.shape();
    let layers = shape.stochastic_layers();
    if shape.is_conditional() {
        return Err(Error::Shape);
    }
    if codes.cols() != shape.stochastic_width(layers - 1) {
        return Err(Error::Width { needed: shape.stochastic_width(layers - 1), given: codes.cols() });
    }
    through(model, layers..2 * layers, codes, |logits| logits.iter().map(|&l| sigmoid(l)).collect())
}

/// The rows as they come out of the last of some links; in between they are thresholded.
fn through<T>(
    model: &Model,
    links: std::ops::Range<usize>,
    rows: &BitTable,
    last: impl Fn(&[f32]) -> Vec<T>,
) -> Result<Vec<T>, Error> {
    let shape = model.network.shape();
    let engine = Engine::new(shape, Desktop::new(), Arm, 0)?;
    let mut scratch = Aligned::zeroed(shape.inference_scratch(ROWS, 1));
    let mut out = Vec::new();
    for part in rows.words().chunks(ROWS * rows.words_per_row().max(1)) {
        let count = part.len() / rows.words_per_row().max(1);
        let mut below = BitTable::from_words(count, rows.cols(), part.to_vec());
        for link in links.clone() {
            let width = shape.dense(shape.link(link).1).outputs;
            let mut logits = vec![0.0; count * width];
            let x = BitMatrix::new(below.words(), below.cols());
            engine.logits(&model.params, link, x, scratch.words_mut(), &mut logits)?;
            if link + 1 == links.end {
                out.extend(last(&logits));
            } else {
                let bits: Vec<bool> = logits.iter().map(|&l| l > 0.0).collect();
                below = packed(count, &bits);
            }
        }
    }
    Ok(out)
}

fn packed(rows: usize, bits: &[bool]) -> BitTable {
    let cols = bits.len() / rows.max(1);
    let mut table = BitTable::new(rows, cols);
    for row in 0..rows {
        for (col, &bit) in bits[row * cols..(row + 1) * cols].iter().enumerate() {
            table.set(row, col, bit);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::models;
    use crate::network::Network;

    #[test]
    fn a_code_is_what_the_logits_say_and_gives_the_row_back() {
        // A unit that copies its input, and an output that copies the unit, layer for layer.
        let network: Network = "2-[2]-[2] / [2]-[2]-2".parse().unwrap();
        let copy = [[8.0, 0.0], [0.0, 8.0], [-4.0, -4.0]].concat();
        let model = Model::new(network, copy.repeat(4));
        let rows = BitTable::from_bytes(2, &[0, 0, 0, 1, 1, 0, 1, 1].repeat(40)).unwrap();
        assert_eq!(codes(&model, &rows).unwrap(), rows);
        let p = decoded(&model, &rows).unwrap();
        for (i, p) in p.iter().enumerate() {
            let x = if rows.get(i / 2, i % 2) { 1.0 } else { 0.0 };
            assert!((p - x).abs() < 0.02, "{i}: {p}");
        }
    }

    #[test]
    fn every_kind_of_network_has_codes() {
        for model in models() {
            let shape = model.network.shape();
            let rows = BitTable::from_bytes(shape.inputs(), &vec![1; 130 * shape.inputs()]).unwrap();
            let codes = codes(&model, &rows).unwrap();
            assert_eq!(
                (codes.rows(), codes.cols()),
                (130, shape.stochastic_width(shape.stochastic_layers() - 1))
            );
            assert!(codes.row(129) == codes.row(0));
            let p = decoded(&model, &codes).map(|p| p.len());
            assert_eq!(
                p,
                if model.network.conditional { Err(Error::Shape) } else { Ok(130 * shape.inputs()) }
            );
            assert!(super::codes(&model, &BitTable::new(2, shape.inputs() + 1)).is_err());
            assert!(decoded(&model, &BitTable::new(2, codes.cols() + 1)).is_err());
        }
    }
}
