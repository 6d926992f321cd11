//! What a dense layer computes.

#[cfg(integer_loops)]
use super::assembly::{self, ALIGNED, Layer};
use super::{Inputs, TILE, headroom, narrow, row, shift_round};
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

/// The whole groups of columns for loops in assembly, if there are any, and the row of biases, behind `units` others, has them.
#[cfg(integer_loops)]
#[inline(always)]
fn groups<X>(
    x: &[X],
    units: usize,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
) -> Option<Layer<X>> {
    let bias = row(w, layout, units);
    let groups = y.len().min(bias.len()) / TILE;
    let stride = 2 * layout.stride;
    let aligned = ALIGNED == 2 || (w.as_ptr() as usize | x.as_ptr() as usize | stride) % ALIGNED == 0;
    let Finish { down, slope } = finish;
    let (w, x, n, bias) = (w.as_ptr(), x.as_ptr(), x.len(), bias.as_ptr());
    let half = 1i32.wrapping_shl(down.wrapping_sub(1));
    let layer = Layer { w, x, n, stride, bias, down, slope, y: y.as_mut_ptr(), groups, half };
    (aligned && groups > 0 && down > 0).then_some(layer)
}

/// y = act(bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on); the bias is the row behind those, and x has 8 bits behind the point.
/// Returns whether a result left the range.
#[inline(never)]
pub fn add_scaled(x: &[i16], w: &[i16], layout: Layout, finish: Finish, y: &mut [i16]) -> bool {
    let shift = headroom(x);
    let y = first(y, layout.cols);
    #[cfg(integer_loops)]
    if let (0, Some(mut layer)) = (shift, groups(x, x.len(), w, layout, finish, y))
        && (ALIGNED == 2 || x.len() % 2 == 0)
    {
        let done = TILE * layer.groups;
        // SAFETY: the row of biases has these columns, so those before it have them, and y has them.
        let beyond = unsafe { assembly::scaled(&mut layer) } != 0;
        if done == y.len() {
            return beyond;
        }
        return rest(Inputs::Numbers(x), shift, w, layout, finish, y, done) | beyond;
    }
    rest(Inputs::Numbers(x), shift, w, layout, finish, y, 0)
}

/// y = act(bias + the rows of w whose bit is set, of the first `units`); the bias is the row behind these. Returns whether a
/// result left the range.
#[inline(never)]
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
    if let Some(mut layer) = groups(bits, units, w, layout, finish, y)
        && clean(bits, units)
    {
        let done = TILE * layer.groups;
        // SAFETY: as above; no bit is set behind the units.
        let beyond = unsafe { assembly::selected(&mut layer) } != 0;
        if done == y.len() {
            return beyond;
        }
        return rest(Inputs::Bits(bits, units), 0, w, layout, finish, y, done) | beyond;
    }
    rest(Inputs::Bits(bits, units), 0, w, layout, finish, y, 0)
}

/// The first `n` of y, or all.
#[inline(always)]
fn first(y: &mut [i16], n: usize) -> &mut [i16] {
    let n = y.len().min(n);
    y.get_mut(..n).unwrap_or_default()
}

/// Whether there are as many words as units take, and no bit is set behind the last of them.
#[cfg(integer_loops)]
#[inline(always)]
fn clean(bits: &[u32], units: usize) -> bool {
    let tail = units % 32;
    bits.len() == units.div_ceil(32) && (tail == 0 || bits.last().is_some_and(|word| word >> tail == 0))
}

/// The columns from `done` on one by one, which loops in assembly leave over. It is small.
#[cfg(integer_loops)]
#[inline(never)]
fn rest(
    inputs: Inputs<'_>,
    shift: u32,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
    done: usize,
) -> bool {
    // Of bits, inputs are one and there is nothing behind the point.
    let (units, point) = match inputs {
        Inputs::Numbers(x) => (x.len(), 0),
        Inputs::Bits(_, units) => (units, 8),
    };
    let mut beyond = false;
    for (column, y) in y.iter_mut().enumerate().skip(done) {
        let mut sum = 0i32;
        for i in 0..=units {
            let at = i.wrapping_mul(layout.stride).wrapping_add(column);
            let w = i32::from(w.get(at).copied().unwrap_or(0));
            let x = i32::from(inputs.of(i)) >> point;
            let term = if i < units { shift_round(x, shift).wrapping_mul(w) } else { (x * w) >> shift };
            sum = sum.wrapping_add(term);
        }
        beyond |= finish.write(shift, &[sum], core::slice::from_mut(y));
    }
    beyond
}

/// The columns from `done` on, eight at a time.
#[cfg(not(integer_loops))]
#[inline(always)]
fn rest(
    inputs: Inputs<'_>,
    shift: u32,
    w: &[i16],
    layout: Layout,
    finish: Finish,
    y: &mut [i16],
    done: usize,
) -> bool {
    let (mut beyond, mut first) = (false, done);
    for y in y.chunks_mut(TILE) {
        let mut sums = [0; TILE];
        match inputs {
            Inputs::Numbers(x) => {
                for (i, x) in x.iter().enumerate() {
                    add(shift_round((*x).into(), shift), part(w, layout, i, first), &mut sums);
                }
                for (s, b) in sums.iter_mut().zip(part(w, layout, x.len(), first)) {
                    *s = s.wrapping_add((i32::from(*b) << 8) >> shift);
                }
            }
            // At most 2^14 + 1 terms of at most 2^15.
            Inputs::Bits(bits, units) => {
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
            }
        }
        beyond |= finish.write(shift, &sums, y);
        first += TILE;
    }
    beyond
}
