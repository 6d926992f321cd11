//! Pointers from C become references only after they were looked at.

use crate::status::*;

/// A stretch of memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    bytes: usize,
}

impl Span {
    /// `count` values, which fit in memory.
    #[inline(always)]
    pub(crate) fn of<T>(pointer: *const T, count: usize) -> Self {
        Span { start: pointer.addr(), bytes: count.wrapping_mul(size_of::<T>()) }
    }

    /// Neither reaches beyond the end of the address space.
    #[inline(always)]
    pub(crate) fn overlaps(self, other: Span) -> bool {
        let (ahead, behind) = (other.start.wrapping_sub(self.start), self.start.wrapping_sub(other.start));
        self.bytes > 0 && other.bytes > 0 && (ahead < self.bytes || behind < other.bytes)
    }
}

impl Span {
    /// `Err(Overlap)` where it shares memory with `other`.
    #[inline(always)]
    pub(crate) fn clear_of(self, other: Span) -> Result<(), Refusal> {
        if self.overlaps(other) { Err(Refusal(SBN_ERROR_OVERLAP)) } else { Ok(()) }
    }
}

/// `Ok` for a pointer to a value that may be stored to while `block` is worked on, which is whole words.
#[inline(always)]
pub(crate) fn apart<T>(pointer: *const T, block: Span) -> Result<(), Refusal> {
    const { assert!(size_of::<T>() == align_of::<T>() && size_of::<T>() >= 4) };
    one(pointer)?;
    let ahead = pointer.addr().wrapping_sub(block.start);
    // What is aligned and a word begins in a block of words or is outside.
    let reaches = size_of::<T>() > 4 && block.start.wrapping_sub(pointer.addr()) < size_of::<T>();
    if ahead < block.bytes || reaches { Err(Refusal(SBN_ERROR_OVERLAP)) } else { Ok(()) }
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

/// [`check`] for a single value.
#[inline(always)]
pub(crate) fn one<T>(pointer: *const T) -> Result<Span, Refusal> {
    if pointer.is_null() {
        Err(Refusal(SBN_ERROR_NULL))
    } else if !pointer.is_aligned() {
        Err(Refusal(SBN_ERROR_MISALIGNED))
    } else {
        Ok(Span::of(pointer, 1))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_outside_a_block() {
        let words = [0.0f32; 4];
        let block = Span::of(&raw const words[1], 2);
        let found = |i: usize| apart(&raw const words[i], block).map_err(|Refusal(status)| status);
        assert_eq!([0, 1, 2, 3].map(found), [Ok(()), Err(SBN_ERROR_OVERLAP), Err(SBN_ERROR_OVERLAP), Ok(())]);
        // Words 1 to 5 of eight, which begin in the middle of a longer value.
        let longer = [0u64; 4];
        let block = Span::of(longer.as_ptr().cast::<u32>().wrapping_add(1), 5);
        let found = |i: usize| apart(&raw const longer[i], block).map_err(|Refusal(status)| status);
        let inside = Err(SBN_ERROR_OVERLAP);
        assert_eq!([0, 1, 2, 3].map(found), [inside, inside, inside, Ok(())]);
    }

    #[test]
    fn what_shares_a_byte_overlaps() {
        let span = |start: usize, bytes: usize| Span { start, bytes };
        for (a, b, shared) in [
            (span(8, 4), span(12, 4), false),
            (span(8, 5), span(12, 4), true),
            (span(8, 16), span(12, 4), true),
            (span(8, 4), span(8, 4), true),
            (span(8, 16), span(12, 0), false),
            (span(usize::MAX - 8, 8), span(0, 8), false),
            (span(usize::MAX - 8, 8), span(usize::MAX - 1, 1), true),
        ] {
            assert_eq!((a.overlaps(b), b.overlaps(a)), (shared, shared), "{a:?} {b:?}");
        }
    }
}
