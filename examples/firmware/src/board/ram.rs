//! How much memory an image takes: its statics, and its stack by painting all that is free.

const PAINT: u32 = 0xa5c3_5ac3;
/// Bytes below the stack pointer that are not painted, and count as used.
const SPARED: usize = 64;

/// The words below the stack pointer, painted.
#[derive(Debug)]
pub struct Stack {
    top: *mut u32,
    words: usize,
}

impl Stack {
    /// Paints everything between the statics and the stack.
    #[inline(never)]
    pub fn paint() -> Self {
        let here: usize;
        // SAFETY: reads a register.
        #[cfg(target_arch = "arm")]
        unsafe {
            core::arch::asm!("mov {}, sp", out(reg) here, options(nomem, nostack));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "riscv32")]
        unsafe {
            core::arch::asm!("mv {}, sp", out(reg) here, options(nomem, nostack));
        }
        // Room for what this function itself still saves.
        let here = here - SPARED;
        let top = here as *mut u32;
        let words = here.saturating_sub(end()) / 4;
        for i in 1..=words {
            // SAFETY: nothing is alive between the end of the statics and the stack pointer.
            unsafe { top.sub(i).write_volatile(PAINT) };
        }
        Stack { top, words }
    }

    /// Bytes of stack that were written to since.
    pub fn used(&self) -> u32 {
        // SAFETY: the same words as above.
        let clean = |i: &usize| unsafe { self.top.sub(self.words - i).read_volatile() } == PAINT;
        (SPARED + 4 * (self.words - (0..self.words).take_while(clean).count())) as u32
    }
}

/// Bytes of .data and .bss.
pub fn statics() -> u32 {
    (end() - &raw const __sdata as usize) as u32
}

fn end() -> usize {
    &raw const __ebss as usize
}

unsafe extern "C" {
    // Of the runtime's linker script, which puts .bss behind .data. Only their addresses mean anything.
    static __sdata: u8;
    static __ebss: u8;
}
