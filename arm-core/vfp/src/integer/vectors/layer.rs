//! Sums of columns of a dense layer, and what becomes of them.

use super::{LANES, block, has};
use crate::integer::{Finish, Inputs, headroom, plain, shift_round};
use bytemuck::cast;
use wide::{i16x8, i32x4, i32x8};

/// Vectors of columns whose sums are in registers while rows pass by.
const BLOCK: usize = if cfg!(target_feature = "sse2") && !cfg!(target_feature = "avx") { 2 } else { 4 };

/// See [`dense`](crate::integer::dense).
#[inline(never)]
pub(crate) fn of_inputs(inputs: Inputs<'_>, w: &[i16], stride: usize, finish: Finish, y: &mut [i16]) -> bool {
    let (units, shift) = match inputs {
        Inputs::Numbers(x) => (x.len(), headroom(x)),
        Inputs::Bits(_, units) => (units, 0),
    };
    let (cols, mut done, mut beyond) = (y.len(), 0, i32x8::ZERO);
    if let Some(finish) = Vectors::new(finish, shift)
        && has(w, units.saturating_add(1), stride, cols)
    {
        let (blocks, rest) = y.as_chunks_mut().0.as_chunks_mut::<BLOCK>();
        for y in blocks {
            let w = w.get(done..).unwrap_or_default();
            beyond |= finish.write(sums(inputs, shift, w, stride), y);
            done += LANES * BLOCK;
        }
        for y in rest {
            let w = w.get(done..).unwrap_or_default();
            beyond |= finish.write(sums(inputs, shift, w, stride), core::array::from_mut(y));
            done += LANES;
        }
    }
    let beyond = beyond & i32x8::splat(!0xffff) != i32x8::ZERO;
    let (w, y) = (w.get(done..).unwrap_or_default(), y.get_mut(done..).unwrap_or_default());
    (!y.is_empty() && plain::of_inputs(inputs, w, stride, finish, y)) | beyond
}

/// Sums of the first columns of w, of inputs over 2^`shift`. All rows are there.
#[inline(always)]
fn sums<const B: usize>(inputs: Inputs<'_>, shift: u32, w: &[i16], stride: usize) -> [i32x8; B] {
    let mut sums = [i32x8::ZERO; B];
    match inputs {
        Inputs::Numbers(x) if shift == 0 => add_numbers(x, |x| x, w, stride, &mut sums),
        Inputs::Numbers(x) => add_numbers(x, |x| shift_round(x.into(), shift) as i16, w, stride, &mut sums),
        Inputs::Bits(bits, units) => {
            for (k, word) in bits.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let i = 32 * k + word.trailing_zeros() as usize;
                    word &= word - 1;
                    if let Some(row) = block::<B>(w, i * stride).filter(|_| i < units) {
                        sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += i32x8::from_i16x8(w));
                    }
                }
            }
        }
    }
    let (units, point) = match inputs {
        Inputs::Numbers(x) => (x.len(), 8),
        Inputs::Bits(_, units) => (units, 0),
    };
    for (sum, bias) in sums.iter_mut().zip(block::<B>(w, units * stride).unwrap_or([i16x8::ZERO; B])) {
        *sum += (i32x8::from_i16x8(bias) << point) >> shift as i32;
    }
    sums
}

/// Sums += each input times its row; a row more is there.
#[inline(always)]
fn add_numbers<const B: usize>(
    x: &[i16],
    shifted: impl Fn(i16) -> i16,
    w: &[i16],
    stride: usize,
    sums: &mut [i32x8; B],
) {
    let (pairs, last) = x.as_chunks::<2>();
    for (x, rows) in pairs.iter().zip(w.chunks_exact(2 * stride)) {
        if let (Some(first), Some(second)) = (block(rows, 0), block(rows, stride)) {
            add_two(x.map(&shifted), first, second, sums);
        }
    }
    if let ([x], Some(row)) = (last, block(w, 2 * pairs.len() * stride)) {
        add_two([shifted(*x), 0], row, [i16x8::ZERO; B], sums);
    }
}

/// Sums += x\[0\] first + x\[1\] second.
#[inline(always)]
fn add_two<const B: usize>(x: [i16; 2], first: [i16x8; B], second: [i16x8; B], sums: &mut [i32x8; B]) {
    for ((sum, first), second) in sums.iter_mut().zip(first).zip(second) {
        // Where one instruction multiplies and adds pairs, columns become pairs.
        #[cfg(not(target_arch = "aarch64"))]
        {
            let x: i16x8 = cast(i32x4::splat(cast(x)));
            *sum += cast::<[i32x4; 2], i32x8>(interleaved(first, second).map(|pairs| pairs.dot(x)));
        }
        #[cfg(target_arch = "aarch64")]
        {
            *sum += first.widening_mul(i16x8::splat(x[0]));
            *sum += second.widening_mul(i16x8::splat(x[1]));
        }
    }
}

/// The first numbers of both, the second, and so on.
#[cfg(not(target_arch = "aarch64"))]
#[inline(always)]
fn interleaved(a: i16x8, b: i16x8) -> [i16x8; 2] {
    #[cfg(target_arch = "wasm32")]
    {
        use core::arch::wasm32::i16x8_shuffle;
        let (a, b) = (a.into(), b.into());
        [
            i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b).into(),
            i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b).into(),
        ]
    }
    #[cfg(not(target_arch = "wasm32"))]
    {
        #[cfg(target_arch = "x86")]
        use core::arch::x86::{_mm_unpackhi_epi16, _mm_unpacklo_epi16};
        #[cfg(target_arch = "x86_64")]
        use core::arch::x86_64::{_mm_unpackhi_epi16, _mm_unpacklo_epi16};
        let (a, b) = (a.into(), b.into());
        // SAFETY: the target has SSE2.
        unsafe { [_mm_unpacklo_epi16(a, b).into(), _mm_unpackhi_epi16(a, b).into()] }
    }
}

/// [`Finish`], where vectors can do that.
#[derive(Clone, Copy)]
struct Vectors {
    /// By how many bits sums are shifted down.
    down: i32,
    /// Half of that.
    half: i32x8,
    /// Slope below zero, unless it is one.
    slope: Option<i16>,
}

impl Vectors {
    /// Sums have been shifted down by `shift` already.
    #[inline(always)]
    fn new(finish: Finish, shift: u32) -> Option<Self> {
        let down = finish.down.checked_sub(shift).filter(|down| *down < 32)?;
        let slope = if finish.slope == 1 << 15 { None } else { Some(i16::try_from(finish.slope).ok()?) };
        let half = i32x8::splat((1 << down) >> 1);
        (slope != Some(i16::MIN)).then_some(Vectors { down: down as i32, half, slope })
    }

    /// Writes results. In the upper halves of what it returns a bit is set if one left the range.
    #[inline(always)]
    fn write<const B: usize>(self, sums: [i32x8; B], y: &mut [[i16; LANES]; B]) -> i32x8 {
        let mut beyond = i32x8::ZERO;
        for (sum, y) in sums.into_iter().zip(y) {
            let v = (sum + self.half) >> self.down;
            let within = i16x8::from_i32x8_saturate(v);
            // Within it all upper bits are the sign.
            beyond |= v ^ (v << 1);
            *y = match self.slope {
                None => within,
                Some(slope) => {
                    let below = within.mul_scale_round_n(slope);
                    within.simd_gt(i16x8::ZERO).bitselect(within, below)
                }
            }
            .to_array();
        }
        beyond
    }
}
