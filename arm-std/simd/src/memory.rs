//! Memory aligned to cache lines.

use bytemuck::{Pod, Zeroable};

/// Floats of a cache line.
pub const LINE: usize = 16;

/// A cache line.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// Zeroed `f32` or `u32` elements that start on a cache line.
///
/// From half a megabyte on they ask the system for large pages: the tiles of a weight matrix lie on more small pages than
/// a CPU remembers the addresses of.
#[derive(Debug, Default)]
pub struct Aligned {
    lines: Vec<Line>,
    first: usize,
    len: usize,
}

/// Bytes of a large page.
const PAGE: usize = 1 << 21;

impl Aligned {
    /// `len` elements, all zero.
    pub fn zeroed(len: usize) -> Self {
        let count = len.div_ceil(LINE);
        let bytes = count * size_of::<Line>();
        if bytes < PAGE / 4 {
            return Aligned { lines: vec![Line([0; LINE]); count], first: 0, len };
        }
        let count = (bytes.next_multiple_of(PAGE) + PAGE) / size_of::<Line>();
        let mut lines: Vec<Line> = Vec::with_capacity(count);
        let first = lines.as_ptr().align_offset(PAGE).min(PAGE / size_of::<Line>());
        // Asked before memory is touched for the first time, and again in case it has been used before.
        large_pages(&lines.spare_capacity_mut()[first..], HUGEPAGE);
        lines.resize(count, Line([0; LINE]));
        large_pages(&lines[first..], COLLAPSE);
        Aligned { lines, first, len }
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements as floats.
    #[inline]
    pub fn floats(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines[self.first..])[..self.len]
    }

    /// The elements as floats, writable.
    #[inline]
    pub fn floats_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines[self.first..])[..self.len]
    }

    /// The elements as words.
    #[inline]
    pub fn words(&self) -> &[u32] {
        &bytemuck::cast_slice(&self.lines[self.first..])[..self.len]
    }

    /// The elements as words, writable.
    #[inline]
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines[self.first..])[..self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Aligned::zeroed(self.len);
        copy.words_mut().copy_from_slice(self.words());
        copy
    }
}

/// Advice to the system: large pages when memory is touched first, and at once (Linux 6.1).
const HUGEPAGE: i32 = 14;
const COLLAPSE: i32 = 25;

/// Asks for large pages, where the system can be asked.
#[cfg(all(target_os = "linux", not(miri)))]
fn large_pages<T>(memory: &[T], advice: i32) {
    unsafe extern "C" {
        fn madvise(start: *const u8, bytes: usize, advice: i32) -> i32;
    }
    // SAFETY: these change no contents. If one is not taken, nothing is lost.
    let _ = unsafe { madvise(memory.as_ptr().cast(), size_of_val(memory) / PAGE * PAGE, advice) };
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn large_pages<T>(_: &[T], _: i32) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_zero() {
        let lens = [0, 1, 16, 17, PAGE / 16, PAGE];
        for len in lens.into_iter().take(if cfg!(miri) { 4 } else { 6 }) {
            let mut a = Aligned::zeroed(len);
            assert_eq!(a.floats(), vec![0.0; len]);
            assert_eq!(a.floats_mut().as_ptr() as usize % 64, 0);
            a.words_mut().fill(0x3f80_0000);
            assert_eq!((a.floats().len(), a.words().len()), (len, len));
            assert!(a.floats().iter().all(|&x| x == 1.0));
        }
    }
}
