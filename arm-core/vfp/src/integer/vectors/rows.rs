//! Four rows times a gradient, and rows that grow.

use super::{LANES, has};
use crate::Layout;
use crate::integer::{Factor, Inputs, WEYL, headroom, plain, shift_round, update};
use wide::{i16x8, i32x4};

/// See [`dots`](crate::integer::dots).
#[inline(never)]
pub(crate) fn of_rows(d: &[i16], w: &[i16], stride: usize, down: u32, x: &mut [i16]) -> bool {
    let shift = headroom(d);
    let (mut done, mut beyond) = (0, i32x4::ZERO);
    if let Some(down) = down.checked_sub(shift).filter(|down| *down < 32)
        && has(w, x.len(), stride, d.len())
    {
        let half = i32x4::splat((1 << down) >> 1);
        for x in x.as_chunks_mut::<4>().0 {
            let rows = w.get(done * stride..).unwrap_or_default();
            let sums = if shift == 0 {
                products(d, |d| d, |d| d, rows, stride)
            } else {
                let (shift, last) = (shift as i32, shift as i32 - 1);
                // What is shifted out last rounds.
                let vector = |d: i16x8| (d >> shift) + (d >> last & i16x8::ONE);
                products(d, vector, |d| shift_round(d, shift as u32), rows, stride)
            };
            let v = (sums + half) >> down as i32;
            beyond |= v ^ (v << 1);
            *x = v.to_array().map(|v| v.clamp(-32_768, 32_767) as i16);
            done += 4;
        }
    }
    let beyond = beyond & i32x4::splat(!0xffff) != i32x4::ZERO;
    let (w, x) = (w.get(done * stride..).unwrap_or_default(), x.get_mut(done..).unwrap_or_default());
    (!x.is_empty() && plain::of_rows(d, w, stride, down, x)) | beyond
}

/// The inner products of d, shifted, with four rows, which are there.
#[inline(always)]
fn products(
    d: &[i16],
    vector: impl Fn(i16x8) -> i16x8,
    number: impl Fn(i32) -> i32,
    w: &[i16],
    stride: usize,
) -> i32x4 {
    let row = |i: usize| w.get(i * stride..).and_then(|w| w.get(..d.len())).unwrap_or_default();
    let rows = [row(0), row(1), row(2), row(3)].map(|row| row.as_chunks::<LANES>());
    let [(w0, _), (w1, _), (w2, _), (w3, _)] = rows;
    let (whole, rest) = d.as_chunks::<LANES>();
    let mut sums = [i32x4::ZERO; 4];
    for ((((d, w0), w1), w2), w3) in whole.iter().zip(w0).zip(w1).zip(w2).zip(w3) {
        let d = vector(i16x8::new(*d));
        for (sum, w) in sums.iter_mut().zip([w0, w1, w2, w3]) {
            *sum += d.dot(i16x8::new(*w));
        }
    }
    let [s0, s1, s2, s3] = i32x4::transpose(sums);
    let sums = (s0 + s1) + (s2 + s3);
    if rest.is_empty() {
        return sums;
    }
    let rests = rows.map(|(_, w)| {
        let product = |(d, w): (&i16, &i16)| number((*d).into()).wrapping_mul(i32::from(*w));
        rest.iter().zip(w).map(product).fold(0, i32::wrapping_add)
    });
    sums + i32x4::new(rests)
}

/// See [`activate_back`](crate::integer::activate_back), with a slope from 0 to below 1. Returns how many it has done.
#[inline(always)]
pub(crate) fn activate_back(slope: i16, a: &[i16], dx: &mut [i16]) -> usize {
    let ((a, _), (dx, _)) = (a.as_chunks::<LANES>(), dx.as_chunks_mut::<LANES>());
    for (a, dx) in a.iter().zip(&mut *dx) {
        let (a, own) = (i16x8::new(*a), i16x8::new(*dx));
        *dx = a.simd_gt(i16x8::ZERO).bitselect(own, own.mul_scale_round_n(slope)).to_array();
    }
    LANES * a.len().min(dx.len())
}

/// See [`add_outer`](crate::integer::add_outer).
#[inline(always)]
pub(crate) fn add_outer(
    factor: &Factor,
    noise: u32,
    inputs: Inputs<'_>,
    first: usize,
    d: &[i16],
    w: &mut [i16],
    layout: Layout,
) -> u32 {
    let height = w.len().div_ceil(layout.stride.max(1));
    let end = first.saturating_add(height);
    let mut beyond = 0;
    let mut grow = |row: usize, x: i16| {
        let start = (row - first) * layout.stride;
        if let Some(w) = w.get_mut(start..).and_then(|w| w.get_mut(..layout.cols)) {
            let noise = noise.wrapping_add(((row - first) as u32).wrapping_mul(WEYL));
            beyond += u32::from(add_row(factor, noise, x, d, w));
        }
    };
    let units = match inputs {
        Inputs::Numbers(x) => {
            let rows = x.iter().enumerate().take(end).skip(first).filter(|(_, x)| **x != 0);
            rows.for_each(|(row, x)| grow(row, *x));
            x.len()
        }
        Inputs::Bits(bits, units) => {
            for (k, word) in bits.iter().enumerate().take(end.div_ceil(32)).skip(first / 32) {
                let mut word = if k == first / 32 { word >> (first % 32) << (first % 32) } else { *word };
                while word != 0 {
                    let row = 32 * k + word.trailing_zeros() as usize;
                    word &= word - 1;
                    if row < units {
                        grow(row, update::ONE);
                    }
                }
            }
            units
        }
    };
    if first <= units && units < end {
        grow(units, update::ONE);
    }
    beyond
}

/// A row of [`add_outer`]. Returns whether its factor was cut or a result left the range.
#[inline(always)]
fn add_row(factor: &Factor, noise: u32, x: i16, d: &[i16], w: &mut [i16]) -> bool {
    let (a, cut) = factor.within(x, noise);
    let noise = noise >> 16;
    let ((wide, w_rest), (d_wide, d_rest)) = (w.as_chunks_mut(), d.as_chunks());
    match i16::try_from(a) {
        Ok(a) => {
            let beyond = add_vectors(a, noise as u16, d_wide, wide) | cut;
            if w_rest.is_empty() {
                beyond
            } else {
                update::add_numbers(a.into(), noise, d_rest, w_rest) | beyond
            }
        }
        Err(_) => update::add_numbers(a, noise, d, w) | cut,
    }
}

/// w += (a d + noise) over 2^16, of noise with 16 bits. Returns whether a result left the range.
#[inline(always)]
fn add_vectors(a: i16, noise: u16, d: &[[i16; LANES]], w: &mut [[i16; LANES]]) -> bool {
    let (a, mut beyond) = (i16x8::splat(a), i16x8::ZERO);
    // What the lower half of a product must be above, as unsigned numbers, for a carry.
    let above = i16x8::splat((noise ^ 0x8000) as i16);
    for (w, d) in w.iter_mut().zip(d) {
        let d = i16x8::new(*d);
        let carry = above.simd_gt(a * d ^ i16x8::splat(0x7fff));
        let by = a.mul_keep_high(d) - carry;
        let from = i16x8::new(*w);
        let to = from.saturating_add(by);
        beyond |= to ^ (from + by);
        *w = to.to_array();
    }
    beyond != i16x8::ZERO
}
