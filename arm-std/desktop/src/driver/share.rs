//! How a batch, and the parameters, are dealt to threads.

use super::GRADIENT_ROWS;
use crate::memory::Aligned;
use arm_core::estimator::Estimator;
use arm_core::kernels::Kernels;
use arm_core::matrix::BitMatrix;
use arm_core::{Batch, Block, Engine, Error, Shape, Shard};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A batch split over some threads.
#[derive(Debug)]
pub(super) struct Split<M> {
    pub(super) shares: Vec<Mutex<Share<M>>>,
    /// What the second phase reads of the whole batch, put together from the shares of several threads.
    pub(super) trace: Aligned,
}

/// A thread's share of the examples.
#[derive(Debug)]
pub(super) struct Share<M> {
    pub(super) objective: M,
    pub(super) scratch: Aligned,
    pub(super) f: Vec<f32>,
    pub(super) result: Result<(), Error>,
}

/// Examples of each thread's share of a batch.
pub(super) fn sizes(batch: usize, threads: usize) -> impl Iterator<Item = usize> {
    let batches = deal(BitMatrix::NONE, BitMatrix::NONE, 0..batch, 0, threads);
    (0..threads).map(move |t| batches.get(t).map_or(0, |b| b.examples))
}

/// Exclusive access to what the threads have left.
pub(super) fn get<T>(shared: &mut Mutex<T>) -> &mut T {
    shared.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// What the second phase reads of the shares.
pub(super) fn shards<'a, M>(threads: &'a mut [Mutex<Share<M>>], batches: &[Batch<'a>]) -> Vec<Shard<'a>> {
    let shard =
        |(share, &batch): (&'a mut Mutex<Share<M>>, _)| Shard { batch, scratch: get(share).scratch.words() };
    threads.iter_mut().zip(batches).map(shard).collect()
}

/// Where each share of the batch writes its trace in that of the whole.
pub(super) fn pieces<'a, K: Kernels, E: Estimator>(
    engine: &Engine<'_, K, E>,
    batches: &[Batch<'_>],
    trace: &'a mut [u32],
) -> Vec<Mutex<Vec<&'a mut [f32]>>> {
    let total = batches.iter().map(|b| b.examples).sum();
    let mut shares: Vec<_> = batches.iter().map(|b| (engine.trace_ranges(b.examples), vec![])).collect();
    let (mut rest, mut at) = (bytemuck::cast_slice_mut(trace), 0);
    for whole in engine.trace_ranges(total) {
        let _ = rest.split_off_mut(..whole.start - at);
        at = whole.end;
        for (ranges, pieces) in &mut shares {
            let size = ranges.next().map_or(0, |range| range.len());
            pieces.push(rest.split_off_mut(..size).unwrap_or_default());
        }
    }
    shares.into_iter().map(|(_, pieces)| Mutex::new(pieces)).collect()
}

/// The parameters and their two moments.
pub(super) fn with_moments<'a>(params: &'a mut Aligned, moments: &'a mut Aligned) -> [&'a mut [f32]; 3] {
    let (first, second) = moments.floats_mut().split_at_mut(params.len());
    [params.floats_mut(), first, second]
}

/// These examples of the batch in at most `shares` contiguous shares.
pub(super) fn deal<'a>(
    x: BitMatrix<'a>,
    y: BitMatrix<'a>,
    of: Range<usize>,
    step: u64,
    shares: usize,
) -> Vec<Batch<'a>> {
    let (start, examples) = (of.start, of.len());
    let shares = shares.min(examples);
    let share = |k: usize| {
        let (first, end) = (start + examples * k / shares, start + examples * (k + 1) / shares);
        let rows = |bits: BitMatrix<'a>| {
            let data = bits.data().get(first * bits.stride()..end * bits.stride()).unwrap_or_default();
            BitMatrix::new(data, bits.cols())
        };
        Batch { y: rows(y), ..Batch::new(rows(x), end - first, first as u64, step) }
    };
    (0..shares).map(share).collect()
}

/// Contiguous rows of every layer for each thread, out of the parameters and their two moments (or empty slices).
pub(super) fn blocks<'a>(
    shape: &Shape<'_>,
    mut rest: [&'a mut [f32]; 3],
    threads: usize,
) -> Vec<Vec<Block<'a>>> {
    let mut all: Vec<_> = (0..threads).map(|_| Vec::with_capacity(shape.dense_layers())).collect();
    for layer in 0..shape.dense_layers() {
        let dense = shape.dense(layer);
        for (t, blocks) in all.iter_mut().enumerate() {
            let (first, end) = (dense.rows() * t / threads, dense.rows() * (t + 1) / threads);
            let [weights, first_moment, second_moment] = rest.each_mut().map(|rest| {
                let n = rest.len().min((end - first) * dense.stride);
                rest.split_off_mut(..n).unwrap_or_default()
            });
            if first < end {
                blocks.push(Block { layer, first, weights, first_moment, second_moment });
            }
        }
    }
    all
}

/// As much of `gradient_buffer` as cuts the rows of a block into even parts.
pub(super) fn part_of_buffer<'a>(
    block: &Block<'_>,
    stride: usize,
    gradient_buffer: &'a mut [f32],
) -> &'a mut [f32] {
    let (rows, most) = (block.weights.len() / stride, gradient_buffer.len() / stride);
    let rows = rows.div_ceil(rows.div_ceil(most.min(GRADIENT_ROWS)));
    &mut gradient_buffer[..rows * stride]
}
