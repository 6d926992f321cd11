//! Where the units of short rows lie, 32 at a time.

use super::super::{ABSENT, N, Word};
use crate::lanes::{Lanes, SIDE};

/// Units of the longest row.
const LONGEST: usize = 64;

/// Rows of units that lie `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) units: usize,
    stride: usize,
    count: usize,
}

/// Where 32 units lie: the first of each half, and how many of its 16 there are.
#[derive(Clone, Copy)]
pub(super) struct WordLayout {
    at: [usize; 2],
    used: [usize; 2],
}

impl WordLayout {
    /// The units that are not there.
    #[inline(always)]
    pub(super) fn absent(self) -> u32 {
        let [low, high] = self.used.map(|used| u32::from(u16::MAX.checked_shl(used as u32).unwrap_or(0)));
        low | high << SIDE
    }

    /// What is there.
    #[inline(always)]
    pub(super) fn load<L: Lanes>(self, l: L, from: &[f32]) -> Word {
        let mut word = Word([ABSENT; N]);
        for h in 0..2 {
            for i in (0..self.used[h]).step_by(L::N) {
                let count = L::N.min(self.used[h] - i);
                let v = l.read_some(&from[self.at[h] + i..][..count]);
                let absent = l.read(&PADS.0[SIDE - count..]);
                l.write(&mut word.0[h * SIDE + i..], l.add(v, absent));
            }
        }
        word
    }

    /// Writes what is to be there.
    #[inline(always)]
    pub(super) fn store<L: Lanes>(self, l: L, word: &Word, to: &mut [f32]) {
        for h in 0..2 {
            for i in (0..self.used[h]).step_by(L::N) {
                let count = L::N.min(self.used[h] - i);
                let v = l.read(&word.0[h * SIDE + i..]);
                l.write_some(&mut to[self.at[h] + i..][..count], v);
            }
        }
    }
}

/// Nothing for 16 units, then what makes zeros absent.
static PADS: Word = {
    let mut pads = [0.0; N];
    let mut i = SIDE;
    while i < N {
        pads[i] = ABSENT;
        i += 1;
    }
    Word(pads)
};

impl Rows {
    /// `count` rows, where they are short enough and whole vectors. It is so whatever their number.
    #[inline(always)]
    pub(super) fn new(units: usize, stride: usize, count: usize, lens: [usize; 2]) -> Option<Self> {
        let fit = stride.is_multiple_of(SIDE) && lens.iter().all(|len| count * stride <= *len);
        ((1..=LONGEST).contains(&units) && fit).then_some(Rows { units, stride, count })
    }

    /// Rows in a word.
    #[inline(always)]
    pub(super) fn in_word(self) -> usize {
        if self.units <= SIDE { 2 } else { 1 }
    }

    /// Word `k` of `row`, or of it and the next one; behind the last row it is there again.
    #[inline(always)]
    pub(super) fn layout(self, row: usize, k: usize) -> WordLayout {
        let start = row * self.stride;
        if self.units <= SIDE {
            let next = (row + 1).min(self.count - 1) * self.stride;
            return WordLayout { at: [start, next], used: [self.units; 2] };
        }
        let rest = self.units - k * N;
        let (low, high) = (rest.min(SIDE), rest.saturating_sub(SIDE).min(SIDE));
        // An empty half lies where the other does.
        let at = start + k * N;
        WordLayout { at: [at, if high > 0 { at + SIDE } else { at }], used: [low, high] }
    }

    /// The words of a group's rows from `first`, looked up before anything is in registers. Of short rows a word has two.
    #[inline(always)]
    pub(super) fn bits<'b>(
        self,
        first: usize,
        count: usize,
        b: &dyn Fn(usize) -> &'b [u32],
    ) -> [[u32; 2]; SIDE] {
        let mut words = [[0; 2]; SIDE];
        for (words, row) in words.iter_mut().zip(first..first + count) {
            for (word, b) in words.iter_mut().zip(b(row)) {
                *word = *b;
            }
        }
        if self.in_word() == 2 {
            for row in (0..count).step_by(2) {
                let next = words[(row + 1).min(count - 1)][0] << SIDE;
                words[row][0] = words[row][0] & u32::from(u16::MAX) | next;
            }
        }
        words
    }

    /// Groups of as many rows as are summed together.
    #[inline(always)]
    pub(super) fn groups(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.count).step_by(SIDE).map(move |first| (first, SIDE.min(self.count - first)))
    }
}
