//! Where the first layers of a network lie for one example of one sample, looked up and not summed: on 64-bit machines, where memory
//! for it does not count (elsewhere `no_table.rs`).
//!
//! Tests: `tests/tests/engine/gradients.rs`, `scratch.rs`.

use super::{LayerLayout, Layout};
use crate::feature::Count;
use crate::shape::{Activation, Dense, Shape};

/// Layers that are kept.
const KEPT: usize = 8;

/// The first layers of a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    layers: [Entry; KEPT],
}

/// A [`LayerLayout`] in few bytes.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Whether there is such a layer, and its numbers are small enough.
    known: bool,
    hidden: bool,
    above_hidden: bool,
    slope: Activation,
    offset: u32,
    inputs: u32,
    outputs: u32,
    stride: u32,
    activation: u32,
    delta: u32,
}

impl Table {
    /// That of a shape.
    #[inline(always)]
    pub(crate) fn of(shape: &Shape<'_>) -> Self {
        let (layout, mut layer) = (Layout::new(shape, 1, 1), LayerLayout::INPUT);
        let mut layers = [Entry::UNKNOWN; KEPT];
        for (i, entry) in layers.iter_mut().enumerate().take(shape.dense_layers() + 1) {
            if i == 0 {
                layout.seek(0, &mut layer)
            } else {
                layout.advance(&mut layer)
            }
            *entry = Entry::of(&layer);
        }
        Table { layers }
    }
}

impl Entry {
    const UNKNOWN: Self = Entry {
        known: false,
        hidden: false,
        above_hidden: false,
        slope: Activation::LINEAR,
        offset: 0,
        inputs: 0,
        outputs: 0,
        stride: 0,
        activation: 0,
        delta: 0,
    };

    fn of(layer: &LayerLayout) -> Self {
        let LayerLayout { dense, hidden, above_hidden, activation, delta, .. } = *layer;
        let Dense { offset, inputs, outputs, stride, activation: slope } = dense;
        let small = [offset, inputs, outputs, stride, activation, delta].map(u32::try_from);
        let [Ok(offset), Ok(inputs), Ok(outputs), Ok(stride), Ok(activation), Ok(delta)] = small else {
            return Entry::UNKNOWN;
        };
        Entry { known: true, hidden, above_hidden, slope, offset, inputs, outputs, stride, activation, delta }
    }
}

/// A table, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup<'s> {
    table: Option<&'s Table>,
}

impl<'s> Lookup<'s> {
    pub(super) const NONE: Self = Lookup { table: None };

    pub(super) const fn of(table: &'s Table) -> Self {
        Lookup { table: Some(table) }
    }

    /// Writes layer `i`, if it is kept.
    #[inline(always)]
    pub(super) const fn find(&self, i: usize, layer: &mut LayerLayout) -> bool {
        let Some(table) = self.table else { return false };
        if i >= KEPT || !table.layers[i].known {
            return false;
        }
        let Entry { hidden, above_hidden, slope, offset, inputs, outputs, stride, activation, delta, .. } =
            table.layers[i];
        layer.index = i;
        layer.dense = Dense {
            offset: offset as usize,
            inputs: inputs as usize,
            outputs: outputs as usize,
            stride: stride as usize,
            activation: slope,
        };
        (layer.hidden, layer.above_hidden, layer.rows) = (hidden, above_hidden, Count::new(1));
        (layer.activation, layer.delta) = (activation as usize, delta as usize);
        true
    }
}
