//! What is summed or multiplied over each row.

use super::super::{N, Word};
use super::layout::Rows;
use crate::lanes::{Lanes, Row, SIDE};
use arm_core::math::ln;

/// A vector of each of some rows, whose lanes are summed or multiplied.
pub(super) struct Group([Row<f32>; SIDE]);

impl Group {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Group([Row([1.0; SIDE]); SIDE])
    }

    /// What rows `row..` have in a word, the first for them or one more.
    #[inline(always)]
    pub(super) fn put<L: Lanes, const PRODUCT: bool>(
        &mut self,
        l: L,
        rows: Rows,
        row: usize,
        k: usize,
        word: &Word,
    ) {
        for i in (0..SIDE).step_by(L::N) {
            let (low, high) = (l.read(&word.0[i..]), l.read(&word.0[SIDE + i..]));
            if rows.in_word() == 2 {
                l.write(&mut self.0[row].0[i..], low);
                l.write(&mut self.0[row + 1].0[i..], high);
            } else {
                let (half, to) = (both::<L, PRODUCT>(l, low, high), &mut self.0[row].0[i..]);
                let all = if k == 0 { half } else { both::<L, PRODUCT>(l, l.read(to), half) };
                l.write(to, all);
            }
        }
    }

    /// The sum or product of each row.
    #[inline(always)]
    pub(super) fn end<L: Lanes, const PRODUCT: bool>(&mut self, l: L) -> Row<f32> {
        l.transpose(&mut self.0);
        let mut all = Row([0.0; SIDE]);
        for i in (0..SIDE).step_by(L::N) {
            let mut parts = [l.splat(0.0); SIDE];
            for (part, row) in parts.iter_mut().zip(&self.0) {
                *part = l.read(&row.0[i..]);
            }
            for half in [8, 4, 2, 1] {
                for k in 0..half {
                    parts[k] = both::<L, PRODUCT>(l, parts[k], parts[k + half]);
                }
            }
            l.write(&mut all.0[i..], parts[0]);
        }
        all
    }
}

#[inline(always)]
fn both<L: Lanes, const PRODUCT: bool>(l: L, a: L::V, b: L::V) -> L::V {
    if PRODUCT { l.mul(a, b) } else { l.add(a, b) }
}

/// The factors of normalisers.
#[inline(always)]
pub(super) fn factors(e: &Word) -> Word {
    let mut factors = Word([0.0; N]);
    for (factor, e) in factors.0.iter_mut().zip(&e.0) {
        *factor = 1.0 + e;
    }
    factors
}

/// The logarithm of each.
#[inline(always)]
pub(super) fn logs(of: &Row<f32>) -> Row<f32> {
    let mut logs = Row([0.0; SIDE]);
    for (log, x) in logs.0.iter_mut().zip(&of.0) {
        *log = ln(*x);
    }
    logs
}
