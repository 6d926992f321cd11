//! Memory whose neighbours must not be touched.

use nix::libc::c_void;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// A multiple of every page size in use.
const PAGE: usize = 1 << 16;

/// Which end of the words is guarded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guard {
    /// They end where a page begins that ends the process when it is read or written.
    End,
    /// They begin where such a page ends.
    Start,
    /// On the heap, where AddressSanitizer watches both ends.
    Heap,
}

/// Words that are alone.
pub(crate) enum Guarded {
    Heap(Box<[u32]>),
    Map { map: NonNull<c_void>, bytes: usize, first: usize, len: usize },
}

impl Guarded {
    /// `len` words, all zero.
    pub(crate) fn zeroed(guard: Guard, len: usize) -> Self {
        let inner = (len * size_of::<u32>()).next_multiple_of(PAGE);
        let first = match guard {
            Guard::Heap => return Guarded::Heap(vec![0; len].into()),
            Guard::Start => PAGE,
            Guard::End => PAGE + inner - len * size_of::<u32>(),
        };
        let bytes = inner + 2 * PAGE;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: new memory, whose first and last page nothing refers to.
        let map = unsafe {
            let size = NonZeroUsize::new(bytes).unwrap();
            let map = mmap_anonymous(None, size, protection, MapFlags::MAP_PRIVATE).unwrap();
            mprotect(map, PAGE, ProtFlags::PROT_NONE).unwrap();
            mprotect(map.byte_add(PAGE + inner), PAGE, ProtFlags::PROT_NONE).unwrap();
            map
        };
        Guarded::Map { map, bytes, first, len }
    }

    pub(crate) fn words(&self) -> &[u32] {
        match self {
            Guarded::Heap(words) => words,
            // SAFETY: `len` words lie between the two pages, zeroed and borrowed with `self`.
            Guarded::Map { map, first, len, .. } => unsafe {
                std::slice::from_raw_parts(map.byte_add(*first).cast().as_ptr(), *len)
            },
        }
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u32] {
        match self {
            Guarded::Heap(words) => words,
            // SAFETY: as in `words`.
            Guarded::Map { map, first, len, .. } => unsafe {
                std::slice::from_raw_parts_mut(map.byte_add(*first).cast().as_ptr(), *len)
            },
        }
    }

    pub(crate) fn floats(&self) -> &[f32] {
        bytemuck::cast_slice(self.words())
    }

    pub(crate) fn floats_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(self.words_mut())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Guarded::Map { map, bytes, .. } = self {
            // SAFETY: nothing refers to it any more.
            unsafe { munmap(*map, *bytes).unwrap() }
        }
    }
}
