//! Four rows times a gradient, and rows that grow.

use super::{LANES, has, load};
use crate::Layout;
use crate::integer::{Factor, Inputs, WEYL, factor, headroom, plain, shift_round};
use crate::{window, window_mut};
use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8};

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
            // SAFETY: these rows are there, as long as d.
            let sums = unsafe { products(d, shift, w.as_ptr().add(done * stride), stride) };
            let v = (sums + half) >> down as i32;
            // Within the range of 16 bits all upper bits are the sign.
            beyond |= v ^ (v << 1);
            let [low, _]: [[i16; 4]; 2] = cast(i16x8::from_i32x8_saturate(cast::<_, i32x8>([v, v])));
            *x = low;
            done += 4;
        }
    }
    let beyond = beyond & i32x4::splat(!0xffff) != i32x4::ZERO;
    // The last row has no padding behind it, where nothing is left.
    let (w, x) = (w.get(done * stride..).unwrap_or_default(), window_mut(x, done..));
    (!x.is_empty() && plain::of_rows(d, w, stride, down, x)) | beyond
}

/// The inner products of d over 2^`shift` with four rows.
///
/// # Safety
/// They are there, as long as d.
#[inline(always)]
unsafe fn products(d: &[i16], shift: u32, w: *const i16, stride: usize) -> i32x4 {
    let rows: [*const i16; 4] = core::array::from_fn(|i| w.wrapping_add(i * stride));
    let (whole, rest) = d.as_chunks::<LANES>();
    let mut sums = [i32x4::ZERO; 4];
    let mut add = |at: usize, d: i16x8| {
        for (sum, row) in sums.iter_mut().zip(rows) {
            // SAFETY: the caller's.
            *sum += d.dot(unsafe { load(row.add(at)) });
        }
    };
    if shift == 0 {
        whole.iter().enumerate().for_each(|(i, d)| add(LANES * i, i16x8::new(*d)));
    } else {
        for (i, d) in whole.iter().enumerate() {
            let d = i16x8::new(*d);
            // What is shifted out last rounds.
            add(LANES * i, (d >> shift as i32) + (d >> (shift - 1) as i32 & i16x8::ONE));
        }
    }
    let [s0, s1, s2, s3] = i32x4::transpose(sums);
    let mut sums = (s0 + s1) + (s2 + s3);
    for (d, at) in rest.iter().zip(LANES * whole.len()..) {
        // SAFETY: the caller's.
        let w = rows.map(|row| unsafe { i32::from(*row.add(at)) });
        sums += i32x4::new(w.map(|w| w.wrapping_mul(shift_round((*d).into(), shift))));
    }
    sums
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
    let Layout { cols, stride } = layout;
    let (factor, d) = (*factor, d.get(..cols).unwrap_or(d));
    // Rows that are whole.
    let rows = match w.len().checked_sub(cols) {
        Some(last) if (1..=stride).contains(&cols) => last / stride + 1,
        _ => 0,
    };
    let (w, end) = (w.as_mut_ptr(), first.saturating_add(rows));
    let mut beyond = 0;
    // The row is behind the first.
    let mut grow = |row: usize, x: i16| {
        let noise = noise.wrapping_add((row as u32).wrapping_mul(WEYL));
        // SAFETY: the row is there, with as many columns as d at least.
        beyond += u32::from(unsafe { add_row(factor, noise, x, d, w.add(row * stride)) });
    };
    let units = match inputs {
        Inputs::Numbers(x) => {
            let own = window(x, first..x.len().min(end));
            own.iter().enumerate().filter(|(_, x)| **x != 0).for_each(|(row, x)| grow(row, *x));
            x.len()
        }
        Inputs::Bits(bits, units) => {
            for (k, word) in bits.iter().enumerate().take(end.div_ceil(32)).skip(first / 32) {
                let mut word = if k == first / 32 { word >> (first % 32) << (first % 32) } else { *word };
                while word != 0 {
                    let row = 32 * k + word.trailing_zeros() as usize;
                    if row >= units.min(end) {
                        break;
                    }
                    grow(row - first, factor::ONE);
                    word &= word - 1;
                }
            }
            units
        }
    };
    if (first..end).contains(&units) {
        grow(units - first, factor::ONE);
    }
    beyond
}

/// A row of [`add_outer`]. Returns whether its factor was cut or a result left the range.
///
/// # Safety
/// The row behind w is there, as long as d.
#[inline(always)]
unsafe fn add_row(factor: Factor, noise: u32, x: i16, d: &[i16], w: *mut i16) -> bool {
    let (a, cut) = factor.within(x, noise);
    let noise = noise >> 16;
    let (mut beyond, mut done) = (i16x8::ZERO, 0);
    if let Ok(a) = i16::try_from(a) {
        let a = i16x8::splat(a);
        // What the lower half of a product must be above, as unsigned numbers, for a carry.
        let above = i16x8::splat((noise as u16 ^ 0x8000) as i16);
        let (pairs, last) = d.as_chunks::<LANES>().0.as_chunks::<2>();
        for [low, high] in pairs {
            // SAFETY: the caller's.
            beyond |= unsafe { add_vector(a, above, low, w.add(done)) };
            // SAFETY: as above.
            beyond |= unsafe { add_vector(a, above, high, w.add(done + LANES)) };
            done += 2 * LANES;
        }
        if let [d] = last {
            // SAFETY: as above.
            beyond |= unsafe { add_vector(a, above, d, w.add(done)) };
            done += LANES;
        }
    }
    let mut left = cut | (beyond != i16x8::ZERO);
    if done < d.len() {
        // SAFETY: as above.
        let w = unsafe { core::slice::from_raw_parts_mut(w.add(done), d.len() - done) };
        left |= factor::add_numbers(a, noise, window(d, done..), w);
    }
    left
}

/// w += (a d + noise) over 2^16. What it returns is zero unless a result left the range.
///
/// # Safety
/// Eight numbers are behind w.
#[inline(always)]
unsafe fn add_vector(a: i16x8, above: i16x8, d: &[i16; LANES], w: *mut i16) -> i16x8 {
    let d = i16x8::new(*d);
    let carry = above.simd_gt((a * d) ^ i16x8::splat(0x7fff));
    let by = a.mul_keep_high(d) - carry;
    // SAFETY: the caller's.
    let from = unsafe { load(w) };
    let to = from.saturating_add(by);
    // SAFETY: as above.
    unsafe { w.cast::<[i16; LANES]>().write_unaligned(to.to_array()) };
    to ^ (from + by)
}
