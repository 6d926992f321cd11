//! What a dense layer computes.

#[cfg(thumb2)]
use super::thumb;
use super::{TILE, headroom, narrow, row, shift_round};
use crate::Layout;

/// How a sum becomes 16 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Bits behind the point of a sum, of which there are 20, beyond those of the result; at least 8.
    pub down: u32,
    /// Slope below zero, with 15 bits behind the point.
    pub slope: i32,
}

impl Finish {
    /// Writes results, and counts those that leave the range.
    #[inline(always)]
    fn write(self, down: u32, shift: u32, sums: &[i32], y: &mut [i16]) -> u32 {
        let mut beyond = 0;
        for (y, sum) in y.iter_mut().zip(sums) {
            let (v, out) = narrow(*sum, down, shift);
            beyond += u32::from(out);
            *y = if v > 0 { v } else { shift_round(i32::from(v) * self.slope, 15) as i16 };
        }
        beyond
    }
}

/// Where the rows of a tile of columns begin.
#[inline(always)]
fn tile(w: &[i16], at: usize) -> Option<&[i16; TILE]> {
    w.get(at..)?.first_chunk()
}

/// y = act(bias + x\[0\] w\[0\] + x\[1\] w\[1\] and so on); the bias is the row behind those, and x has 8 bits behind the point.
#[inline(never)]
pub fn add_scaled(x: &[i16], w: &[i16], layout: Layout, finish: Finish, y: &mut [i16]) -> u32 {
    let shift = headroom(x);
    let (stride, mut beyond) = (layout.stride, 0);
    let n = y.len().min(layout.cols);
    let mut first = 0;
    for y in y.get_mut(..n).unwrap_or_default().chunks_mut(TILE) {
        let mut sums = [0i32; TILE];
        if y.len() == TILE {
            scaled(x, shift, w.get(first..).unwrap_or_default(), stride, &mut sums);
        } else {
            for (i, x) in x.iter().enumerate() {
                let w = row(w, layout, i).get(first..).unwrap_or_default();
                let x = shift_round((*x).into(), shift);
                sums.iter_mut().zip(w).for_each(|(s, w)| *s = s.wrapping_add(x.wrapping_mul(i32::from(*w))));
            }
        }
        let bias = row(w, layout, x.len()).get(first..).unwrap_or_default();
        sums.iter_mut().zip(bias).for_each(|(s, b)| *s = s.wrapping_add((i32::from(*b) << 8) >> shift));
        beyond += finish.write(finish.down, shift, &sums, y);
        first += TILE;
    }
    beyond
}

/// sums += x\[0\] w\[0\] + x\[1\] w\[1\] and so on, of the first eight columns; x is shifted down.
#[inline(always)]
fn scaled(x: &[i16], shift: u32, w: &[i16], stride: usize, sums: &mut [i32; TILE]) {
    #[cfg(thumb2)]
    if shift == 0 && !x.is_empty() && w.len() >= (x.len() - 1).saturating_mul(stride).saturating_add(TILE) {
        // SAFETY: w has all of these rows, and there is a unit.
        unsafe { thumb::add_scaled(w.as_ptr(), x.as_ptr(), x.len(), 2 * stride, sums) };
        return;
    }
    let mut at = 0;
    for x in x {
        let x = shift_round((*x).into(), shift);
        if let Some(w) = tile(w, at) {
            sums.iter_mut().zip(w).for_each(|(s, w)| *s = s.wrapping_add(x.wrapping_mul(i32::from(*w))));
        }
        at += stride;
    }
}

/// y = act(bias + the rows of w whose bit is set, of the first `units`); the bias is the row behind these.
#[inline(never)]
pub fn add_rows(bits: &[u32], units: usize, w: &[i16], layout: Layout, finish: Finish, y: &mut [i16]) -> u32 {
    let down = finish.down.saturating_sub(8);
    let mut beyond = 0;
    let n = y.len().min(layout.cols);
    let mut first = 0;
    for y in y.get_mut(..n).unwrap_or_default().chunks_mut(TILE) {
        // At most 2^14 + 1 terms of at most 2^15.
        let mut sums = [0i32; TILE];
        #[cfg(thumb2)]
        let bits = if y.len() == TILE
            && selected(bits, units, w.get(first..).unwrap_or_default(), layout, &mut sums)
        {
            &[]
        } else {
            bits
        };
        let mut add = |i: usize| {
            let from = i * layout.stride + first;
            match tile(w, from) {
                Some(w) => sums.iter_mut().zip(w).for_each(|(s, w)| *s += i32::from(*w)),
                None => {
                    let w = w.get(from..).unwrap_or_default();
                    sums.iter_mut().zip(w).for_each(|(s, w)| *s += i32::from(*w));
                }
            }
        };
        for (k, word) in bits.iter().enumerate() {
            let mut word = *word;
            let mut i = 32 * k;
            while word != 0 && i < units {
                if word & 1 != 0 {
                    add(i);
                }
                word >>= 1;
                i += 1;
            }
        }
        add(units);
        beyond += finish.write(down, 0, &sums, y);
        first += TILE;
    }
    beyond
}

/// sums += the first eight columns of the selected rows, where all of these are there: false, and nothing done, otherwise.
#[cfg(thumb2)]
#[inline(always)]
fn selected(bits: &[u32], units: usize, w: &[i16], layout: Layout, sums: &mut [i32; TILE]) -> bool {
    let tail = units % 32;
    let clean = tail == 0 || bits.last().is_some_and(|word| word >> tail == 0);
    let there = w.len() >= units.saturating_mul(layout.stride);
    if !there || !clean || bits.is_empty() || bits.len() != units.div_ceil(32) || layout.stride < TILE {
        return false;
    }
    // SAFETY: no bit is set behind the units, of which w has all rows, and there is a word.
    unsafe { thumb::add_rows(w.as_ptr(), bits.as_ptr(), bits.len(), 2 * layout.stride, sums) };
    true
}
