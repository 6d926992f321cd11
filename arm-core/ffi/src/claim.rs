//! The mark of a block: who may touch what is behind it.
//!
//! Every call claims the block before it reads anything else of it, and gives it back when it is done. Whoever comes in
//! between, an interrupt, another thread or a callback, finds it taken.

use crate::status::{SBN_ERROR_BUSY, SBN_ERROR_MEMORY};

/// There is a network that nobody works with.
pub(crate) const READY: u32 = u32::from_le_bytes(*b"SBN2");
/// Somebody works with it.
pub(crate) const BUSY: u32 = u32::from_le_bytes(*b"SBN~");

/// Takes the block if it is [`READY`].
///
/// # Safety
///
/// `mark` is aligned and points to a word of the caller's, which nobody reads or writes but by this module.
#[inline(always)]
pub(crate) unsafe fn claim(mark: *mut u32) -> Result<(), i32> {
    // SAFETY: the caller's promise.
    match unsafe { exchange(mark, READY) } {
        READY => Ok(()),
        BUSY => Err(SBN_ERROR_BUSY),
        _ => Err(SBN_ERROR_MEMORY),
    }
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
        if unsafe { exchange(mark, seen) } == seen {
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
    // SAFETY: aligned and there; a word may be read while an interrupt writes it.
    unsafe { core::ptr::read_volatile(mark) }
}

/// Gives the block back, with this mark.
///
/// # Safety
///
/// As [`claim`]; the caller has claimed it.
#[inline(always)]
pub(crate) unsafe fn release(mark: *mut u32, with: u32) {
    core::sync::atomic::fence(core::sync::atomic::Ordering::Release);
    // SAFETY: aligned and there, and the caller's alone until this word is written.
    unsafe { core::ptr::write_volatile(mark, with) };
}

/// [`BUSY`] in the place of `expected`, at once; what was there.
#[cfg(target_has_atomic = "32")]
#[inline(always)]
unsafe fn exchange(mark: *mut u32, expected: u32) -> u32 {
    use core::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Relaxed};
    // SAFETY: aligned and there, any bits are valid, and nobody holds a reference to the word across a call.
    let mark = unsafe { AtomicU32::from_ptr(mark) };
    mark.compare_exchange(expected, BUSY, Acquire, Relaxed).unwrap_or_else(|found| found)
}

/// The same in a critical section, where no instruction exchanges (Cortex-M0, M0+; RISC-V without A).
#[cfg(not(target_has_atomic = "32"))]
#[inline(always)]
unsafe fn exchange(mark: *mut u32, expected: u32) -> u32 {
    // SAFETY: the two belong together, and are left in the order in which they were entered. The word is aligned and there;
    // nobody else comes between reading and writing.
    unsafe {
        let before = sbn_enter_critical();
        let found = core::ptr::read_volatile(mark);
        if found == expected {
            core::ptr::write_volatile(mark, BUSY);
        }
        sbn_leave_critical(before);
        found
    }
}

#[cfg(not(target_has_atomic = "32"))]
unsafe extern "C" {
    /// Lets nobody else in, neither interrupt nor core; what [`sbn_leave_critical`] wants back. A firmware may define its own.
    unsafe fn sbn_enter_critical() -> u32;
    /// Lets others in again, if they were before.
    unsafe fn sbn_leave_critical(before: u32);
}

// Weak, so that those of a firmware are taken where it has some: interrupts are masked, which keeps one core to itself.
#[cfg(all(not(target_has_atomic = "32"), target_arch = "arm", target_os = "none"))]
core::arch::global_asm!(
    ".section .text.sbn_critical, \"ax\", %progbits",
    ".weak sbn_enter_critical",
    ".type sbn_enter_critical, %function",
    ".thumb_func",
    "sbn_enter_critical:",
    "mrs r0, primask",
    "cpsid i",
    "bx lr",
    ".weak sbn_leave_critical",
    ".type sbn_leave_critical, %function",
    ".thumb_func",
    "sbn_leave_critical:",
    "msr primask, r0",
    "bx lr",
    ".text",
);

#[cfg(all(not(target_has_atomic = "32"), target_arch = "riscv32", target_os = "none"))]
core::arch::global_asm!(
    ".section .text.sbn_critical, \"ax\", %progbits",
    ".weak sbn_enter_critical",
    ".type sbn_enter_critical, %function",
    "sbn_enter_critical:",
    "csrrci a0, mstatus, 8",
    "ret",
    ".weak sbn_leave_critical",
    ".type sbn_leave_critical, %function",
    "sbn_leave_critical:",
    "andi a0, a0, 8",
    "csrs mstatus, a0",
    "ret",
    ".text",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_taken_once() {
        let mut mark = 7;
        let mark = &raw mut mark;
        // SAFETY: one word, touched by nobody else.
        unsafe {
            assert_eq!(claim(mark), Err(SBN_ERROR_MEMORY));
            assert_eq!(claim_any(mark), Ok(7));
            assert_eq!((claim(mark), claim_any(mark)), (Err(SBN_ERROR_BUSY), Err(SBN_ERROR_BUSY)));
            release(mark, READY);
            assert_eq!((claim(mark), look(mark)), (Ok(()), BUSY));
        }
    }

    #[test]
    fn of_two_threads_one_takes_it() {
        use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
        let (mark, inside, most) = (AtomicU32::new(READY), AtomicUsize::new(0), AtomicUsize::new(0));
        let taken: usize = std::thread::scope(|scope| {
            let work = || {
                (0..20_000)
                    .filter(|_| {
                        // SAFETY: the word outlives the threads.
                        if unsafe { claim(mark.as_ptr()) }.is_err() {
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
