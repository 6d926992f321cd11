//! Loops over 16-bit numbers, whose sums have 32 bits and never overflow.
//!
//! Parameters have 12 bits behind the point. What a sum is made of is shifted down until the largest it can be, the sum of
//! all magnitudes times 8, is in range: see [`headroom`]. A result that leaves the range of 16 bits becomes the end of it,
//! which functions tell.

mod affine;
#[cfg(integer_loops)]
mod assembly;
mod back;
mod factor;
#[cfg(not(integer_loops))]
mod plain;
mod table;
mod units;
mod update;
#[cfg(integer_vectors)]
mod vectors;

pub use affine::{Finish, dense};
pub use back::{activate_back, dots};
pub use factor::{Factor, Inputs, WEYL};
pub use table::falling;
pub use units::{log_prob, log_prob_delta};
pub use update::add_outer;

#[cfg(not(integer_loops = "thumb2"))]
use crate::Layout;

/// Columns whose sums are in registers at a time.
#[cfg(not(integer_loops = "thumb2"))]
pub(crate) const TILE: usize = 8;

/// `x` over 2^`s`, rounded to nearest; `s` may be zero.
#[inline(always)]
pub const fn shift_round(x: i32, s: u32) -> i32 {
    x.wrapping_add((1 << s) >> 1) >> s
}

/// `x` as 16 bits, and whether it left their range.
#[inline(always)]
pub const fn saturate(x: i32) -> (i16, bool) {
    if x > 32767 {
        (32767, true)
    } else if x < -32768 {
        (-32768, true)
    } else {
        (x as i16, false)
    }
}

/// A sum over 2^`down` as 16 bits, where the sum has been divided by 2^`shift` already, and whether it left their range.
#[cfg_attr(integer_loops, inline(never))]
#[cfg_attr(not(integer_loops), inline(always))]
fn narrow(sum: i32, down: u32, shift: u32) -> (i16, bool) {
    if shift > down {
        return saturate(sum.saturating_mul(1 << (shift - down)));
    }
    saturate(shift_round(sum, down - shift))
}

/// Most that magnitudes of inputs add up to where they need no shift.
const MOST: u32 = 65_534 - 256;

/// By how many bits `x` must be shifted down so that its inner product with any parameters, and a bias times 2^8, fits
/// 32 bits with room for rounding.
///
/// A term is at most |x| 2^15, so a sum is below 2^31 - 2^16 where the magnitudes add up to less than 2^16 - 1, the bias's
/// factor 2^8 among them. Rounding adds less than one to each.
/// With at most 2^14 units of at most 2^15 a shift by 14 is always enough.
#[cfg_attr(integer_loops, inline(never))]
#[cfg_attr(not(integer_loops), inline)]
pub fn headroom(x: &[i16]) -> u32 {
    let sum = magnitudes(x);
    if sum <= MOST {
        return 0;
    }
    let mut shift = 1;
    while (sum >> shift) + x.len() as u32 > MOST && shift < 14 {
        shift += 1;
    }
    shift
}

/// The sum of the magnitudes of `x`; of at most 2^14 numbers nothing is lost.
#[inline(always)]
fn magnitudes(x: &[i16]) -> u32 {
    #[cfg(integer_loops = "riscv")]
    // SAFETY: there are so many.
    return unsafe { assembly::magnitudes(x.as_ptr(), x.len()) as u32 };
    #[cfg(not(integer_loops = "riscv"))]
    x.iter().fold(0, |sum, x| sum.wrapping_add(u32::from(x.unsigned_abs())))
}

/// All the bits of the magnitudes of `x`.
#[inline(always)]
pub fn bits(x: &[i16]) -> u32 {
    #[cfg(integer_loops = "riscv")]
    // SAFETY: there are so many.
    return unsafe { (assembly::magnitudes(x.as_ptr(), x.len()) >> 32) as u32 };
    #[cfg(integer_loops = "thumb2")]
    // SAFETY: there are so many.
    return unsafe { assembly::bits(x.as_ptr(), x.len()) };
    #[cfg(not(any(integer_loops = "riscv", integer_loops = "thumb2")))]
    x.iter().fold(0, |bits, x| bits | u32::from(x.unsigned_abs()))
}

/// Row `i` of `w`; empty for that of a bit beyond the inputs.
#[cfg(not(integer_loops = "thumb2"))]
#[inline(always)]
fn row(w: &[i16], layout: Layout, i: usize) -> &[i16] {
    let start = i.wrapping_mul(layout.stride);
    w.get(start..start.wrapping_add(layout.cols)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn rounding_is_to_nearest() {
        assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|x| shift_round(x, 1)), [-1, -1, 0, 0, 1, 1, 2]);
        assert_eq!((shift_round(-7, 0), shift_round(24, 4), shift_round(-24, 4)), (-7, 2, -1));
        assert_eq!(
            [-40_000, -32_768, 5, 32_767, 32_768].map(saturate),
            [(-32_768, true), (-32_768, false), (5, false), (32_767, false), (32_767, true)]
        );
    }

    #[test]
    fn there_is_headroom_for_the_worst_parameters() {
        for (value, n) in
            [(32_767i16, 1), (32_767, 2), (-32_768, 4), (-32_768, 1 << 14), (3, 1 << 14), (5, 1 << 14)]
        {
            let x = std::vec![value; n];
            let shift = headroom(&x);
            let sum: i64 = x.iter().map(|&x| i64::from(shift_round(x.into(), shift)).abs() * 32_768).sum();
            assert!(sum + (32_768 << 8) <= (1 << 31) - (1 << 16), "{value} {n} {shift}");
            assert!(shift == 0 || shift <= 14, "{value} {n} {shift}");
        }
        assert_eq!((headroom(&[100; 64]), headroom(&[])), (0, 0));
    }
}
