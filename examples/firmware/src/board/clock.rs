//! Counts instructions, under an emulator that executes one each nanosecond (`-icount shift=0`); cycles on a Raspberry Pi Pico,
//! whose emulator knows how long each takes, and on an ESP32-C3.

/// Counts from now on.
#[derive(Debug)]
pub struct Clock(u32);

#[cfg(rp2040)]
mod timer {
    pub(super) fn start() {
        crate::board::rp2040::start();
    }

    pub(super) fn now() -> u32 {
        crate::board::rp2040::microseconds()
    }

    pub(super) fn instructions(ticks: u32) -> u32 {
        ticks.wrapping_mul(crate::CLOCK / 1_000_000)
    }
}

#[cfg(all(target_arch = "arm", not(rp2040)))]
mod timer {
    /// SysTick: control, reload and current value. It counts down in 24 bits.
    const CONTROL: *mut u32 = 0xe000_e010 as *mut u32;
    const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
    const CURRENT: *mut u32 = 0xe000_e018 as *mut u32;

    /// Nanoseconds of a tick times four.
    const QUARTERS: u32 = (4_000_000_000 / crate::CLOCK as u64) as u32;

    pub(super) fn start() {
        // SAFETY: the registers exist on every Cortex-M that has SysTick and are ours alone; no interrupt is enabled.
        unsafe {
            RELOAD.write_volatile(0x00ff_ffff);
            CURRENT.write_volatile(0);
            CONTROL.write_volatile(5);
        }
    }

    pub(super) fn now() -> u32 {
        // SAFETY: reading it changes nothing.
        0x00ff_ffff - unsafe { CURRENT.read_volatile() }
    }

    pub(super) fn instructions(ticks: u32) -> u32 {
        ((ticks & 0x00ff_ffff) / 4).wrapping_mul(QUARTERS)
    }
}

#[cfg(esp32c3)]
mod timer {
    pub(super) fn start() {
        // SAFETY: registers of this processor: what its counter counts (cycles), and that it counts.
        unsafe { core::arch::asm!("csrw 0x7e0, {one}", "csrw 0x7e1, {one}", one = in(reg) 1) };
    }

    pub(super) fn now() -> u32 {
        let n: u32;
        // SAFETY: reads the counter.
        unsafe { core::arch::asm!("csrr {}, 0x7e2", out(reg) n, options(nomem, nostack)) };
        n
    }

    pub(super) fn instructions(ticks: u32) -> u32 {
        ticks
    }
}

#[cfg(all(target_arch = "riscv32", not(esp32c3)))]
mod timer {
    pub(super) fn start() {}

    pub(super) fn now() -> u32 {
        let n: u32;
        // SAFETY: reads a counter.
        unsafe { core::arch::asm!("csrr {}, minstret", out(reg) n, options(nomem, nostack)) };
        n
    }

    pub(super) fn instructions(ticks: u32) -> u32 {
        ticks
    }
}

impl Clock {
    /// Starts to count. A count may reach 600 million instructions, and 4,000 million cycles.
    pub fn start() -> Self {
        timer::start();
        Clock(timer::now())
    }

    /// Instructions or cycles since the start, to the resolution of the timer (25 to 125 of them).
    pub fn instructions(&self) -> u32 {
        timer::instructions(timer::now().wrapping_sub(self.0))
    }
}
