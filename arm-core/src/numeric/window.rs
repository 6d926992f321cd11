//! Parts of slices that must be there: a layout that asks for others is wrong. With debug assertions that stops the
//! program; without, nothing panics and what is missing is empty.

pub(crate) use arm_vfp::{window, window_mut};
use bytemuck::Pod;

/// The first `n` elements and the rest.
#[inline(always)]
#[track_caller]
pub(crate) fn split_mut<T>(data: &mut [T], n: usize) -> (&mut [T], &mut [T]) {
    let found = data.split_at_mut_checked(n);
    debug_assert!(found.is_some(), "a slice that is split beyond its end");
    found.unwrap_or_default()
}

/// Block `i` of `data`, of `size` elements each.
#[inline(always)]
#[track_caller]
pub(crate) fn block<T>(data: &[T], size: usize, i: usize) -> &[T] {
    let found = super::chunks::chunks(data, size).nth(i);
    debug_assert!(found.is_some() || size == 0, "a block beyond the end of its slice");
    found.unwrap_or_default()
}

/// [`block`], writable.
#[inline(always)]
#[track_caller]
pub(crate) fn block_mut<T>(data: &mut [T], size: usize, i: usize) -> &mut [T] {
    let found = super::chunks::chunks_mut(data, size).nth(i);
    debug_assert!(found.is_some() || size == 0, "a block beyond the end of its slice");
    found.unwrap_or_default()
}

/// Element `i`.
#[inline(always)]
#[track_caller]
pub(crate) fn element<T: Copy + Default>(data: &[T], i: usize) -> T {
    debug_assert!(i < data.len(), "an element beyond the end of its slice");
    data.get(i).copied().unwrap_or_default()
}

/// Element `i`, writable.
#[inline(always)]
#[track_caller]
pub(crate) fn element_mut<T>(data: &mut [T], i: usize) -> Option<&mut T> {
    debug_assert!(i < data.len(), "an element beyond the end of its slice");
    data.get_mut(i)
}

/// Words as numbers of a kind that is no larger and no more aligned.
#[inline(always)]
#[track_caller]
pub(crate) fn cast<T: Pod>(words: &[u32]) -> &[T] {
    let found = bytemuck::try_cast_slice(words);
    debug_assert!(found.is_ok(), "words that are no whole numbers of this kind");
    found.unwrap_or_default()
}

/// [`cast`], writable.
#[inline(always)]
#[track_caller]
pub(crate) fn cast_mut<T: Pod>(words: &mut [u32]) -> &mut [T] {
    let found = bytemuck::try_cast_slice_mut(words);
    debug_assert!(found.is_ok(), "words that are no whole numbers of this kind");
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found() {
        let mut data = [1, 2, 3, 4, 5];
        assert_eq!(window(&data, 1..3), [2, 3]);
        assert_eq!(block(&data, 2, 1), [3, 4]);
        assert_eq!(element(&data, 4), 5);
        block_mut(&mut data, 2, 0).fill(7);
        window_mut(&mut data, 4..).fill(9);
        assert_eq!(split_mut(&mut data, 2), (&mut [7, 7][..], &mut [3, 4, 9][..]));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "beyond the end")]
    fn what_is_not_there_is_noticed() {
        window(&[1, 2], 1..3);
    }

    #[test]
    #[cfg(not(debug_assertions))]
    fn what_is_not_there_is_empty() {
        assert!(window(&[1, 2], 1..3).is_empty());
    }
}
