//! What loops in assembly leave over, result by result. It is small.

use super::super::{Finish, Inputs, headroom, shift_round};

/// What inputs are multiplied with, and how many numbers there are from one row to the next.
#[derive(Clone, Copy)]
pub(super) enum Steps {
    /// With a column, behind whose last number is a bias.
    Columns(usize),
    /// With a row.
    Rows(usize),
}

/// As many results as there are in y. Returns whether one left the range.
#[cold]
#[cfg_attr(integer_loops = "thumb2", inline(always))]
#[cfg_attr(not(integer_loops = "thumb2"), inline(never))]
pub(super) fn rest(inputs: Inputs<'_>, w: &[i16], steps: Steps, finish: Finish, y: &mut [i16]) -> bool {
    let (step, next) = match steps {
        Steps::Columns(stride) => (stride, 1),
        Steps::Rows(stride) => (1, stride),
    };
    let (units, shift, point) = match inputs {
        Inputs::Numbers(x) => (x.len(), headroom(x), 8),
        Inputs::Bits(_, units) => (units, 0, 0),
    };
    let (mut beyond, mut first) = (false, 0usize);
    for y in y {
        let mut sum = match inputs {
            Inputs::Numbers(x) => product(x, shift, w, first, step),
            Inputs::Bits(bits, _) => chosen(bits, units, w, first, step),
        };
        if let Steps::Columns(_) = steps {
            let bias = number(w, first.wrapping_add(units.wrapping_mul(step)));
            sum = sum.wrapping_add((bias << point) >> shift);
        }
        beyond |= finish.write(shift, &[sum], core::slice::from_mut(y));
        first = first.wrapping_add(next);
    }
    beyond
}

/// The inner product of `x` over 2^`shift` with numbers of w, from one at `at` in steps.
#[inline(never)]
fn product(x: &[i16], shift: u32, w: &[i16], mut at: usize, step: usize) -> i32 {
    let mut sum = 0i32;
    for x in x {
        sum = sum.wrapping_add(shift_round((*x).into(), shift).wrapping_mul(number(w, at)));
        at = at.wrapping_add(step);
    }
    sum
}

/// The sum of the numbers of w whose bit is set, from one at `at` in steps.
#[inline(always)]
fn chosen(bits: &[u32], units: usize, w: &[i16], mut at: usize, step: usize) -> i32 {
    let mut sum = 0i32;
    for i in 0..units {
        if bits.get(i / 32).is_some_and(|word| word >> (i % 32) & 1 != 0) {
            sum = sum.wrapping_add(number(w, at));
        }
        at = at.wrapping_add(step);
    }
    sum
}

#[inline(always)]
fn number(w: &[i16], at: usize) -> i32 {
    w.get(at).copied().unwrap_or(0).into()
}
