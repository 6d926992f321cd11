//! Memory aligned to cache lines.

use bytemuck::{Pod, Zeroable};

/// Floats of a cache line.
pub const LINE: usize = 16;

/// A cache line.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// Zeroed `f32` or `u32` elements that start on a cache line.
#[derive(Clone, Debug, Default)]
pub struct Aligned {
    lines: Vec<Line>,
    len: usize,
}

impl Aligned {
    /// `len` elements, all zero.
    pub fn zeroed(len: usize) -> Self {
        Aligned { lines: vec![Line([0; 16]); len.div_ceil(16)], len }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The elements as floats.
    pub fn floats(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// The elements as floats, writable.
    pub fn floats_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }

    /// The elements as words.
    pub fn words(&self) -> &[u32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// The elements as words, writable.
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_zero() {
        for len in [0, 1, 16, 17] {
            let mut a = Aligned::zeroed(len);
            assert_eq!(a.floats(), vec![0.0; len]);
            assert_eq!(a.floats_mut().as_ptr() as usize % 64, 0);
            a.words_mut().fill(0x3f80_0000);
            assert_eq!((a.floats().len(), a.words().len()), (len, len));
            assert!(a.floats().iter().all(|&x| x == 1.0));
        }
    }
}
