//! What the tiles need from a vector unit. A type that implements [`Lanes`] is a token: it exists only where the CPU
//! has the instructions, which is what makes its safe methods safe.
//!
//! Everything is `inline(always)`, and tiles are loops, not closures over arrays: all of a tile must be compiled inside
//! the one function that switches the features on, and the compiler does not always inline a closure there.

pub(crate) mod hint;
pub(crate) mod plain;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

/// A vector unit for `f32`.
pub(crate) trait Lanes: Copy {
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
pub(crate) fn ask<L: Lanes>(l: L, p: *const f32, stride: usize, rows: usize, vectors: usize) {
    for r in 0..rows {
        for c in 0..vectors {
            l.prefetch(p.wrapping_add(r * stride + c * L::N));
        }
    }
}

/// Rows and columns of a block that is transposed: the streams whose uniforms are drawn together.
pub(crate) const SIDE: usize = 16;

/// A row of such a block.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Row<T>(pub(crate) [T; SIDE]);

/// Inner products that are summed across lanes at a time.
pub(crate) const WIDE: usize = 4;

/// A kernel, written once for every vector unit.
pub(crate) trait Op {
    /// What it returns.
    type Out;
    /// Runs it; must be `inline(always)`.
    fn run<L: Lanes>(self, l: L) -> Self::Out;
}
