//! Rows of data as a network takes them: a row is its input, or input and target.

use arm_core::{BitMatrix, Shape};
use std::borrow::Cow;
use std::ops::Range;

/// Rows of data cut for a network: the units behind the input are the target of a conditional network.
#[derive(Clone, Debug)]
pub struct SplitRows<'a> {
    x: Cow<'a, [u32]>,
    y: Vec<u32>,
    inputs: usize,
    targets: usize,
}

impl<'a> SplitRows<'a> {
    /// Cuts rows of `cols` units. Costs a copy for a conditional network, and nothing for any other.
    pub fn new(shape: &Shape<'_>, words: &'a [u32], cols: usize) -> SplitRows<'a> {
        let inputs = shape.inputs();
        if !shape.is_conditional() || cols < inputs {
            return SplitRows { x: words.into(), y: Vec::new(), inputs: cols, targets: 0 };
        }
        let rows = || words.chunks_exact(cols.div_ceil(32).max(1));
        SplitRows {
            x: rows().flat_map(|row| bits(row, 0..inputs)).collect(),
            y: rows().flat_map(|row| bits(row, inputs..cols)).collect(),
            inputs,
            targets: cols - inputs,
        }
    }

    /// The inputs of some rows.
    pub fn x(&self, rows: Range<usize>) -> BitMatrix<'_> {
        part(&self.x, self.inputs, rows)
    }

    /// The targets of some rows; none for a network without.
    pub fn y(&self, rows: Range<usize>) -> BitMatrix<'_> {
        part(&self.y, self.targets, rows)
    }
}

fn part(words: &[u32], cols: usize, rows: Range<usize>) -> BitMatrix<'_> {
    let stride = cols.div_ceil(32);
    BitMatrix::new(words.get(rows.start * stride..rows.end * stride).unwrap_or_default(), cols)
}

/// The bits `range` of a row, packed anew.
fn bits(row: &[u32], range: Range<usize>) -> impl Iterator<Item = u32> + '_ {
    let word = |i: usize| row.get(i).copied().unwrap_or(0);
    (range.start..range.end).step_by(32).map(move |bit| {
        let both = u64::from(word(bit / 32)) | u64::from(word(bit / 32 + 1)) << 32;
        let left = range.end - bit;
        let mask = if left < 32 { (1 << left) - 1 } else { u32::MAX };
        (both >> (bit % 32)) as u32 & mask
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arm_core::Layer;

    #[test]
    fn every_bit_goes_to_one_side() {
        let cols = 77;
        for inputs in [1, 31, 32, 33, 40, 76] {
            let (chain, output) = ([Layer::bernoulli(3)], [Layer::bernoulli(cols - inputs)]);
            let shape = Shape::conditional(inputs, &chain, &output);
            let words: Vec<u32> =
                (0..6u32).map(|i| i.wrapping_mul(0x9e37_79b9) & [!0, !0, 0x1fff][i as usize % 3]).collect();
            let split = SplitRows::new(&shape, &words, cols);
            let (x, y) = (split.x(0..2), split.y(0..2));
            assert_eq!((x.cols(), y.cols()), (inputs, cols - inputs));
            for row in 0..2 {
                let bit = |i: usize| words[3 * row + i / 32] >> (i % 32) & 1 == 1;
                assert!((0..inputs).all(|i| x.bits(row).get(i) == bit(i)), "{inputs}");
                assert!((inputs..cols).all(|i| y.bits(row).get(i - inputs) == bit(i)), "{inputs}");
                assert!(x.row(row).last().is_some_and(|w| inputs % 32 == 0 || w >> (inputs % 32) == 0));
            }
        }
        let layers = [Layer::bernoulli(2)];
        let words = [5, 6];
        let whole = SplitRows::new(&Shape::chain(9, &layers), &words, 9);
        assert_eq!((whole.x(1..2).data(), whole.y(0..2).cols()), (&words[1..], 0));
    }
}
