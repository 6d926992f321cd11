//! Vectors of four, eight and sixteen floats, and a float alone for what is left over: one loop serves all of them.
//!
//! Tests: `kernels/simd/tests.rs`.

use crate::numeric::chunks::{Chunks, ChunksMut};
use crate::numeric::math::{Real, TINY};
use crate::shape::Activation;
use core::ops::Div;
use wide::{f32x4, f32x8, f32x16};

/// Vectors of sixteen floats that are held in registers while rows pass by.
pub(super) const BLOCK: usize = if cfg!(target_feature = "avx") { 4 } else { 2 };

/// `N` floats. Each operation is rounded on its own.
pub(super) trait Vector<const N: usize>: Real + Div<Output = Self> {
    fn load(from: &[f32; N]) -> Self;
    fn store(self, to: &mut [f32; N]);
    fn sqrt(self) -> Self;
    /// Each float, or zero where its magnitude is below [`TINY`].
    fn significant(self) -> Self;
    /// Each float, times `slope` where it is below [`TINY`], but not a NaN.
    fn leaky(self, slope: f32) -> Self;
    /// Whether any float is not zero.
    fn any(self) -> bool;
    /// Magnitudes, but infinity for zero.
    fn sizes(self) -> Self;
    /// The smaller of each two; which are numbers.
    fn smaller(self, other: Self) -> Self;
    /// The smallest, of numbers.
    fn least(self) -> f32;
}

macro_rules! vector {
    ($vector:ty, $n:literal) => {
        impl Real for $vector {
            #[inline(always)]
            fn splat(x: f32) -> Self {
                <$vector>::splat(x)
            }
        }

        impl Vector<$n> for $vector {
            #[inline(always)]
            fn load(from: &[f32; $n]) -> Self {
                <$vector>::new(*from)
            }

            #[inline(always)]
            fn store(self, to: &mut [f32; $n]) {
                *to = self.to_array();
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn significant(self) -> Self {
                !self.abs().simd_lt(<$vector>::splat(TINY)) & self
            }

            #[inline(always)]
            fn leaky(self, slope: f32) -> Self {
                // The slope is at most one, so that the larger of both is what is meant.
                (self * <$vector>::splat(slope)).fast_max(self).significant()
            }

            #[inline(always)]
            fn any(self) -> bool {
                self.simd_ne(<$vector>::splat(0.0)).any()
            }

            #[inline(always)]
            fn sizes(self) -> Self {
                let zero = self.simd_eq(<$vector>::splat(0.0));
                (zero & <$vector>::splat(f32::INFINITY)) | self.abs()
            }

            #[inline(always)]
            fn smaller(self, other: Self) -> Self {
                self.fast_min(other)
            }

            #[inline(always)]
            fn least(self) -> f32 {
                let fours: [f32x4; $n / 4] = bytemuck::cast(self);
                let least = fours.into_iter().reduce(|least, x| least.smaller(x));
                let [a, b, c, d] = least.unwrap_or(f32x4::splat(f32::INFINITY)).to_array();
                a.smaller(b).smaller(c.smaller(d))
            }
        }
    };
}

vector!(f32x4, 4);
vector!(f32x8, 8);
vector!(f32x16, 16);

impl Vector<1> for f32 {
    #[inline(always)]
    fn load(from: &[f32; 1]) -> Self {
        from[0]
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; 1]) {
        to[0] = self;
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        arm_vfp::sqrt(self)
    }

    #[inline(always)]
    fn significant(self) -> Self {
        crate::numeric::math::significant(self)
    }

    #[inline(always)]
    fn leaky(self, slope: f32) -> Self {
        if self < TINY { (slope * self).significant() } else { self }
    }

    #[inline(always)]
    fn any(self) -> bool {
        self != 0.0
    }

    #[inline(always)]
    fn sizes(self) -> Self {
        if self == 0.0 { f32::INFINITY } else { self.abs() }
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        if other < self { other } else { self }
    }

    #[inline(always)]
    fn least(self) -> f32 {
        self
    }
}

/// What must be there: with debug assertions the program stops where it is not.
#[inline(always)]
#[track_caller]
pub(super) fn there<T>(found: Option<T>) -> Option<T> {
    debug_assert!(found.is_some(), "columns beyond the end of a matrix");
    found
}

/// `B` times `N` floats from `start` on, where there are so many.
#[inline(always)]
pub(super) fn block<const N: usize, const B: usize>(from: &[f32], start: usize) -> Option<&[[f32; N]; B]> {
    from.get(start..)?.as_chunks().0.first_chunk()
}

/// [`block`], writable.
#[inline(always)]
pub(super) fn block_mut<const N: usize, const B: usize>(
    from: &mut [f32],
    start: usize,
) -> Option<&mut [[f32; N]; B]> {
    from.get_mut(start..)?.as_chunks_mut().0.first_chunk_mut()
}

