//! What the tiles need from a vector unit. A type that implements [`Lanes`] is a token: it exists only where the CPU
//! has the instructions, which is what makes its safe methods safe.
//!
//! Everything is `inline(always)`, and tiles are loops, not closures over arrays: all of a tile must be compiled inside
//! the one function that switches the features on, and the compiler does not always inline a closure there.

use wide::f32x4;

/// A vector unit for `f32`.
pub(super) trait Lanes: Copy {
    /// A vector of `N` elements.
    type V: Copy;
    /// The first few lanes of a vector.
    type Mask: Copy;
    /// [`WIDE`] elements.
    type Sums: Copy;
    /// Elements of a vector.
    const N: usize;
    /// Rows of the tallest tile of two vectors a row that fits in the registers.
    const TALL: usize;
    /// Rows of the tallest tile of [`WIDE`] inner products a row that fits in the registers.
    const DOTS: usize;

    /// Whether the sums of a vector of columns of 25 rows stay in the registers beside those of subsets of four inputs.
    const SUBSETS: bool = false;

    /// Whether it can be worth it to multiply the terms of dense products in pairs.
    const PAIRS: bool = false;

    /// Whether dense products multiply their terms in pairs.
    #[inline(always)]
    fn pairs(self) -> bool {
        false
    }
    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::V;
    /// The first `n` lanes, `n <= N`.
    fn mask(self, n: usize) -> Self::Mask;
    /// # Safety
    /// `p` must be readable for `N` elements.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// The lanes of the mask; zero in the others.
    ///
    /// # Safety
    /// `p` must be readable for the lanes of the mask.
    unsafe fn load_masked(self, p: *const f32, mask: Self::Mask) -> Self::V;
    /// # Safety
    /// `p` must be writable for `N` elements.
    unsafe fn store(self, p: *mut f32, v: Self::V);
    /// # Safety
    /// `p` must be writable for the lanes of the mask.
    unsafe fn store_masked(self, p: *mut f32, v: Self::V, mask: Self::Mask);
    /// [`store`](Self::store) past the caches, for lines that other threads have read: an ordinary store would first
    /// wait for the line. Ordered before later stores only by [`fence`](Self::fence).
    ///
    /// # Safety
    /// `p` must be writable for `N` elements and aligned to as many.
    unsafe fn stream(self, p: *mut f32, v: Self::V);
    /// Orders the streamed stores before all later ones.
    fn fence(self);
    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a b.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// a - b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a / b.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// Square root, correctly rounded.
    fn sqrt(self, a: Self::V) -> Self::V;
    /// a b + c, fused where the unit can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// c += a b, fused where the unit can. Unlike [`fma`](Self::fma) it leaves c in its register.
    #[inline(always)]
    fn fma_to(self, a: Self::V, b: Self::V, c: &mut Self::V) {
        *c = self.fma(a, b, *c);
    }
    /// The larger of m and |v| in each lane, NaN the largest; m must not be negative.
    fn largest(self, m: Self::V, v: Self::V) -> Self::V;
    /// v where v > 0, otherwise `slope` v.
    fn activate(self, slope: f32, v: Self::V) -> Self::V;
    /// The sum of the lanes of each vector, in a fixed order.
    fn sums(self, v: [Self::V; WIDE]) -> Self::Sums;
    /// # Safety
    /// `to` must be writable for `WIDE` elements.
    unsafe fn store_sums(self, to: *mut f32, sums: Self::Sums);
    /// A word of the top bits of 32 elements.
    fn pack(self, b: &[u32; 32]) -> u32;
    /// Writes `first` plus the index of each set bit, ascending. Returns how many there are.
    ///
    /// # Safety
    /// `to` must be writable for 32 elements.
    #[inline(always)]
    unsafe fn list(self, word: u32, first: u16, to: *mut u16) -> usize {
        let (mut word, mut n) = (word, 0);
        while word != 0 {
            // SAFETY: a word has 32 bits.
            unsafe { to.add(n).write(first + word.trailing_zeros() as u16) }
            n += 1;
            word &= word - 1;
        }
        n
    }
    /// Makes rows of columns.
    #[inline(always)]
    fn transpose(self, block: &mut [Row<f32>; SIDE]) {
        for i in 0..SIDE {
            let (above, below) = block.split_at_mut(i + 1);
            for (k, row) in below.iter_mut().enumerate() {
                core::mem::swap(&mut above[i].0[i + 1 + k], &mut row.0[i]);
            }
        }
    }
    /// Asks for the cache line at `p`, which need not be valid, in the second cache.
    fn prefetch(self, p: *const f32);
    /// Asks for the cache line at `p`, which need not be valid, in the first cache and to write it.
    fn prefetch_write(self, p: *mut f32);
}

