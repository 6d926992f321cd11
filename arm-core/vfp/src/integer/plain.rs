//! Dense layers in plain Rust.

use super::{Finish, Inputs, TILE, headroom, narrow, row, shift_round};
use crate::Layout;

/// See [`dense`](super::dense): eight columns at a time. Of bits there are at most 2^14 + 1 terms of at most 2^15.
#[inline(never)]
pub(super) fn of_inputs(inputs: Inputs<'_>, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let layout = Layout { cols: y.len(), stride };
    let shift = match inputs {
        Inputs::Numbers(x) => headroom(x),
        Inputs::Bits(..) => 0,
    };
    let (mut beyond, mut first) = (false, 0);
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

/// sums += c w, of as many columns as there are.
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
#[inline(always)]
fn part(w: &[i16], layout: Layout, i: usize, first: usize) -> &[i16] {
    row(w, layout, i).get(first..).unwrap_or_default()
}

/// See [`dots`](super::dots): four rows at a time.
#[inline(never)]
pub(super) fn of_rows(d: &[i16], w: &[i16], stride: usize, down: u32, x: &mut [i16]) -> bool {
    let (shift, layout) = (headroom(d), Layout { cols: d.len(), stride });
    let mut beyond = false;
    let mut write = |x: &mut i16, sum: i32| {
        let (v, out) = narrow(sum, down, shift);
        beyond |= out;
        *x = v;
    };
    let (fours, rest) = x.as_chunks_mut::<4>();
    let done = 4 * fours.len();
    for (k, x) in fours.iter_mut().enumerate() {
        let rows = core::array::from_fn(|i| row(w, layout, 4 * k + i));
        x.iter_mut().zip(four(d, shift, rows)).for_each(|(x, sum)| write(x, sum));
    }
    for (i, x) in rest.iter_mut().enumerate() {
        let sums = row(w, layout, done + i).iter().zip(d).fold(0i32, |sum, (w, d)| {
            sum.wrapping_add(i32::from(*w).wrapping_mul(shift_round((*d).into(), shift)))
        });
        write(x, sums);
    }
    beyond
}

/// The inner products with four rows.
#[inline(always)]
fn four(d: &[i16], shift: u32, [w0, w1, w2, w3]: [&[i16]; 4]) -> [i32; 4] {
    let (mut s0, mut s1, mut s2, mut s3) = (0i32, 0i32, 0i32, 0i32);
    for ((((d, w0), w1), w2), w3) in d.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        let d = shift_round((*d).into(), shift);
        s0 = s0.wrapping_add(d.wrapping_mul((*w0).into()));
        s1 = s1.wrapping_add(d.wrapping_mul((*w1).into()));
        s2 = s2.wrapping_add(d.wrapping_mul((*w2).into()));
        s3 = s3.wrapping_add(d.wrapping_mul((*w3).into()));
    }
    [s0, s1, s2, s3]
}
