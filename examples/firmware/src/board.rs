//! What is known of the board: `boards.txt`, by way of the build script.

/// Clock of the timer in Hz. (An nRF51 has no SysTick; there a timer takes its place.)
pub const CLOCK: u32 = number(env!("BOARD_CLOCK"));

const fn number(digits: &str) -> u32 {
    let (digits, mut n, mut i) = (digits.as_bytes(), 0, 0);
    while i < digits.len() {
        assert!(digits[i].is_ascii_digit(), "the clock in boards.txt is no number");
        n = 10 * n + (digits[i] - b'0') as u32;
        i += 1;
    }
    n
}
