//! How much stack a call takes, by painting the stack below it.

/// Words that are painted: more than any call here may take.
const PAINTED: usize = 512;
const PAINT: u32 = 0xa5c3_5ac3;

/// Runs `f` and returns how many bytes of stack below this call it wrote to, at most 2 KB.
#[inline(never)]
pub fn used(f: impl FnOnce()) -> usize {
    let here = pointer().cast::<u32>();
    for i in 1..=PAINTED {
        // SAFETY: below the stack pointer nothing is alive; images leave far more than 2 KB to the stack.
        unsafe { here.sub(i).write_volatile(PAINT) };
    }
    call(f);
    // SAFETY: as above.
    let untouched = (1..=PAINTED).rev().take_while(|&i| unsafe { here.sub(i).read_volatile() } == PAINT).count();
    4 * (PAINTED - untouched)
}

#[inline(never)]
fn call(f: impl FnOnce()) {
    f();
}

#[inline(always)]
fn pointer() -> *mut u8 {
    let p: usize;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mov {}, sp", out(reg) p, options(nomem, nostack)) };
    p as *mut u8
}
