//! Numbers without exponents: values of f with 16 bits behind the point, and to and from floats by their bits.

use crate::numeric::number::Nats;
use core::num::Saturating;

/// `x` 2^`bits`, rounded to nearest; the end of the range where it is beyond, and zero for NaN.
#[inline(never)]
pub(crate) fn from_float(x: f32, bits: u32) -> i32 {
    let word = x.to_bits();
    let exponent = (word >> 23 & 255) as i32 - 150 + bits as i32;
    let mantissa = (word & 0x007f_ffff | 0x0080_0000) as i32;
    let size = match exponent {
        _ if word << 1 > 0xff << 24 || word << 1 < 1 << 24 => 0,
        0..=7 => mantissa << exponent,
        8.. => i32::MAX,
        -25..=-1 => ((mantissa >> (-1 - exponent)) + 1) >> 1,
        _ => 0,
    };
    if (word as i32) < 0 { -size } else { size }
}

/// `x` over 2^`bits`.
#[inline(never)]
pub(crate) fn to_float(x: i32, bits: u32) -> f32 {
    let float = x as f32;
    if x == 0 { float } else { f32::from_bits(float.to_bits() - (bits << 23)) }
}

/// The square root of 6 / `n`, with 14 bits behind the point, rounded down.
#[inline(never)]
pub(crate) fn root_of_six_over(n: usize) -> i32 {
    let square = (6u32 << 28).checked_div(n as u32).unwrap_or(0);
    let mut root = 0;
    for bit in (0..16).rev() {
        let more = root | 1 << bit;
        if more * more <= square {
            root = more;
        }
    }
    root as i32
}

/// Bits of a number of nats behind the point.
pub(crate) const NATS: u32 = 16;
/// One.
pub(crate) const ONE: i32 = 1 << NATS;
/// Values of f are within 2^13 nats; what is beyond counts as infinite.
const LIMIT: i32 = 1 << 29;

/// A number of nats with 16 bits behind the point. Sums stay at the ends of their range, which are not finite.
pub type FixedNats = Saturating<i32>;

impl Nats for FixedNats {
    fn of(x: f32) -> Self {
        let v = from_float(x, NATS);
        Saturating(if x.is_nan() || v.abs() >= LIMIT { i32::MAX } else { v })
    }

    fn get(self) -> f32 {
        if self.finite() {
            to_float(self.0, NATS)
        } else {
            f32::INFINITY.copysign(if self.0 < 0 { -1.0 } else { 1.0 })
        }
    }

    fn bits(units: usize) -> Self {
        // ln 2 with 16 bits behind the point, of at most 2^14 units.
        Saturating((units as i32).wrapping_mul(45_426))
    }

    fn finite(self) -> bool {
        self.0 < LIMIT && self.0 > -LIMIT
    }

    fn times(self, factor: Self) -> Self {
        if factor.0 == ONE {
            return self;
        }
        let product = (i64::from(self.0) * i64::from(factor.0)) >> NATS;
        Saturating(product.clamp(i32::MIN.into(), i32::MAX.into()) as i32)
    }

    fn total(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Saturating(0), |sum, x| sum + x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_by_their_bits() {
        for (x, bits) in
            [(1.0f32, 16), (-0.3, 12), (1e-6, 20), (7.999, 12), (0.1, 15), (-1234.567, 16), (3e-5, 16)]
        {
            let exact = (f64::from(x) * f64::from(1u32 << bits)).round();
            assert_eq!(f64::from(from_float(x, bits)), exact, "{x} {bits}");
        }
        for x in [0.0, -0.0, f32::MIN_POSITIVE / 2.0, f32::NAN, 1e-9] {
            assert_eq!(from_float(x, 16), 0, "{x}");
        }
        assert_eq!((from_float(1e9, 16), from_float(f32::NEG_INFINITY, 16)), (i32::MAX, -i32::MAX));
        assert_eq!((to_float(-3, 1), to_float(0, 16), to_float(1 << 30, 16)), (-1.5, 0.0, 16_384.0));
    }

    #[test]
    fn roots() {
        for n in [1usize, 2, 6, 48, 96, 200, 1000, 32_768] {
            let exact = (6.0 / n as f64).sqrt() * 16_384.0;
            assert!((f64::from(root_of_six_over(n)) - exact).abs() < 1.5, "{n}");
        }
        assert_eq!(root_of_six_over(0), 0);
    }

    #[test]
    fn what_leaves_the_range_is_infinite() {
        let (large, small) = (FixedNats::of(8191.0), FixedNats::of(1.5));
        assert!(large.finite() && !(large + small).finite() && !FixedNats::of(1e9).finite());
        assert!(!FixedNats::of(f32::NAN).finite() && !FixedNats::of(f32::NEG_INFINITY).finite());
        assert_eq!((small.get(), (-small).get(), small.times(small).get()), (1.5, -1.5, 2.25));
        assert_eq!((FixedNats::of(1e9).get(), small.times(Saturating(ONE)).get()), (f32::INFINITY, 1.5));
    }
}
