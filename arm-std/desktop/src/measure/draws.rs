//! What a model draws: rows of its own, and rows as they come back.

use crate::data::BitTable;
use crate::kernels::Desktop;
use crate::memory::Aligned;
use crate::network::Model;
use arm_core::estimator::Arm;
use arm_core::{Batch, BitMatrix, Engine, Error};

/// `count` rows drawn from the model, as probabilities p(x = 1 | b_1), one row after the other.
///
/// Errors: a conditional network. Cost: one pass through the decoder for each row.
pub fn generated(model: &Model, count: usize, seed: u64) -> Result<Vec<f32>, Error> {
    let draws = (0..count).map(|index| Batch::new(BitMatrix::new(&[], 0), 1, index as u64, 0));
    rows(model, seed, draws, |engine, params, batch, scratch, row| {
        engine.generate(params, batch, scratch, row)
    })
}

/// These rows of `table` as the model gives them back: p(x = 1 | b_1), b_1 ~ q(b_1 | x), one row after the other.
///
/// Errors: rows of another width, or a conditional network. Cost: one pass through the network for each row.
pub fn reconstructed(
    model: &Model,
    table: &BitTable,
    chosen: &[usize],
    seed: u64,
) -> Result<Vec<f32>, Error> {
    let inputs = model.network.inputs;
    let batch = |&row: &usize| Batch::new(BitMatrix::new(table.row(row), inputs), 1, row as u64, 0);
    let draws = chosen.iter().map(batch);
    rows(model, seed, draws, |engine, params, batch, scratch, row| {
        engine.reconstruct(params, batch, scratch, row)
    })
}

/// A row of each batch of one.
fn rows<'b>(
    model: &Model,
    seed: u64,
    batches: impl ExactSizeIterator<Item = Batch<'b>>,
    draw: impl Fn(&Engine<'_, Desktop, Arm>, &[f32], Batch<'b>, &mut [u32], &mut [f32]) -> Result<(), Error>,
) -> Result<Vec<f32>, Error> {
    let engine = Engine::new(model.network.shape(), Desktop::new(), Arm, seed)?;
    let inputs = model.network.inputs.max(1);
    let mut scratch = Aligned::zeroed(engine.shape().inference_scratch(1, 1));
    let mut out = vec![0.0; batches.len() * inputs];
    for (batch, row) in batches.zip(out.chunks_exact_mut(inputs)) {
        draw(&engine, &model.params, batch, scratch.words_mut(), row)?;
    }
    Ok(out)
}
