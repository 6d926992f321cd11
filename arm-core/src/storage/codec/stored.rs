use crate::numeric::LIMIT;

/// A parameter as bytes.
pub trait Stored: Copy + Default {
    /// How many lie in a word of four bytes.
    const PER_WORD: usize;

    /// Whether it may be stored and loaded.
    fn valid(self) -> bool;

    /// The next word of parameters; none where `next` has none.
    fn word(next: impl FnMut() -> Option<Self>) -> Option<u32>;

    /// Parameter `i` of a word.
    fn of(word: u32, i: usize) -> Self;
}

impl Stored for f32 {
    const PER_WORD: usize = 1;

    #[inline(always)]
    fn valid(self) -> bool {
        self.abs() <= LIMIT
    }

    #[inline(always)]
    fn word(mut next: impl FnMut() -> Option<f32>) -> Option<u32> {
        next().map(f32::to_bits)
    }

    #[inline(always)]
    fn of(word: u32, _: usize) -> f32 {
        f32::from_bits(word)
    }
}

impl Stored for i16 {
    const PER_WORD: usize = 2;

    #[inline(always)]
    fn valid(self) -> bool {
        true
    }

    #[inline(always)]
    fn word(mut next: impl FnMut() -> Option<i16>) -> Option<u32> {
        let low = next()?;
        let high = next().unwrap_or(0);
        Some(u32::from(low as u16) | u32::from(high as u16) << 16)
    }

    #[inline(always)]
    fn of(word: u32, i: usize) -> i16 {
        (word >> (16 * i)) as i16
    }
}
