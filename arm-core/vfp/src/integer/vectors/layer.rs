//! Sums of columns of a dense layer, and what becomes of them.

use super::{LANES, has, load};
use crate::integer::{Finish, Inputs, headroom, plain, shift_round};
use crate::{window, window_mut};
use wide::{i16x8, i32x8};

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
            // SAFETY: rows for all units and the biases are there, and have these columns.
            beyond |= finish.write(unsafe { sums(inputs, shift, w.as_ptr().add(done), stride) }, y);
            done += LANES * BLOCK;
        }
        for y in rest {
            // SAFETY: as above.
            let sums = unsafe { sums(inputs, shift, w.as_ptr().add(done), stride) };
            beyond |= finish.write(sums, core::array::from_mut(y));
            done += LANES;
        }
    }
    let beyond = beyond & i32x8::splat(!0xffff) != i32x8::ZERO;
    let (w, y) = (window(w, done..), window_mut(y, done..));
    (!y.is_empty() && plain::of_inputs(inputs, w, stride, finish, y)) | beyond
}

/// Sums of columns from w on, of inputs over 2^`shift`.
///
/// # Safety
/// Rows for all units and the biases are there, and have these columns.
#[inline(always)]
unsafe fn sums<const B: usize>(inputs: Inputs<'_>, shift: u32, w: *const i16, stride: usize) -> [i32x8; B] {
    // SAFETY: the caller's.
    let row = |i: usize| unsafe { block::<B>(w.add(i * stride)) };
    let mut sums = [i32x8::ZERO; B];
    let (units, point) = match inputs {
        Inputs::Numbers(x) => {
            let shifted = |x: i16| shift_round(x.into(), shift) as i16;
            let (pairs, last) = x.as_chunks::<2>();
            if shift == 0 {
                pairs
                    .iter()
                    .enumerate()
                    .for_each(|(i, x)| add_two(*x, row(2 * i), row(2 * i + 1), &mut sums));
            } else {
                for (i, x) in pairs.iter().enumerate() {
                    add_two(x.map(shifted), row(2 * i), row(2 * i + 1), &mut sums);
                }
            }
            if let [x] = last {
                add_two([shifted(*x), 0], row(2 * pairs.len()), [i16x8::ZERO; B], &mut sums);
            }
            (x.len(), 8)
        }
        Inputs::Bits(bits, units) => {
            for (k, word) in bits.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let i = 32 * k + word.trailing_zeros() as usize;
                    if i >= units {
                        break;
                    }
                    sums.iter_mut().zip(row(i)).for_each(|(sum, w)| *sum += i32x8::from_i16x8(w));
                    word &= word - 1;
                }
            }
            (units, 0)
        }
    };
    for (sum, bias) in sums.iter_mut().zip(row(units)) {
        *sum += (i32x8::from_i16x8(bias) << point) >> shift as i32;
    }
    sums
}

/// Vectors of a row.
///
/// # Safety
/// They are there.
#[inline(always)]
unsafe fn block<const B: usize>(row: *const i16) -> [i16x8; B] {
    // SAFETY: the caller's.
    core::array::from_fn(|i| unsafe { load(row.add(LANES * i)) })
}

/// Sums += x\[0\] first + x\[1\] second.
#[inline(always)]
fn add_two<const B: usize>(x: [i16; 2], first: [i16x8; B], second: [i16x8; B], sums: &mut [i32x8; B]) {
    for ((sum, first), second) in sums.iter_mut().zip(first).zip(second) {
        // Where one instruction multiplies and adds pairs, columns become pairs.
        #[cfg(not(target_arch = "aarch64"))]
        {
            use wide::i32x4;
            let x: i16x8 = bytemuck::cast(i32x4::splat(bytemuck::cast(x)));
            *sum += bytemuck::cast::<[i32x4; 2], i32x8>(interleaved(first, second).map(|pairs| pairs.dot(x)));
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
