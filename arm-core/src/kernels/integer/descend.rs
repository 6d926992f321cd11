//! Plain gradient descent in integers.

use crate::numeric::matrix::{Input, MatrixMut};
use arm_vfp::integer::add_outer;

/// Steps of the words by which rows are rounded: 2^32 over the golden ratio.
const WEYL: u32 = 0x9e37_79b1;

/// A word a row: its upper half rounds parameters, its lower half what the row is multiplied with. Each half is uniform, and
/// they are independent, since the first word is a hash.
#[derive(Clone, Copy)]
pub(super) struct Noise(u32);

impl Noise {
    /// That of row `first` for sample `n` (there are at most 2^14 rows and one for the biases).
    pub(super) fn new(word: u32, n: usize, first: usize) -> Self {
        Noise(word.wrapping_add(((n << 15) as u32).wrapping_add(first as u32).wrapping_mul(WEYL)))
    }

    /// That of the row `i` rows behind.
    #[inline(always)]
    fn row(self, i: usize) -> u32 {
        self.0.wrapping_add((i as u32).wrapping_mul(WEYL))
    }
}

/// A learning rate: `mantissa` 2^-`shift` times an input is what gradients are multiplied with, which then has 28 bits
/// behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    mantissa: i32,
    shift: i32,
}

impl Rate {
    /// Of `a`, which is rounded to 15 bits, for inputs with 8 bits behind the point and gradients with `bits`.
    pub(super) fn new(a: f32, bits: u32) -> Self {
        let word = a.to_bits();
        let (exponent, mantissa) = ((word >> 23 & 255) as i32, (word & 0x007f_ffff | 0x0080_0000) as i32);
        // Rounded up to 2^15 it still is one of 16 bits.
        let size = if exponent == 0 { 0 } else { (mantissa + (1 << 8)) >> 9 };
        // a is mantissa 2^(exponent - 150), and size is that without nine bits.
        let shift = 141 - exponent + 8 + bits as i32 - 28;
        Rate { mantissa: if (word as i32) < 0 { -size } else { size }, shift }
    }

    /// What the gradients are multiplied with for input `x`, rounded by the lower half of `noise`, within +-`limit`; and whether
    /// that cut it.
    #[inline(always)]
    fn factor(self, x: i32, noise: u32, limit: i32) -> (i32, bool) {
        let product = self.mantissa * x;
        let factor = match self.shift {
            shift @ 0..=16 => (product + ((noise & 0xffff) >> (16 - shift)) as i32) >> shift,
            shift @ 17..=30 => (product + (((noise & 0xffff) as i32) << (shift - 16))) >> shift,
            ..0 => {
                product.saturating_mul(1i32.checked_shl(self.shift.unsigned_abs()).unwrap_or(i32::MAX).max(1))
            }
            // The mean is within 2^-16 of a unit.
            31..=46 => ((product >> (self.shift - 30)) + (((noise & 0xffff) as i32) << 14)) >> 30,
            47.. => 0,
        };
        // Not by `clamp`, which panics where the limits are not in order.
        let cut = factor.min(limit).max(-limit);
        (cut, cut != factor)
    }
}

/// Updates rows `first..` of a layer for sample `n`; counts rows with a result that left its range.
///
/// The products of a row are below 2^31 - 2^16, as [`add_outer`] asks, because its factor is cut to (2^31 - 2^16) / 2^b - 1 where
/// all gradients are below 2^b: what is cut would have moved a parameter by more than 4, half of its range.
#[inline(never)]
pub(super) fn rows(
    rate: &Rate,
    noise: Noise,
    x: Input<'_, i16>,
    n: usize,
    first: usize,
    d: &[i16],
    w: &mut MatrixMut<'_, i16>,
) -> u32 {
    let largest = d.iter().fold(0, |all, d| all | d.unsigned_abs());
    if largest == 0 {
        return 0;
    }
    let bits = 16 - largest.leading_zeros();
    let limit = ((0x7fff_0000u32 >> bits) - 1) as i32;
    let (height, mut beyond) = (w.height(), 0);
    let mut add = |i: usize, x: i32| {
        let noise = noise.row(i);
        let (factor, cut) = rate.factor(x, noise, limit);
        let out = factor != 0 && add_outer(factor, noise >> 16, d, w.row_mut(i));
        beyond += u32::from(cut | out);
    };
    let units = match x {
        Input::Real(x) => {
            let units = x.row(n);
            let rows = units.get(first..).unwrap_or_default();
            rows.iter().enumerate().take(height).for_each(|(i, x)| add(i, (*x).into()));
            units.len()
        }
        Input::Bits(x) => {
            for i in x.bits(n).ones().skip_while(|i| *i < first).take_while(|i| *i < first + height) {
                add(i - first, 1 << 8);
            }
            x.cols()
        }
    };
    if (first..first + height).contains(&units) {
        add(units - first, 1 << 8);
    }
    beyond
}
