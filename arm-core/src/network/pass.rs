//! What a step or an evaluation reads, together.
//!
//! Tests: `tests/tests/engine/one_engine.rs`.

use crate::kernels::{Arithmetic, WeightOf};
use crate::network::Batch;
use crate::numeric::bits::Bits;
use crate::shape::layout::Layout;

/// What is read while a batch is sampled and evaluated: the network with its parameters, the batch, and where everything
/// lies. What is written is [`Scratch`](crate::network::scratch::Scratch).
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a, K: Arithmetic> {
    /// Where everything lies, and with it the shape of the network.
    pub(crate) layout: Layout<'a>,
    pub(crate) kernels: &'a K,
    pub(crate) params: &'a [WeightOf<K>],
    pub(crate) batch: &'a Batch<'a>,
}

impl<K: Arithmetic> Pass<'_, K> {
    /// Rows: a sample each, those of an example one after the other.
    pub fn rows(&self) -> usize {
        self.layout.rows()
    }

    /// The example that a row is a sample of.
    pub fn example(&self, row: usize) -> usize {
        self.layout.example(row)
    }

    /// The input of an example.
    pub fn x(&self, example: usize) -> Bits<'_> {
        self.batch.x.bits(example)
    }
}
