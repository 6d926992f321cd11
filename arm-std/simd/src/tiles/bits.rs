//! g += a x^T d for packed bits, and what products with bits share: lists of the set ones, whose rows are summed a panel of
//! up to eight vectors at a time in registers.

use crate::lanes::{Lanes, Op};
use crate::tiles::{panels, with_width};
use arm_core::matrix::{BitMatrix, Matrix, MatrixMut};

/// See [`Kernels::gradient_bits`](arm_core::kernels::Kernels::gradient_bits).
pub(crate) struct GradientBits<'a> {
    pub(crate) a: f32,
    pub(crate) x: BitMatrix<'a>,
    pub(crate) first: usize,
    pub(crate) d: Matrix<'a>,
    pub(crate) g: MatrixMut<'a>,
}

/// Vectors of the widest panel.
pub(crate) const WIDEST: usize = 8;
/// Words of the inputs whose rows of weights stay in the first cache together, times the panel.
pub(crate) const WORDS: usize = 2;

/// Indices of the set bits of a few words, ascending.
pub(crate) struct List {
    len: usize,
    index: [u16; 32 * WORDS],
}

impl List {
    pub(crate) const EMPTY: Self = List { len: 0, index: [0; 32 * WORDS] };

    #[inline(always)]
    pub(crate) fn fill<L: Lanes>(&mut self, l: L, words: &[u32; WORDS]) {
        self.len = 0;
        for (k, &word) in words.iter().enumerate() {
            // SAFETY: after k words the list has at most 32 k elements, and there is room for 32 more.
            self.len += unsafe { l.list(word, 32 * k as u16, self.index.as_mut_ptr().add(self.len)) };
        }
    }

    #[inline(always)]
    pub(crate) fn ones(&self) -> &[u16] {
        &self.index[..self.len]
    }
}

/// The bits of a word that are among the first `rest`.
#[inline(always)]
pub(crate) fn used(word: u32, rest: usize) -> u32 {
    word & u32::MAX.checked_shr(32 - rest.min(32) as u32).unwrap_or(0)
}

/// Adds the listed rows of `from`, times `a` if there is one.
#[inline(always)]
pub(crate) unsafe fn add_rows<L: Lanes, const C: usize>(
    l: L,
    list: &[u16],
    from: *const f32,
    stride: usize,
    lanes: usize,
    a: Option<f32>,
    sums: &mut [L::V; C],
) {
    let mut s = *sums;
    let mask = l.mask(lanes);
    for &i in list {
        let row = from.wrapping_add(usize::from(i) * stride);
        for (c, s) in s.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let v = unsafe {
                if c + 1 < C { l.load(row.add(c * L::N)) } else { l.load_masked(row.add(c * L::N), mask) }
            };
            *s = match a {
                Some(a) => l.fma(l.splat(a), v, *s),
                None => l.add(v, *s),
            };
        }
    }
    *sums = s;
}

#[inline(always)]
pub(crate) unsafe fn load<L: Lanes, const C: usize>(l: L, p: *const f32, lanes: usize) -> [L::V; C] {
    let mut v = [l.splat(0.0); C];
    for (c, v) in v.iter_mut().enumerate() {
        let p = p.wrapping_add(c * L::N);
        // SAFETY: the caller's promise.
        *v = unsafe { if c + 1 < C { l.load(p) } else { l.load_masked(p, l.mask(lanes)) } };
    }
    v
}

#[inline(always)]
pub(crate) unsafe fn store<L: Lanes, const C: usize>(l: L, p: *mut f32, lanes: usize, v: [L::V; C]) {
    for (c, v) in v.into_iter().enumerate() {
        let p = p.wrapping_add(c * L::N);
        // SAFETY: the caller's promise.
        unsafe {
            if c + 1 < C || lanes == L::N { l.store(p, v) } else { l.store_masked(p, v, l.mask(lanes)) }
        }
    }
}

/// Transposes 32 x 32 bits (Warren, Hacker's Delight, 7-3): afterwards bit j of word i is what bit i of word j was.
#[inline(always)]
fn transpose(m: &mut [u32; 32]) {
    let (mut j, mut mask) = (16, 0x0000_ffffu32);
    while j != 0 {
        let mut k = 0;
        while k < 32 {
            for i in k..k + j {
                let t = (m[i] >> j ^ m[i + j]) & mask;
                m[i] ^= t << j;
                m[i + j] ^= t;
            }
            k += 2 * j;
        }
        j >>= 1;
        mask ^= mask << j;
    }
}

/// Bits `first..first + 32` of a row; those beyond the end are zero.
#[inline(always)]
fn window(row: &[u32], first: usize) -> u32 {
    let at = |i: usize| u64::from(row.get(i).copied().unwrap_or(0));
    ((at(first / 32) | at(first / 32 + 1) << 32) >> (first % 32)) as u32
}

impl Op for GradientBits<'_> {
    type Out = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let (inputs, outputs) = (self.x.cols(), self.d.cols());
        let (examples, height) = (self.d.height(), self.g.height());
        assert!(self.g.cols() >= outputs);
        assert!(inputs == 0 || self.x.height() >= examples);
        let (ds, gs) = (self.d.stride(), self.g.stride());
        let (d, g) = (self.d.data().as_ptr(), self.g.data_mut().as_mut_ptr());
        let height = height.min((inputs + 1).saturating_sub(self.first));
        let mut lists = [const { List::EMPTY }; 32];
        for r in (0..height).step_by(32) {
            let count = 32.min(height - r);
            for n in (0..examples).step_by(32 * WORDS) {
                list(l, self.x, self.first + r, n, (32 * WORDS).min(examples - n), &mut lists);
                let d = d.wrapping_add(n * ds);
                for (start, vectors, lanes) in panels(outputs, L::N, WIDEST) {
                    for (i, list) in lists.iter().enumerate().take(count) {
                        let g = g.wrapping_add((r + i) * gs + start);
                        with_width!(vectors, C => {
                            // SAFETY: the assertions; listed examples are below `examples`, the panel is within the
                            // columns, row r + i is within g.
                            unsafe {
                                let mut s: [L::V; C] = load(l, g, lanes);
                                let d = d.wrapping_add(start);
                                add_rows(l, list.ones(), d, ds, lanes, Some(self.a), &mut s);
                                store(l, g, lanes, s);
                            }
                        });
                    }
                }
            }
        }
    }
}

/// For each of the 32 inputs from `first`, the examples out of `count` from `n` in which it is on; the last is the bias.
#[inline(always)]
pub(crate) fn masks(x: BitMatrix<'_>, first: usize, n: usize, count: usize) -> [[u32; WORDS]; 32] {
    let mut on = [[0u32; WORDS]; 32];
    for k in 0..count.div_ceil(32) {
        let mut block = [0; 32];
        let rest = 32.min(count - 32 * k);
        for (e, block) in block.iter_mut().enumerate().take(rest) {
            *block = window(x.row(n + 32 * k + e), first);
        }
        transpose(&mut block);
        if let Some(bias) = x.cols().checked_sub(first).and_then(|i| block.get_mut(i)) {
            *bias = u32::MAX >> (32 - rest);
        }
        for (on, block) in on.iter_mut().zip(block) {
            on[k] = block;
        }
    }
    on
}

/// [`masks`] as lists.
#[inline(always)]
pub(crate) fn list<L: Lanes>(
    l: L,
    x: BitMatrix<'_>,
    first: usize,
    n: usize,
    count: usize,
    lists: &mut [List; 32],
) {
    for (list, on) in lists.iter_mut().zip(&masks(x, first, n, count)) {
        list.fill(l, on);
    }
}