/// The `B` times `N` floats from column `at` on of each row of a matrix.
#[inline(always)]
pub(super) fn blocks<const N: usize, const B: usize>(
    rows: Chunks<'_, f32>,
    at: usize,
) -> impl Iterator<Item = &[[f32; N]; B]> {
    rows.map_while(move |row| block(row, at))
}

/// [`blocks`], writable.
#[inline(always)]
pub(super) fn blocks_mut<const N: usize, const B: usize>(
    rows: ChunksMut<'_, f32>,
    at: usize,
) -> impl Iterator<Item = &mut [[f32; N]; B]> {
    rows.map_while(move |row| block_mut(row, at))
}

/// Vectors with these floats.
#[inline(always)]
pub(super) fn load<V: Vector<N>, const N: usize, const B: usize>(from: &[[f32; N]; B]) -> [V; B] {
    from.each_ref().map(|from| V::load(from))
}

/// The floats of these vectors.
#[inline(always)]
pub(super) fn store<V: Vector<N>, const N: usize, const B: usize>(from: [V; B], to: &mut [[f32; N]; B]) {
    from.into_iter().zip(to).for_each(|(from, to)| from.store(to));
}

/// [`store`] of what an activation makes of them: see [`activate`](crate::kernels::activate).
#[inline(always)]
pub(super) fn store_activated<V: Vector<N>, const N: usize, const B: usize>(
    mut from: [V; B],
    activation: Activation,
    to: &mut [[f32; N]; B],
) {
    if !activation.is_linear() {
        from.iter_mut().for_each(|x| *x = x.leaky(activation.slope()));
    }
    store(from, to);
}

/// Calls a function for blocks of columns from left to right, as wide as there are columns left for.
macro_rules! columns {
    ($cols:expr, $at:ident, $f:ident($($argument:expr),*)) => {{
        let (cols, mut $at) = ($cols, 0usize);
        while cols - $at >= 16 * BLOCK {
            $f::<f32x16, 16, BLOCK>($($argument),*);
            $at += 16 * BLOCK;
        }
        while BLOCK > 2 && cols - $at >= 32 {
            $f::<f32x16, 16, 2>($($argument),*);
            $at += 32;
        }
        while cols - $at >= 16 {
            $f::<f32x16, 16, 1>($($argument),*);
            $at += 16;
        }
        if cols - $at >= 8 {
            $f::<f32x8, 8, 1>($($argument),*);
            $at += 8;
        }
        if cols - $at >= 4 {
            $f::<f32x4, 4, 1>($($argument),*);
            $at += 4;
        }
        while cols > $at {
            $f::<f32, 1, 1>($($argument),*);
            $at += 1;
        }
    }};
}
pub(super) use columns;

/// Sixteen floats, of which those that are not there are `fill`.
#[inline(always)]
pub(super) fn padded(from: &[f32], fill: f32) -> f32x16 {
    if let Some(from) = from.first_chunk() {
        return f32x16::new(*from);
    }
    // Fours are read as they were written, by a whole vector: others would be waited for.
    let (fours, rest) = from.as_chunks::<4>();
    let mut all = [[fill; 4]; 4];
    all.iter_mut().zip(fours).for_each(|(to, from)| *to = *from);
    if let Some(last) = all.get_mut(fours.len()) {
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    }
    f32x16::new(bytemuck::cast(all))
}

/// Writes as many of sixteen floats as there is room for.
#[inline(always)]
pub(super) fn store_some(from: [f32; 16], to: &mut [f32]) {
    if let Some(to) = to.first_chunk_mut() {
        *to = from;
        return;
    }
    let from: [[f32; 4]; 4] = bytemuck::cast(from);
    let (fours, rest) = to.as_chunks_mut::<4>();
    if let Some(last) = from.get(fours.len()) {
        rest.iter_mut().zip(last).for_each(|(to, from)| *to = *from);
    }
    fours.iter_mut().zip(from).for_each(|(to, from)| *to = from);
}

/// Four floats after four.
#[inline(always)]
pub(super) fn quarters(x: f32x16) -> [f32x4; 4] {
    bytemuck::cast(x)
}

/// `x` or, where `mask` says so, its negative: `mask` has zeros and signs.
#[inline(always)]
pub(super) fn flip(x: f32x16, mask: f32x16) -> f32x16 {
    x ^ mask
}

/// All ones where x >= 0.
#[inline(always)]
pub(super) fn not_negative(x: f32x16) -> f32x16 {
    x.simd_ge(f32x16::splat(0.0))
}

/// Whether all magnitudes are at most `limit`, which is a number.
#[inline(never)]
pub(super) fn within(limit: f32, values: &[f32]) -> bool {
    let (eights, rest) = values.as_chunks::<8>();
    let inside = |all: f32x8, x: &[f32; 8]| all & f32x8::new(*x).abs().simd_le(f32x8::splat(limit));
    let all = eights.iter().fold(f32x8::splat(0.0).simd_eq(f32x8::splat(0.0)), inside);
    all.all() && rest.iter().all(|x| x.abs() <= limit)
}
