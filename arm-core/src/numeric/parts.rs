//! A slice cut into parts of equal length. Unlike `chunks_exact` it never divides, so that no zero can be divided by.

/// The parts in order; a shorter rest is left out. See [`parts`].
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a, T> {
    rest: &'a [T],
    size: usize,
}

/// The parts in order, writable. See [`parts_mut`].
#[derive(Debug)]
pub(crate) struct PartsMut<'a, T> {
    rest: &'a mut [T],
    size: usize,
}

/// Cuts `all` into parts of `size` elements, at least one.
#[inline(always)]
pub(crate) fn parts<T>(all: &[T], size: usize) -> Parts<'_, T> {
    Parts { rest: all, size: size.max(1) }
}

/// Cuts `all` into writable parts of `size` elements, at least one.
#[inline(always)]
pub(crate) fn parts_mut<T>(all: &mut [T], size: usize) -> PartsMut<'_, T> {
    PartsMut { rest: all, size: size.max(1) }
}

/// `n` elements from `start` on, or none where there are fewer.
#[inline(always)]
pub(crate) fn slice<T>(all: &mut [T], start: usize, n: usize) -> &mut [T] {
    all.get_mut(start..).and_then(|rest| rest.get_mut(..n)).unwrap_or_default()
}

impl<'a, T> Iterator for Parts<'a, T> {
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

impl<'a, T> Iterator for PartsMut<'a, T> {
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

impl<T> ExactSizeIterator for Parts<'_, T> {}
impl<T> ExactSizeIterator for PartsMut<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_slice() {
        let mut p = parts(&[1, 2, 3, 4, 5], 2);
        assert_eq!(p.len(), 2);
        assert_eq!((p.next(), p.next(), p.next()), (Some(&[1, 2][..]), Some(&[3, 4][..]), None));
        assert_eq!(parts(&[1, 2], 0).count(), 2);
        let mut data = [1, 2, 3];
        assert_eq!(parts_mut(&mut data, 1).nth(2), Some(&mut [3][..]));
        assert_eq!(parts_mut(&mut data, 2).nth(1), None);
        for part in parts_mut(&mut data, 2) {
            part.fill(7);
        }
        assert_eq!(data, [7, 7, 3]);
    }
}
