//! What the tiles need from a vector unit. A type that implements [`Lanes`] is a token: it exists only where the CPU
//! has the instructions, which is what makes its safe methods safe.
//!
//! Everything is `inline(always)`, and tiles are loops, not closures over arrays: all of a tile must be compiled inside
//! the function that switches the features on, [`Lanes::run`], and the compiler does not always inline a closure there.

pub(crate) mod activate;
pub(crate) mod hint;
pub(crate) mod plain;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

/// A vector unit for `f32`.
///
/// # Safety
/// A value must exist only where the CPU has the instructions. `N` must be the elements of a vector, divide [`SIDE`] and be
/// at least 4, and every method do what it says.
pub(crate) unsafe trait Lanes: Copy {
    /// A vector of `N` elements.
    type V: Copy;
    /// The first few lanes of a vector.
    type Mask: Copy;
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
    /// Runs an operation, or a part of one that several share, as a function of its own, compiled for this unit.
    fn run<O: Op>(self, op: O) -> O::Out;
    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::V;
    /// The first `n` lanes, `n <= N`.
    fn mask(self, n: usize) -> Self::Mask;
    /// The first vector of a slice. Panics if that is shorter.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::V {
        assert!(from.len() >= Self::N);
        // SAFETY: the assertion.
        unsafe { self.load(from.as_ptr()) }
    }
    /// Writes the first vector of a slice. Panics if that is shorter.
    #[inline(always)]
    fn write(self, to: &mut [f32], v: Self::V) {
        assert!(to.len() >= Self::N);
        // SAFETY: the assertion.
        unsafe { self.store(to.as_mut_ptr(), v) }
    }
    /// A slice of at most a vector; zero in the other lanes. Panics if it is longer.
    #[inline(always)]
    fn read_some(self, from: &[f32]) -> Self::V {
        assert!(from.len() <= Self::N);
        // SAFETY: the mask has a lane for each element.
        unsafe { self.load_masked(from.as_ptr(), self.mask(from.len())) }
    }
    /// Writes as many lanes as the slice has elements. Panics if these are more than a vector has.
    #[inline(always)]
    fn write_some(self, to: &mut [f32], v: Self::V) {
        assert!(to.len() <= Self::N);
        // SAFETY: the mask has a lane for each element.
        unsafe { self.store_masked(to.as_mut_ptr(), v, self.mask(to.len())) }
    }
    /// A vector.
    ///
    /// # Safety
    /// `p` must be readable for `N` elements.
    unsafe fn load(self, p: *const f32) -> Self::V;
    /// The lanes of the mask; zero in the others.
    ///
    /// # Safety
    /// `p` must be readable for the lanes of the mask.
    unsafe fn load_masked(self, p: *const f32, mask: Self::Mask) -> Self::V;
    /// Stores a vector.
    ///
    /// # Safety
    /// `p` must be writable for `N` elements.
    unsafe fn store(self, p: *mut f32, v: Self::V);
    /// Stores the lanes of the mask.
    ///
    /// # Safety
    /// `p` must be writable for the lanes of the mask.
    unsafe fn store_masked(self, p: *mut f32, v: Self::V, mask: Self::Mask);
    /// [`store`](Self::store) past the caches, for lines that other threads have read: an ordinary store would first
    /// wait for the line. Ordered before later stores only by [`fence`](Self::fence).
    ///
    /// # Safety
    /// `p` must be writable for `N` elements and aligned to as many.
    unsafe fn stream(self, p: *mut f32, v: Self::V);
    /// [`stream`](Self::stream) to the first vector of a slice. Panics if that is shorter or not aligned to a vector.
    #[inline(always)]
    fn stream_to(self, to: &mut [f32], v: Self::V) {
        assert!(to.len() >= Self::N && to.as_ptr().addr().is_multiple_of(size_of::<f32>() * Self::N));
        // SAFETY: the assertion.
        unsafe { self.stream(to.as_mut_ptr(), v) }
    }
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
    fn leaky(self, slope: f32, v: Self::V) -> Self::V;
    /// The sum of the lanes of each vector, in a fixed order.
    fn sums(self, v: [Self::V; WIDE]) -> [f32; WIDE];
    /// A word of the top bits of 32 elements.
    fn pack(self, b: &[u32; 32]) -> u32;
    /// Writes `first` plus the index of each set bit, ascending, and perhaps something behind them. Returns how many there
    /// are.
    #[inline(always)]
    fn list(self, word: u32, first: u16, to: &mut [u16; 32]) -> usize {
        let mut rest = word;
        for to in to.iter_mut().take(word.count_ones() as usize) {
            *to = first + rest.trailing_zeros() as u16;
            rest &= rest - 1;
        }
        word.count_ones() as usize
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

/// Orders the streamed stores before all later ones when it goes out of scope, however that comes about.
pub(crate) struct Fence<L: Lanes>(pub(crate) L);

impl<L: Lanes> Drop for Fence<L> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.fence();
        #[cfg(test)]
        FENCES.set(FENCES.get() + 1);
    }
}

#[cfg(test)]
thread_local! {
    /// Fences of this thread.
    pub(crate) static FENCES: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
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
