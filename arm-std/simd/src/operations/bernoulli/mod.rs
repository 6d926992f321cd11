//! Bernoulli units: sampling, log-probabilities and their gradient, 32 units (a word) at a time.
//!
//! Plain loops over arrays of 32, compiled once for each vector unit. Exponentials are those of [`arm_core::math`], and
//! so are their bits; sums run in 32 interleaved lanes.

pub(crate) mod draw;
pub(crate) mod log_prob;
pub(crate) mod rows;

use crate::lanes::{Lanes, WIDE};
use arm_core::math::ln;

/// Units of a word.
const N: usize = 32;

/// A number for each unit of a word. Where it stays in memory, vectors that lie across two cache lines would be slow.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Word<T = f32>([T; N]);

/// The bit of each unit.
static BIT: [u32; N] = {
    let mut bit = [0; N];
    let mut i = 0;
    while i < N {
        bit[i] = 1 << i;
        i += 1;
    }
    bit
};

/// The sum of each word.
#[inline(always)]
fn totals<L: Lanes>(l: L, words: [&Word; WIDE]) -> [f32; WIDE] {
    let mut sums = [l.splat(0.0); WIDE];
    for (sum, word) in sums.iter_mut().zip(words) {
        for part in word.0.chunks_exact(L::N) {
            *sum = l.add(*sum, l.read(part));
        }
    }
    l.sums(sums)
}

/// sum ln(1 + e) over e in [0, 1]: the logarithm of a product in each lane.
struct Normaliser {
    product: Word,
    left: u32,
    sum: Word,
}

impl Normaliser {
    const FLUSH: u32 = 64;

    #[inline(always)]
    fn new() -> Self {
        Normaliser { product: Word([1.0; N]), left: Self::FLUSH, sum: Word([0.0; N]) }
    }

    #[inline(always)]
    fn push(&mut self, e: &Word) {
        for (p, e) in self.product.0.iter_mut().zip(&e.0) {
            *p *= 1.0 + e;
        }
        self.left -= 1;
        if self.left == 0 {
            self.flush();
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for (s, p) in self.sum.0.iter_mut().zip(&mut self.product.0) {
            *s += ln(*p);
            *p = 1.0;
        }
        self.left = Self::FLUSH;
    }

    /// The sum of each lane.
    #[inline(always)]
    fn end(mut self) -> Word {
        self.flush();
        self.sum
    }
}

/// A logit of units that are not there: as long as they are on, they add nothing to any sum.
const ABSENT: f32 = 1e9;

/// The word of the units out of `len` that are not there.
#[inline(always)]
fn absent(len: usize) -> u32 {
    u32::MAX.checked_shl(len as u32).unwrap_or(0)
}

/// Fewer than 32 elements, and absent units.
#[inline(always)]
fn last(from: &[f32]) -> Word {
    let mut c = [ABSENT; N];
    c[..from.len()].copy_from_slice(from);
    Word(c)
}

#[inline(always)]
fn add(x: &Word, sum: &mut Word) {
    for (s, x) in sum.0.iter_mut().zip(&x.0) {
        *s += x;
    }
}

/// min(x, 0), but NaN stays NaN.
#[inline(always)]
fn below_zero(x: f32) -> f32 {
    if x > 0.0 { 0.0 } else { x }
}

/// log p or log q of a row.
struct LogP {
    first: Word,
    normaliser: Normaliser,
}

impl LogP {
    #[inline(always)]
    fn new() -> Self {
        LogP { first: Word([0.0; N]), normaliser: Normaliser::new() }
    }

    /// Adds 32 units: their first terms, and what their normalisers are made of.
    #[inline(always)]
    fn add(&mut self, first: &Word, e: &Word) {
        add(first, &mut self.first);
        self.normaliser.push(e);
    }

    #[inline(always)]
    fn total<L: Lanes>(self, l: L) -> f32 {
        let normaliser = self.normaliser.end();
        let [first, n, ..] = totals(l, [&self.first, &normaliser, &normaliser, &normaliser]);
        first - n
    }
}
