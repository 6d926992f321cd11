//! Parts of slices that must be there: a layout that asks for others is wrong. With debug assertions that stops the
//! program; without, nothing panics and what is missing is empty.

use core::slice::SliceIndex;

/// `range` of `data`.
#[inline(always)]
#[track_caller]
pub fn window<T, R: SliceIndex<[T], Output = [T]>>(data: &[T], range: R) -> &[T] {
    let found = data.get(range);
    debug_assert!(found.is_some(), "a window beyond the end of its slice");
    found.unwrap_or_default()
}

/// [`window`], writable.
#[inline(always)]
#[track_caller]
pub fn window_mut<T, R: SliceIndex<[T], Output = [T]>>(data: &mut [T], range: R) -> &mut [T] {
    let found = data.get_mut(range);
    debug_assert!(found.is_some(), "a window beyond the end of its slice");
    found.unwrap_or_default()
}
