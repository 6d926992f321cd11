//! How a tile is driven: which part of an operation stays in the registers, and in which order the parts follow each other.

pub(crate) mod affine_few;
pub(crate) mod dots;
pub(crate) mod gradient_terms;
pub(crate) mod lists;
pub(crate) mod pairs;
pub(crate) mod panel;
pub(crate) mod pending;
pub(crate) mod rates;
pub(crate) mod subsets;
pub(crate) mod sum;

/// `count` things in parts of at most `most`, as even as can be: (first, size).
#[inline(always)]
pub(crate) fn split(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = count.div_ceil(most);
    let size = count.checked_div(parts).unwrap_or(0);
    let larger = count - size * parts;
    (0..parts).map(move |k| (k * size + k.min(larger), size + usize::from(k < larger)))
}

/// Whether a layer of `inputs` inputs and one row of biases has `height` rows from `first`.
#[inline(always)]
pub(crate) fn has_rows(inputs: usize, first: usize, height: usize) -> bool {
    first.checked_add(height).is_some_and(|end| end.saturating_sub(1) <= inputs)
}

/// Some columns that lie side by side.
#[derive(Clone, Copy)]
pub(crate) struct ColumnPanel {
    /// The first column.
    pub start: usize,
    pub vectors: usize,
    /// Lanes in use of the last vector.
    pub lanes: usize,
}

/// Columns in panels of at most `most` vectors of `n`.
#[inline(always)]
pub(crate) fn panels(cols: usize, n: usize, most: usize) -> impl Iterator<Item = ColumnPanel> {
    split(cols.div_ceil(n), most).map(move |(first, vectors)| {
        let used = (cols - first * n).min(vectors * n);
        ColumnPanel { start: first * n, vectors, lanes: used - (vectors - 1) * n }
    })
}

/// Runs the body with the constant for a tile's height, which is 1 to `$most`.
macro_rules! with_height {
    ($height:expr, $most:expr, $R:ident => $body:block) => {
        $crate::tiles::with_constant!($height, $most, $R => $body, 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)
    };
}

/// Runs the body with the constant for a panel's width in vectors, which is 1 to `$most`, at most 8.
macro_rules! with_width {
    ($width:expr, $most:expr, $C:ident => $body:block) => {
        $crate::tiles::with_constant!($width, $most, $C => $body, 1 2 3 4 5 6 7 8)
    };
}

macro_rules! with_constant {
    ($value:expr, $most:expr, $N:ident => $body:block, $($n:literal)*) => {
        match $value {
            $($n if const { $n <= $most } => {
                const $N: usize = $n;
                $body
            })*
            _ => debug_assert!(false, "no tile has this size"),
        }
    };
}

pub(crate) use {with_constant, with_height, with_width};
