//! Pointers from C become references only after they were looked at.

use crate::status::*;

/// A stretch of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    bytes: usize,
}

impl Span {
    pub(crate) fn of<T>(pointer: *const T, count: usize) -> Self {
        Span { start: pointer.addr(), bytes: count.saturating_mul(size_of::<T>()) }
    }

    pub(crate) fn overlaps(self, other: Span) -> bool {
        self.bytes > 0
            && other.bytes > 0
            && self.start < other.start.saturating_add(other.bytes)
            && other.start < self.start.saturating_add(self.bytes)
    }
}

/// `Ok` for a pointer that may point to `count` values of `T`; it may be null only for none.
pub(crate) fn check<T>(pointer: *const T, count: usize) -> Result<Span, Refusal> {
    if count == 0 {
        return Ok(Span { start: 0, bytes: 0 });
    }
    if pointer.is_null() {
        return Err(Refusal(SBN_ERROR_NULL));
    }
    if !pointer.is_aligned() {
        return Err(Refusal(SBN_ERROR_MISALIGNED));
    }
    let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
    let fits = bytes.is_some_and(|bytes| pointer.addr().checked_add(bytes).is_some());
    if fits { Ok(Span::of(pointer, count)) } else { Err(Refusal(SBN_ERROR_SIZE)) }
}

/// The `count` values at `pointer`.
///
/// # Safety
///
/// Passed [`check`], and the caller of the C function promised that they are there and nobody writes to them meanwhile.
pub(crate) unsafe fn slice<'a, T: Copy>(pointer: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: not null, aligned, of a size that fits (`check`); there, initialised and not written to (the caller).
    unsafe { core::slice::from_raw_parts(pointer, count) }
}

/// [`slice`], writable.
///
/// # Safety
///
/// As [`slice`], and nobody reads them meanwhile.
pub(crate) unsafe fn slice_mut<'a, T: Copy>(pointer: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 {
        return &mut [];
    }
    // SAFETY: as in `slice`; overlap with the network's memory was refused before.
    unsafe { core::slice::from_raw_parts_mut(pointer, count) }
}
