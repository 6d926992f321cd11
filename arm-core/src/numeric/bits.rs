//! Packed binary vectors: bit `i` of a row is bit `i % 32` of word `i / 32`; unused high bits are zero.

/// Words of 32 bits that `bits` bits take; no more than `usize::MAX - 31` are asked for.
pub const fn words(bits: usize) -> usize {
    bits.wrapping_add(31) / 32
}

/// Bit i becomes bit i - n; bits below n are gone.
pub fn shift_down(bits: &mut [u32], n: usize) {
    let (whole, part) = (n / 32, n % 32);
    for k in 0..bits.len() {
        let word = |i: usize| u64::from(bits.get(i).copied().unwrap_or(0));
        let pair = word(k + whole) | word(k + whole + 1) << 32;
        if let Some(out) = bits.get_mut(k) {
            *out = (pair >> part) as u32;
        }
    }
}

/// A binary vector, borrowed: one sample b, or one binary input x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<'a> {
    words: &'a [u32],
    len: usize,
}

impl<'a> Bits<'a> {
    /// The vector of no units.
    pub const EMPTY: Self = Bits { words: &[], len: 0 };

    /// The first `len` bits of `words`; `None` when there are fewer than `words(len)` words.
    pub fn new(words_of: &'a [u32], len: usize) -> Option<Self> {
        words_of.get(..words(len)).map(|words| Bits { words, len })
    }

    /// Number of units.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no units at all.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// DrawRule `i`; `false` beyond the end.
    #[inline]
    pub fn get(&self, i: usize) -> bool {
        i < self.len && self.words.get(i / 32).is_some_and(|w| w >> (i % 32) & 1 == 1)
    }

    /// The packed words.
    pub const fn words(&self) -> &'a [u32] {
        self.words
    }

    /// Number of units that are one.
    pub fn count_ones(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Indices of the units that are one, ascending.
    #[inline]
    pub fn ones(&self) -> Ones<'a> {
        Ones::over(self.words)
    }

    /// Indices of the units in which `self` and `other` differ, ascending.
    pub fn differing(&self, other: Bits<'a>) -> impl Iterator<Item = usize> + use<'a> {
        let pairs = self.words.iter().zip(other.words).enumerate();
        pairs.flat_map(|(k, (a, b))| WordOnes(a ^ b).map(move |i| k * 32 + i))
    }

    /// All units in order.
    pub fn iter(&self) -> impl Iterator<Item = bool> + use<'a> {
        let bits = *self;
        (0..self.len).map(move |i| bits.get(i))
    }
}

/// The set bits of one word.
struct WordOnes(u32);

impl Iterator for WordOnes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let i = self.0.trailing_zeros() as usize;
        if self.0 == 0 {
            return None;
        }
        self.0 &= self.0 - 1;
        Some(i)
    }
}

/// Iterator over the indices of set bits: see [`Bits::ones`].
#[derive(Clone, Debug)]
pub struct Ones<'a> {
    rest: core::slice::Iter<'a, u32>,
    word: u32,
    base: usize,
}

impl<'a> Ones<'a> {
    #[inline]
    fn over(words: &'a [u32]) -> Self {
        Ones { rest: words.iter(), word: 0, base: 0usize.wrapping_sub(32) }
    }
}

impl Iterator for Ones<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.word == 0 {
            self.word = *self.rest.next()?;
            self.base = self.base.wrapping_add(32);
        }
        let i = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(self.base.wrapping_add(i))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn iterates_over_set_and_differing_bits() {
        let a = Bits::new(&[0x8000_0001, 0, 0b110], 67).unwrap();
        assert_eq!(a.ones().collect::<Vec<_>>(), [0, 31, 65, 66]);
        assert_eq!(a.count_ones(), 4);
        assert_eq!(a.iter().filter(|&b| b).count(), 4);
        let b = Bits::new(&[1, 1, 0b010], 67).unwrap();
        assert_eq!(a.differing(b).collect::<Vec<_>>(), [31, 32, 66]);
        assert!(a.get(66) && !a.get(1) && !a.get(67) && !a.get(usize::MAX));
    }

    #[test]
    fn too_few_words_are_refused() {
        assert!(Bits::new(&[0, 0], 65).is_none());
        assert!(Bits::new(&[], 0).unwrap().is_empty());
        assert_eq!(Bits::new(&[], 0).unwrap().ones().next(), None);
    }
}
