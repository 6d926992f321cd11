//! Text and the end of a program: to the debugger or emulator by semihosting, or to the board's own serial port.

#[cfg(esp32c3)]
use super::esp32c3 as port;
#[cfg(rp2040)]
use super::rp2040 as port;
#[cfg(not(any(esp32c3, rp2040)))]
mod semihosting;
#[cfg(not(any(esp32c3, rp2040)))]
use semihosting as port;
#[cfg(not(any(esp32c3, rp2040)))]
pub use semihosting::File;

/// Ends the program. An emulator's exit code is 0 for success and 1 otherwise; a serial port gets a line `exit 0` or `exit 1`.
pub fn exit(success: bool) -> ! {
    port::exit(success)
}

/// Writes text.
pub fn text(s: &str) {
    port::write(s.as_bytes());
}

/// Writes a whole number.
pub fn number(mut n: u32) {
    let mut digits = [b'0'; 10];
    let mut first = 10;
    for (i, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
        first = i;
        if n == 0 {
            break;
        }
    }
    text(core::str::from_utf8(digits.get(first..).unwrap_or_default()).unwrap_or_default());
}

/// Writes a number with three digits after the point.
pub fn decimal(x: f32) {
    if x < 0.0 {
        text("-");
    }
    let thousandths = (x.abs() * 1000.0 + 0.5) as u32;
    number(thousandths / 1000);
    text(".");
    let rest = thousandths % 1000;
    text(if rest < 10 {
        "00"
    } else if rest < 100 {
        "0"
    } else {
        ""
    });
    number(rest);
}

/// Writes a 64-bit pattern.
pub fn hex(bits: u64) {
    for shift in (0..16).rev() {
        let digit = (bits >> (4 * shift)) as u8 & 15;
        let c = [if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }];
        text(core::str::from_utf8(&c).unwrap_or_default());
    }
}
