//! The mark of a block: who may touch what is behind it.
//!
//! Every call claims the block before it reads anything else of it, and gives it back when it is done. Whoever comes in
//! between, an interrupt, another thread or a callback, finds it taken.

use crate::status::{SBN_ERROR_BUSY, SBN_ERROR_MEMORY};
use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// Somebody works with it. Of four equal bytes, which one instruction makes.
pub(crate) const BUSY: u32 = u32::from_le_bytes(*b"~~~~");

/// Takes the block if its mark is `ready`, that of a network that nobody works with.
///
/// # Safety
///
/// `mark` is aligned and points to a word of the caller's, which nobody reads or writes but by this module.
#[inline(always)]
pub(crate) unsafe fn claim(mark: *mut u32, ready: u32) -> Result<(), i32> {
    // SAFETY: the caller's promise.
    unsafe { exchange(mark, ready) }.map_err(refused)
}

/// What is said where something else was found. A call, so that it costs nothing where it is not made.
#[cold]
#[inline(never)]
pub(crate) fn refused(found: u32) -> i32 {
    if found == BUSY { SBN_ERROR_BUSY } else { SBN_ERROR_MEMORY }
}

/// Takes the block, whatever it holds, unless it is [`BUSY`]; what it held.
///
/// # Safety
///
/// As [`claim`].
pub(crate) unsafe fn claim_any(mark: *mut u32) -> Result<u32, i32> {
    loop {
        // SAFETY: the caller's promise.
        let seen = unsafe { look(mark) };
        if seen == BUSY {
            return Err(SBN_ERROR_BUSY);
        }
        // SAFETY: the caller's promise.
        if unsafe { exchange(mark, seen) }.is_ok() {
            return Ok(seen);
        }
    }
}

/// What the mark says.
///
/// # Safety
///
/// As [`claim`].
#[inline(always)]
pub(crate) unsafe fn look(mark: *const u32) -> u32 {
    // SAFETY: aligned and there, any bits are valid, and the word is written as an atomic one alone.
    unsafe { AtomicU32::from_ptr(mark.cast_mut()) }.load(Acquire)
}

/// Gives the block back, with this mark.
///
/// # Safety
///
/// As [`claim`]; the caller has claimed it.
#[inline(always)]
pub(crate) unsafe fn release(mark: *mut u32, with: u32) {
    // SAFETY: as in `look`.
    unsafe { AtomicU32::from_ptr(mark) }.store(with, Release);
}

/// [`BUSY`] in the place of `expected`, at once; where something else was there, that is the error.
///
/// # Safety
///
/// As [`claim`].
#[cfg(target_has_atomic = "32")]
#[inline(always)]
unsafe fn exchange(mark: *mut u32, expected: u32) -> Result<(), u32> {
    // SAFETY: as in `look`.
    let mark = unsafe { AtomicU32::from_ptr(mark) };
    mark.compare_exchange(expected, BUSY, Acquire, Relaxed).map(|_| ())
}

/// The same with interrupts masked, where no instruction exchanges (Cortex-M0, M0+; RISC-V without A).
///
/// # Safety
///
/// As [`claim`]; the code may mask interrupts (privileged or in machine mode), and no other core works with the block.
#[cfg(not(target_has_atomic = "32"))]
#[inline(always)]
unsafe fn exchange(mark: *mut u32, expected: u32) -> Result<(), u32> {
    // SAFETY: as in `look`.
    let mark = unsafe { AtomicU32::from_ptr(mark) };
    // Nobody comes between reading and writing.
    masked(|| {
        let found = mark.load(Relaxed);
        if found != expected {
            return Err(found);
        }
        mark.store(BUSY, Relaxed);
        Ok(())
    })
}

#[cfg(all(not(target_has_atomic = "32"), target_arch = "arm"))]
#[inline(always)]
fn masked<R>(work: impl FnOnce() -> R) -> R {
    let before: u32;
    // SAFETY: reads the mask and sets it. Without the option `nomem`, the compiler moves no access to memory across it.
    unsafe {
        core::arch::asm!("mrs {}, primask", "cpsid i", out(reg) before, options(nostack, preserves_flags))
    };
    let result = work();
    // SAFETY: restores the mask.
    unsafe { core::arch::asm!("msr primask, {}", in(reg) before, options(nostack, preserves_flags)) };
    result
}

#[cfg(all(not(target_has_atomic = "32"), target_arch = "riscv32"))]
#[inline(always)]
fn masked<R>(work: impl FnOnce() -> R) -> R {
    let before: usize;
    // SAFETY: reads the machine's interrupt enable and clears it. Without `nomem`, no access to memory moves across it.
    unsafe { core::arch::asm!("csrrci {}, mstatus, 8", out(reg) before, options(nostack)) };
    let result = work();
    // SAFETY: restores it.
    unsafe { core::arch::asm!("csrs mstatus, {}", in(reg) before & 8, options(nostack)) };
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: u32 = 1;

    #[test]
    fn a_block_is_taken_once() {
        let mut mark = 7;
        let mark = &raw mut mark;
        // SAFETY: one word, touched by nobody else.
        unsafe {
            assert_eq!(claim(mark, READY), Err(SBN_ERROR_MEMORY));
            assert_eq!(claim_any(mark), Ok(7));
            assert_eq!((claim(mark, READY), claim_any(mark)), (Err(SBN_ERROR_BUSY), Err(SBN_ERROR_BUSY)));
            release(mark, READY);
            assert_eq!((claim(mark, READY), look(mark)), (Ok(()), BUSY));
        }
    }

    #[test]
    fn of_two_threads_one_takes_it() {
        use std::sync::atomic::AtomicUsize;
        let (mark, inside, most) = (AtomicU32::new(READY), AtomicUsize::new(0), AtomicUsize::new(0));
        let taken: usize = std::thread::scope(|scope| {
            let work = || {
                (0..20_000)
                    .filter(|_| {
                        // SAFETY: the word outlives the threads.
                        if unsafe { claim(mark.as_ptr(), READY) }.is_err() {
                            return false;
                        }
                        most.fetch_max(inside.fetch_add(1, Relaxed) + 1, Relaxed);
                        inside.fetch_sub(1, Relaxed);
                        // SAFETY: claimed above.
                        unsafe { release(mark.as_ptr(), READY) };
                        true
                    })
                    .count()
            };
            let threads: std::vec::Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(most.load(Relaxed) == 1 && taken > 0, "{most:?} at a time, {taken} in all");
    }
}
