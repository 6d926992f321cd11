//! What a dense layer computes.

#[cfg(integer_loops)]
use super::assembly;
#[cfg(not(integer_loops))]
use super::{TILE, row};
use super::{headroom, narrow, shift_round};
use crate::Layout;

/// How a sum becomes 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Bits behind the point of a sum, of which there are 20, beyond those of the result; more than 8.
    pub down: u32,
    /// Slope below zero, with 15 bits behind the point.
    pub slope: i32,
}

impl Finish {
    /// Writes results, and says whether one left the range; the sums have been shifted down by `shift` already.
    #[inline(always)]
    pub(super) fn write(self, shift: u32, sums: &[i32], y: &mut [i16]) -> bool {
        let mut beyond = false;
        for (y, sum) in y.iter_mut().zip(sums) {
            let (v, out) = narrow(*sum, self.down, shift);
            beyond |= out;
            *y = if v > 0 { v } else { shift_round(i32::from(v) * self.slope, 15) as i16 };
        }
        beyond
    }
}

/// sums += c w, of as many columns as there are.
#[cfg(not(integer_loops))]
#[inline(always)]
fn add(c: i32, w: &[i16], sums: &mut [i32; TILE]) {
    let add = |s: i32, w: i16| s.wrapping_add(c.wrapping_mul(i32::from(w)));
    if let Some(&[w0, w1, w2, w3, w4, w5, w6, w7]) = w.first_chunk::<TILE>() {
        // Written out: where code is optimised for size it stays in registers only so.
        let [s0, s1, s2, s3, s4, s5, s6, s7] = *sums;
        *sums = [
            add(s0, w0),
            add(s1, w1),
            add(s2, w2),
            add(s3, w3),
            add(s4, w4),
            add(s5, w5),
            add(s6, w6),
            add(s7, w7),
        ];
    } else {
        sums.iter_mut().zip(w).for_each(|(s, w)| *s = add(*s, *w));
    }
}

/// Row `i` from column `first` on, to the end of its columns.
#[cfg(not(integer_loops))]
#[inline(always)]
fn part(w: &[i16], layout: Layout, i: usize, first: usize) -> &[i16] {
    row(w, layout, i).get(first..).unwrap_or_default()
}

/// y = act(bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on); the bias is the row behind those, and x has 8 bits behind the point.
/// Returns whether a result left the range.
#[cfg_attr(integer_loops = "thumb2", inline(always))]
#[cfg_attr(not(integer_loops = "thumb2"), inline(never))]
pub fn add_scaled(x: &[i16], w: &[i16], layout: Layout, finish: Finish, y: &mut [i16]) -> bool {
    let y = first(y, layout.cols);
    #[cfg(integer_loops)]
    let (done, beyond) = assembly::of_numbers(x, w, layout, finish, y);
    #[cfg(not(integer_loops))]
    let (done, beyond) = (0, false);
    if done > 0 && done == y.len() {
        return beyond;
    }
    let (w, y) = (w.get(done..).unwrap_or_default(), y.get_mut(done..).unwrap_or_default());
    rest_of_numbers(x, w, layout.stride, finish, y) | beyond
}

/// y = act(bias + the rows of w whose bit is set, of the first `units`); the bias is the row behind these. Returns whether a
/// result left the range.
#[cfg_attr(integer_loops = "thumb2", inline(always))]
#[cfg_attr(not(integer_loops = "thumb2"), inline(never))]
pub fn add_rows(
    bits: &[u32],
    units: usize,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
) -> bool {
    let finish = Finish { down: finish.down.saturating_sub(8), ..finish };
    let y = first(y, layout.cols);
    #[cfg(integer_loops)]
    let (done, beyond) = assembly::of_bits(bits, units, w, layout, finish, y);
    #[cfg(not(integer_loops))]
    let (done, beyond) = (0, false);
    if done > 0 && done == y.len() {
        return beyond;
    }
    let (w, y) = (w.get(done..).unwrap_or_default(), y.get_mut(done..).unwrap_or_default());
    rest_of_bits(bits, units, w, layout.stride, finish, y) | beyond
}

/// The first `n` of y, or all.
#[inline(always)]
fn first(y: &mut [i16], n: usize) -> &mut [i16] {
    let n = y.len().min(n);
    y.get_mut(..n).unwrap_or_default()
}

/// Columns one by one, which loops in assembly leave over. It is small.
#[cfg(integer_loops)]
#[inline(never)]
fn rest_of_numbers(x: &[i16], w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let shift = headroom(x);
    let mut beyond = false;
    for (column, y) in y.iter_mut().enumerate() {
        let (mut sum, mut at) = (0i32, column);
        for x in x {
            sum = sum.wrapping_add(shift_round((*x).into(), shift).wrapping_mul(number(w, at)));
            at = at.wrapping_add(stride);
        }
        sum = sum.wrapping_add((number(w, at) << 8) >> shift);
        beyond |= finish.write(shift, &[sum], core::slice::from_mut(y));
    }
    beyond
}

/// [`rest_of_numbers`] of the rows whose bit is set.
#[cfg(integer_loops)]
#[inline(never)]
fn rest_of_bits(bits: &[u32], units: usize, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let mut beyond = false;
    for (column, y) in y.iter_mut().enumerate() {
        let (mut sum, mut at) = (0i32, column);
        for i in 0..units {
            if bits.get(i / 32).is_some_and(|word| word >> (i % 32) & 1 != 0) {
                sum = sum.wrapping_add(number(w, at));
            }
            at = at.wrapping_add(stride);
        }
        sum = sum.wrapping_add(number(w, at));
        beyond |= finish.write(0, &[sum], core::slice::from_mut(y));
    }
    beyond
}

#[cfg(integer_loops)]
#[inline(always)]
fn number(w: &[i16], at: usize) -> i32 {
    w.get(at).copied().unwrap_or(0).into()
}

/// Columns, eight at a time.
#[cfg(not(integer_loops))]
#[inline(always)]
fn rest_of_numbers(x: &[i16], w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let (shift, layout) = (headroom(x), Layout { cols: y.len(), stride });
    let (mut beyond, mut first) = (false, 0);
    for y in y.chunks_mut(TILE) {
        let mut sums = [0; TILE];
        for (i, x) in x.iter().enumerate() {
            add(shift_round((*x).into(), shift), part(w, layout, i, first), &mut sums);
        }
        for (s, b) in sums.iter_mut().zip(part(w, layout, x.len(), first)) {
            *s = s.wrapping_add((i32::from(*b) << 8) >> shift);
        }
        beyond |= finish.write(shift, &sums, y);
        first += TILE;
    }
    beyond
}

/// [`rest_of_numbers`] of the rows whose bit is set: at most 2^14 + 1 terms of at most 2^15.
#[cfg(not(integer_loops))]
#[inline(always)]
fn rest_of_bits(bits: &[u32], units: usize, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let layout = Layout { cols: y.len(), stride };
    let (mut beyond, mut first) = (false, 0);
    for y in y.chunks_mut(TILE) {
        let mut sums = [0; TILE];
        for (k, word) in bits.iter().enumerate() {
            let (mut word, mut i) = (*word, 32 * k);
            while word != 0 && i < units {
                if word & 1 != 0 {
                    add(1, part(w, layout, i, first), &mut sums);
                }
                word >>= 1;
                i += 1;
            }
        }
        add(1, part(w, layout, units, first), &mut sums);
        beyond |= finish.write(0, &sums, y);
        first += TILE;
    }
    beyond
}
