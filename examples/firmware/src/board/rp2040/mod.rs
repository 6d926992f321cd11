//! The RP2040 of a Raspberry Pi Pico: its clocks, UART0 on GPIO 0 (115,200 baud), the LED, the timer and, in [`flash`], the
//! memory that keeps what was learned. Registers are those of the RP2040 datasheet, whose sections are named.

pub mod flash;

/// What the boot ROM runs first: it makes the flash readable at its addresses, and starts what lies behind it.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".boot2")]
pub static BOOT2_FIRMWARE: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// A register.
#[derive(Clone, Copy)]
struct Register(usize);

impl Register {
    fn read(self) -> u32 {
        // SAFETY: the registers named here exist on this chip, and nothing else uses them.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    fn write(self, value: u32) {
        // SAFETY: as above.
        unsafe { (self.0 as *mut u32).write_volatile(value) };
    }

    /// Clears bits and leaves the others (2.1.2: an address for it).
    fn clear(self, bits: u32) {
        Register(self.0 + 0x3000).write(bits);
    }

    /// Waits until one of these bits is set.
    fn wait_for(self, bits: u32) {
        while self.read() & bits == 0 {}
    }
}

const RESET: Register = Register(0x4000_c000);
const RESET_DONE: Register = Register(0x4000_c008);
// Blocks that are held in reset until they are used (2.14).
const PINS: u32 = 1 << 5;
const PADS: u32 = 1 << 8;
const PLL: u32 = 1 << 12;
const TIMER: u32 = 1 << 21;
const UART: u32 = 1 << 22;

const UART_DATA: Register = Register(0x4003_4000);
const UART_FLAGS: Register = Register(0x4003_4018);
const UART_BUSY: u32 = 1 << 3;
const UART_FULL: u32 = 1 << 5;

const LED: u32 = 25;

/// Starts clocks, timer and UART where that has not been done: the first to use one of them calls it.
#[inline(never)]
pub(crate) fn start() {
    if RESET_DONE.read() & UART != 0 {
        return;
    }
    clocks();
    let blocks = PINS | PADS | TIMER | UART;
    RESET.clear(blocks);
    while RESET_DONE.read() & blocks != blocks {}
    uart();
    // GPIO 25 is the processor's (2.19), an output (2.3.1).
    Register(0x4001_4004 + 8 * LED as usize).write(5);
    Register(0xd000_0024).write(1 << LED);
}

/// The crystal's 12 MHz for the reference and the timer, and 125 MHz for the processor and the UART.
fn clocks() {
    // Crystal (2.16): a millisecond to settle, then its range and the code that enables it.
    let crystal = 0x4002_4000;
    Register(crystal + 0xc).write(12_000 / 256 + 1);
    Register(crystal).write(0xfab << 12 | 0xaa0);
    Register(crystal + 4).wait_for(1 << 31);
    // The reference is the crystal, and the processor's clock is the reference while the PLL changes (2.15).
    let clocks = 0x4000_8000;
    Register(clocks + 0x3c).clear(1);
    Register(clocks + 0x44).wait_for(1);
    Register(clocks + 0x30).write(2);
    Register(clocks + 0x38).wait_for(1 << 2);
    // PLL (2.18): 12 MHz * 125 / 6 / 2.
    let pll = 0x4002_8000;
    RESET.clear(PLL);
    RESET_DONE.wait_for(PLL);
    Register(pll).write(1);
    Register(pll + 8).write(125);
    Register(pll + 4).clear(1 << 5 | 1);
    Register(pll).wait_for(1 << 31);
    Register(pll + 0xc).write(6 << 16 | 2 << 12);
    Register(pll + 4).clear(1 << 3);
    Register(clocks + 0x3c).write(1);
    Register(clocks + 0x44).wait_for(1 << 1);
    Register(clocks + 0x48).write(1 << 11);
    // The watchdog divides the reference by 12 for the timer's microseconds (4.7.2).
    Register(0x4005_802c).write(1 << 9 | 12);
}

/// 115,200 baud, eight bits, with FIFOs (4.2).
fn uart() {
    // 125 MHz / (16 * 115,200) = 67 + 52 / 64.
    Register(0x4003_4024).write(67);
    Register(0x4003_4028).write(52);
    Register(0x4003_402c).write(3 << 5 | 1 << 4);
    Register(0x4003_4030).write(1 << 9 | 1 << 8 | 1);
    // GPIO 0 and 1 are its pins (2.19).
    Register(0x4001_4004).write(2);
    Register(0x4001_400c).write(2);
}

/// Sends bytes by UART0.
pub(crate) fn write(bytes: &[u8]) {
    start();
    for &byte in bytes {
        while UART_FLAGS.read() & UART_FULL != 0 {}
        UART_DATA.write(u32::from(byte));
    }
}

/// Says that the program is over, and sleeps.
pub(crate) fn exit(success: bool) -> ! {
    write(if success { b"exit 0\n" } else { b"exit 1\n" });
    while UART_FLAGS.read() & UART_BUSY != 0 {}
    loop {
        crate::board::tick::wait();
    }
}

/// Microseconds since the timer was started; they wrap after 71 minutes.
pub fn microseconds() -> u32 {
    start();
    Register(0x4005_4028).read()
}

/// Switches the board's light.
pub fn light(on: bool) {
    start();
    Register(if on { 0xd000_0014 } else { 0xd000_0018 }).write(1 << LED);
}