/// Asks for `vectors` vectors of each of `rows` rows from `p`.
#[inline(always)]
pub(super) fn ask<L: Lanes>(l: L, p: *const f32, stride: usize, rows: usize, vectors: usize) {
    for r in 0..rows {
        for c in 0..vectors {
            l.prefetch(p.wrapping_add(r * stride + c * L::N));
        }
    }
}

/// Rows and columns of a block that is transposed: the streams whose uniforms are drawn together.
pub(super) const SIDE: usize = 16;

/// A row of such a block.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Row<T>(pub(super) [T; SIDE]);

/// Inner products that are summed across lanes at a time.
pub(super) const WIDE: usize = 4;

/// A kernel, written once for every vector unit.
pub(super) trait Op {
    /// What it returns.
    type Out;
    /// Runs it; must be `inline(always)`.
    fn run<L: Lanes>(self, l: L) -> Self::Out;
}

/// Four lanes of plain arithmetic, which the compiler turns into SSE2 or NEON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain;

impl Lanes for Plain {
    type V = f32x4;
    type Mask = usize;
    type Sums = [f32; WIDE];
    const N: usize = 4;
    const TALL: usize = if cfg!(target_arch = "aarch64") { 12 } else { 4 };
    const DOTS: usize = if cfg!(target_arch = "aarch64") { 5 } else { 2 };

    #[inline(always)]
    fn splat(self, x: f32) -> f32x4 {
        f32x4::splat(x)
    }

    #[inline(always)]
    fn mask(self, n: usize) -> usize {
        n
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> f32x4 {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        f32x4::new(unsafe { p.cast::<[f32; 4]>().read() })
    }

    #[inline(always)]
    unsafe fn load_masked(self, p: *const f32, mask: usize) -> f32x4 {
        if mask == 4 {
            // SAFETY: all four lanes are in the mask.
            return unsafe { self.load(p) };
        }
        // SAFETY: lanes below the mask are readable by the caller's promise.
        f32x4::new(core::array::from_fn(|i| if i < mask { unsafe { p.add(i).read() } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: f32x4) {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        unsafe { p.cast::<[f32; 4]>().write(v.to_array()) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, p: *mut f32, v: f32x4, mask: usize) {
        for (i, v) in v.to_array().into_iter().enumerate().take(mask) {
            // SAFETY: lanes below the mask are writable by the caller's promise.
            unsafe { p.add(i).write(v) }
        }
    }

    #[inline(always)]
    unsafe fn stream(self, p: *mut f32, v: f32x4) {
        // SAFETY: the caller's promise.
        unsafe { self.store(p, v) }
    }

    #[inline(always)]
    fn fence(self) {}

    #[inline(always)]
    fn add(self, a: f32x4, b: f32x4) -> f32x4 {
        a + b
    }

    #[inline(always)]
    fn mul(self, a: f32x4, b: f32x4) -> f32x4 {
        a * b
    }

    #[inline(always)]
    fn sub(self, a: f32x4, b: f32x4) -> f32x4 {
        a - b
    }

    #[inline(always)]
    fn div(self, a: f32x4, b: f32x4) -> f32x4 {
        a / b
    }

    #[inline(always)]
    fn sqrt(self, a: f32x4) -> f32x4 {
        a.sqrt()
    }

    #[inline(always)]
    fn fma(self, a: f32x4, b: f32x4, c: f32x4) -> f32x4 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn largest(self, m: f32x4, v: f32x4) -> f32x4 {
        let (mut m, v) = (m.to_array(), v.to_array());
        for (m, v) in m.iter_mut().zip(v) {
            *m = f32::from_bits(m.to_bits().max(v.abs().to_bits()));
        }
        f32x4::new(m)
    }

    #[inline(always)]
    fn activate(self, slope: f32, v: f32x4) -> f32x4 {
        f32x4::new(v.to_array().map(|v| if v > 0.0 { v } else { slope * v }))
    }

    #[inline(always)]
    fn sums(self, v: [f32x4; WIDE]) -> [f32; WIDE] {
        v.map(|v| {
            let v = v.to_array();
            (v[0] + v[2]) + (v[1] + v[3])
        })
    }

    #[inline(always)]
    unsafe fn store_sums(self, to: *mut f32, sums: [f32; WIDE]) {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        unsafe { to.cast::<[f32; WIDE]>().write(sums) }
    }

    #[inline(always)]
    fn pack(self, b: &[u32; 32]) -> u32 {
        let mut word = 0;
        for (i, b) in b.iter().enumerate() {
            word |= b >> 31 << i;
        }
        word
    }

    #[inline(always)]
    fn prefetch(self, _: *const f32) {}

    #[inline(always)]
    fn prefetch_write(self, _: *mut f32) {}
}
