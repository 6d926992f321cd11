//! A slice cut into chunks of equal length. Unlike `chunks_exact` it never divides, so that no zero can be divided by.

/// The chunks in order; a shorter rest is left out. See [`chunks`].
#[derive(Clone, Debug)]
pub(crate) struct Chunks<'a, T> {
    rest: &'a [T],
    size: usize,
}

/// The chunks in order, writable. See [`chunks_mut`].
#[derive(Debug)]
pub(crate) struct ChunksMut<'a, T> {
    rest: &'a mut [T],
    size: usize,
}

/// Cuts `all` into chunks of `size` elements, at least one.
#[inline(always)]
pub(crate) fn chunks<T>(all: &[T], size: usize) -> Chunks<'_, T> {
    Chunks { rest: all, size: size.max(1) }
}

/// Cuts `all` into writable chunks of `size` elements, at least one.
#[inline(always)]
pub(crate) fn chunks_mut<T>(all: &mut [T], size: usize) -> ChunksMut<'_, T> {
    ChunksMut { rest: all, size: size.max(1) }
}

impl<'a, T> Iterator for Chunks<'a, T> {
    type Item = &'a [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [T]> {
        let (head, tail) = self.rest.split_at_checked(self.size)?;
        self.rest = tail;
        Some(head)
    }

    /// Goes there in one step.
    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a [T]> {
        self.rest = self.rest.get(n.checked_mul(self.size)?..)?;
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.rest.len().checked_div(self.size).unwrap_or(0);
        (n, Some(n))
    }
}

impl<'a, T> Iterator for ChunksMut<'a, T> {
    type Item = &'a mut [T];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a mut [T]> {
        if self.size > self.rest.len() {
            return None;
        }
        let (head, tail) = core::mem::take(&mut self.rest).split_at_mut_checked(self.size)?;
        self.rest = tail;
        Some(head)
    }

    /// Goes there in one step.
    #[inline(always)]
    fn nth(&mut self, n: usize) -> Option<&'a mut [T]> {
        let (_, tail) = core::mem::take(&mut self.rest).split_at_mut_checked(n.checked_mul(self.size)?)?;
        self.rest = tail;
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self.rest.len().checked_div(self.size).unwrap_or(0);
        (n, Some(n))
    }
}

impl<T> ExactSizeIterator for Chunks<'_, T> {}
impl<T> ExactSizeIterator for ChunksMut<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_slice() {
        let mut p = chunks(&[1, 2, 3, 4, 5], 2);
        assert_eq!(p.len(), 2);
        assert_eq!((p.next(), p.next(), p.next()), (Some(&[1, 2][..]), Some(&[3, 4][..]), None));
        assert_eq!(chunks(&[1, 2], 0).count(), 2);
        let mut data = [1, 2, 3];
        assert_eq!(chunks_mut(&mut data, 1).nth(2), Some(&mut [3][..]));
        assert_eq!(chunks_mut(&mut data, 2).nth(1), None);
        for part in chunks_mut(&mut data, 2) {
            part.fill(7);
        }
        assert_eq!(data, [7, 7, 3]);
    }
}
