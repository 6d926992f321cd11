//! The ESP32-C3: text by its USB serial port. Registers are those of its technical reference manual.

use core::ptr;

const USB_BYTE: *mut u32 = 0x6004_3000 as *mut u32;
const USB_STATE: *mut u32 = 0x6004_3004 as *mut u32;
/// Sends what was written.
const SEND: u32 = 1;
/// There is room for a byte.
const ROOM: u32 = 2;
/// Where nobody listens a byte waits this often for room, and is lost.
const PATIENCE: u32 = 100_000;

/// Watchdogs that the boot ROM leaves on: the register that stops each, what stops it, and the lock before it with its key.
const WATCHDOGS: [(usize, u32, usize, u32); 3] = [
    (0x6000_8090, 0, 0x6000_80a8, 0x50d8_3aa1),
    (0x6000_80ac, 1 << 31, 0x6000_80b0, 0x8f1d_312a),
    (0x6001_f048, 0, 0x6001_f064, 0x50d8_3aa1),
];

/// Stops the watchdogs. (To stop one a second time does nothing.)
fn stop_watchdogs() {
    for (register, value, lock, key) in WATCHDOGS {
        // SAFETY: these registers exist on this chip, and nothing else uses them.
        unsafe {
            ptr::write_volatile(lock as *mut u32, key);
            ptr::write_volatile(register as *mut u32, value);
            ptr::write_volatile(lock as *mut u32, 0);
        }
    }
}

/// Sends bytes by USB.
pub(crate) fn write(bytes: &[u8]) {
    stop_watchdogs();
    for &byte in bytes {
        // SAFETY: as above.
        unsafe {
            let mut tries = 0;
            while USB_STATE.read_volatile() & ROOM == 0 && tries < PATIENCE {
                tries += 1;
            }
            USB_BYTE.write_volatile(u32::from(byte));
            if byte == b'\n' {
                USB_STATE.write_volatile(SEND);
            }
        }
    }
}

/// Says that the program is over, and waits.
pub(crate) fn exit(success: bool) -> ! {
    write(if success { b"exit 0\n" } else { b"exit 1\n" });
    loop {
        crate::board::tick::wait();
    }
}
