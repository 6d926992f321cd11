//! Plain gradient descent in integers.

use crate::numeric::matrix::MatrixMut;
use arm_vfp::Layout;
use arm_vfp::integer::{Factor, Inputs, WEYL, add_outer};

/// A word a row: its upper half rounds parameters, its lower half what the row is multiplied with. Each half is uniform, and
/// they are independent, since the first word is a hash.
#[derive(Clone, Copy)]
pub(super) struct Noise(u32);

impl Noise {
    /// That of row `first` for sample `n` (there are at most 2^14 rows and one for the biases).
    pub(super) fn new(word: u32, n: usize, first: usize) -> Self {
        Noise(word.wrapping_add(((n << 15) as u32).wrapping_add(first as u32).wrapping_mul(WEYL)))
    }
}

/// What an input with 8 bits behind the point is multiplied with for a gradient with `bits`: their product then has 28. The rate
/// `a` is rounded to 15 bits.
pub(super) fn factor(a: f32, bits: u32) -> Factor {
    let word = a.to_bits();
    let (exponent, mantissa) = ((word >> 23 & 255) as i32, (word & 0x007f_ffff | 0x0080_0000) as i32);
    // a is mantissa 2^(exponent - 150); nine of its bits are rounded off.
    let shift = 141 - exponent + 8 + bits as i32 - 28;
    // Rounded up to 2^15 it still is one of 16 bits. Shifted by 47 it is less than 2^-16.
    let size = if shift > 46 { 0 } else { (mantissa + (1 << 8)) >> 9 };
    let within = shift.clamp(0, 30);
    let mantissa = if (word as i32) < 0 { -size } else { size };
    Factor { mantissa, before: shift - within, shift: within as u32, limit: 0 }
}

/// Updates rows `first..` of a layer for one sample, whose gradients have these [`bits`](arm_vfp::integer::bits); counts rows with
/// a result that left its range. Inlined: it is called in one place, and would be handed much.
///
/// The products of a row are below 2^31 - 2^16, because its factor is cut to (2^31 - 2^16) / 2^b - 1 where all gradients are
/// below 2^b: what is cut would have moved a parameter by more than 4, half of its range.
#[inline(always)]
pub(super) fn rows(
    mut factor: Factor,
    noise: Noise,
    inputs: Inputs<'_>,
    first: usize,
    d: &[i16],
    bits: u16,
    w: &mut MatrixMut<'_, i16>,
) -> u32 {
    let bits = u32::from(bits);
    if bits == 0 {
        return 0;
    }
    factor.limit = ((0x7fff_0000u32 >> (32 - bits.leading_zeros())) - 1) as i32;
    let layout = Layout { cols: w.cols(), stride: w.stride() };
    add_outer(&factor, noise.0, inputs, first, d, w.data_mut(), layout)
}
