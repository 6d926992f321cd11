//! An interrupt at a fixed rate: SysTick on a Cortex-M, the machine timer on a RISC-V. [`on_tick!`](crate::on_tick) says
//! what it calls.

#[cfg(target_arch = "arm")]
mod timer {
    const CONTROL: *mut u32 = 0xe000_e010 as *mut u32;
    const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
    const CURRENT: *mut u32 = 0xe000_e018 as *mut u32;

    // (An nRF51 has no SysTick; there a timer takes its place.)
    use crate::CLOCK;

    pub(super) fn start(rate: u32) {
        #[cfg(rp2040)]
        crate::board::rp2040::start();
        // SAFETY: the registers are ours alone. The last write enables counter and interrupt, on the processor's clock.
        unsafe {
            RELOAD.write_volatile(CLOCK / rate.max(2) - 1);
            CURRENT.write_volatile(0);
            CONTROL.write_volatile(7);
        }
    }

    pub(super) fn stop() {
        // SAFETY: as above.
        unsafe { CONTROL.write_volatile(0) };
    }
}

#[cfg(target_arch = "riscv32")]
mod timer {
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use crate::CLOCK;

    /// Of QEMU's `virt` machine: a counter and the time of the next interrupt.
    const NOW: *const u32 = 0x0200_bff8 as *const u32;
    const NEXT: *mut u32 = 0x0200_4000 as *mut u32;
    const MACHINE_TIMER: usize = 1 << 7;
    const INTERRUPTS: usize = 1 << 3;

    static PERIOD: AtomicU32 = AtomicU32::new(u32::MAX);

    pub(super) fn start(rate: u32) {
        PERIOD.store(CLOCK / rate.max(1), Relaxed);
        next();
        // SAFETY: enables the machine timer's interrupt, whose handler `on_tick!` defines.
        unsafe {
            core::arch::asm!("csrs mie, {}", in(reg) MACHINE_TIMER);
            core::arch::asm!("csrs mstatus, {}", in(reg) INTERRUPTS);
        }
    }

    pub(super) fn stop() {
        // SAFETY: disables it.
        unsafe { core::arch::asm!("csrc mie, {}", in(reg) MACHINE_TIMER) };
    }

    /// The high word of the counter stays zero: an image runs for seconds, not for the 429 that 32 bits hold.
    pub(super) fn next() {
        // SAFETY: the registers exist on this machine and are ours alone.
        unsafe {
            NEXT.add(1).write_volatile(0);
            NEXT.write_volatile(NOW.read_volatile().wrapping_add(PERIOD.load(Relaxed)));
        }
    }
}

/// Interrupts `rate` times a second from now on.
pub fn start(rate: u32) {
    timer::start(rate);
}

/// No more interrupts.
pub fn stop() {
    timer::stop();
}

/// Sleeps until the next interrupt.
pub fn wait() {
    // SAFETY: does nothing but wait.
    unsafe { core::arch::asm!("wfi") };
}

/// Called first by the handler; sets the next interrupt where the timer does not do so itself.
#[doc(hidden)]
pub fn again() {
    #[cfg(target_arch = "riscv32")]
    timer::next();
}

/// Makes a function without arguments the handler of the timer's interrupt.
#[macro_export]
macro_rules! on_tick {
    ($handler:path) => {
        // SAFETY: this is the name and the signature of the entry in the table of interrupts.
        #[cfg_attr(target_arch = "arm", unsafe(export_name = "SysTick"))]
        #[cfg_attr(target_arch = "riscv32", unsafe(export_name = "MachineTimer"))]
        extern "C" fn tick() {
            $crate::board::tick::again();
            $handler();
        }
    };
}
