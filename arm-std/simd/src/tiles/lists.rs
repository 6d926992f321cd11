//! What products with bits share: lists of the set ones, whose rows are summed a panel of up to eight vectors at a time in
//! registers.

use super::panel::Panel;
use super::sum::load;
use crate::lanes::Lanes;
use arm_core::matrix::BitMatrix;

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
            // After k words the list has at most 32 k elements, and there is room for 32 more.
            if let Some(to) = self.index.get_mut(self.len..).and_then(|rest| rest.first_chunk_mut()) {
                self.len += l.list(word, 32 * k as u16, to);
            }
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

/// Adds the listed rows of `from`, times `a` if there is one; of the last vector only `lanes` lanes.
///
/// # Safety
/// The panel must be readable in each of these rows.
#[inline(always)]
pub(crate) unsafe fn add_rows<L: Lanes, const C: usize>(
    l: L,
    list: &[u16],
    from: Panel<'_>,
    stride: usize,
    lanes: usize,
    a: Option<f32>,
    sums: &mut [L::V; C],
) {
    let mut s = *sums;
    let mask = l.mask(lanes);
    for &i in list {
        let row = from.from(usize::from(i) * stride);
        // SAFETY: the caller's promise.
        let row: [L::V; C] = unsafe { load(l, row, lanes, mask) };
        for (s, v) in s.iter_mut().zip(row) {
            *s = match a {
                Some(a) => l.fma(l.splat(a), v, *s),
                None => l.add(v, *s),
            };
        }
    }
    *sums = s;
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

/// [`masks`] as lists, for as many inputs as there are.
#[inline(always)]
pub(crate) fn list<L: Lanes>(
    l: L,
    x: BitMatrix<'_>,
    first: usize,
    n: usize,
    count: usize,
    lists: &mut [List],
) {
    for (list, on) in lists.iter_mut().zip(&masks(x, first, n, count)) {
        list.fill(l, on);
    }
}
