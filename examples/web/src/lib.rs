//! A network that learns in a web page: what the page calls. Pictures, probabilities and bytes pass one number at a time,
//! so that nothing points into memory.
#![no_std]
// A name for the page to call, and a cell for its only thread: nothing else.
#![allow(unsafe_code)]

#[cfg(feature = "golden")]
#[path = "../../firmware/src/proofs/golden.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod golden;
#[cfg(feature = "golden")]
#[path = "../../firmware/src/proofs/integer_shapes.rs"]
#[allow(missing_docs, unreachable_pub)]
mod integer_shapes;
mod page;
#[cfg(feature = "golden")]
#[path = "../../firmware/src/proofs/shapes.rs"]
#[allow(missing_docs, unreachable_pub)]
mod shapes;

use core::cell::RefCell;
use page::Page;

struct OneThread(RefCell<Page>);

// SAFETY: a page calls from one thread.
unsafe impl Sync for OneThread {}

static PAGE: OneThread = OneThread(RefCell::new(Page::NEW));

fn with<T>(f: impl FnOnce(&mut Page) -> T) -> T {
    f(&mut PAGE.0.borrow_mut())
}

/// Fresh parameters; 0, or the code of an error.
#[unsafe(no_mangle)]
pub extern "C" fn start(seed: u32) -> i32 {
    with(|page| page.start(seed))
}

/// Takes steps on strokes, or on what was drawn where there is some; the mean -ELBO in nats, or NaN.
#[unsafe(no_mangle)]
pub extern "C" fn train(steps: u32) -> f32 {
    with(|page| page.train(steps))
}

/// Steps taken so far.
#[unsafe(no_mangle)]
pub extern "C" fn steps() -> u32 {
    with(|page| page.steps())
}

/// Makes stroke `i` the picture.
#[unsafe(no_mangle)]
pub extern "C" fn stroke(i: u32) {
    with(|page| page.picture = page::stroke(i));
}

/// Makes a sample from the model the probabilities.
#[unsafe(no_mangle)]
pub extern "C" fn sample(i: u32) -> i32 {
    with(|page| page.sample(i))
}

/// The probability of pixel `i` in the sample.
#[unsafe(no_mangle)]
pub extern "C" fn probability(i: usize) -> f32 {
    with(|page| page.probabilities.get(i).copied().unwrap_or_default())
}

/// Pixel `i` of the picture.
#[unsafe(no_mangle)]
pub extern "C" fn pixel(i: usize) -> u32 {
    with(|page| page.picture.get(i / 32).map_or(0, |word| word >> (i % 32) & 1))
}

/// Sets pixel `i` of the picture.
#[unsafe(no_mangle)]
pub extern "C" fn set_pixel(i: usize, on: u32) {
    with(|page| {
        if let Some(word) = page.picture.get_mut(i / 32) {
            *word = *word & !(1 << (i % 32)) | (on & 1) << (i % 32);
        }
    });
}

/// Keeps the picture to learn from; how many are kept now.
#[unsafe(no_mangle)]
pub extern "C" fn keep() -> usize {
    with(|page| page.keep())
}

/// Forgets what was drawn: strokes again.
#[unsafe(no_mangle)]
pub extern "C" fn forget() {
    with(|page| page.kept = 0);
}

/// An upper bound of -log p of the picture in nats, or NaN.
#[unsafe(no_mangle)]
pub extern "C" fn score() -> f32 {
    with(|page| page.score())
}

/// Writes the model to the buffer, as a device does; how many bytes, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn save() -> usize {
    with(|page| page.save())
}

/// Byte `i` of the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn byte(i: usize) -> u32 {
    with(|page| page.bytes.get(i).map_or(0, |b| u32::from(*b)))
}

/// Sets byte `i` of the buffer.
#[unsafe(no_mangle)]
pub extern "C" fn set_byte(i: usize, value: u32) {
    with(|page| {
        if let Some(byte) = page.bytes.get_mut(i) {
            *byte = value as u8;
        }
    });
}

/// Takes the model from the first bytes of the buffer; 0, or the code of an error, which leaves the model as it was.
#[unsafe(no_mangle)]
pub extern "C" fn load(length: usize) -> i32 {
    with(|page| page.load(length))
}

/// Number of golden values.
#[cfg(feature = "golden")]
#[unsafe(no_mangle)]
pub extern "C" fn golden_values() -> usize {
    golden::ALL.len()
}

/// Golden value `i` as this machine computes it, or 0.
#[cfg(feature = "golden")]
#[unsafe(no_mangle)]
pub extern "C" fn golden_bits(i: usize) -> u64 {
    let mut room = golden::Room::ZERO;
    golden::ALL.get(i).and_then(|(_, compute, _)| compute(&mut room).ok()).unwrap_or(0)
}

/// Whether golden value `i` has the bits that it has on every machine.
#[cfg(feature = "golden")]
#[unsafe(no_mangle)]
pub extern "C" fn golden_value(i: usize) -> u32 {
    let mut room = golden::Room::ZERO;
    let same = golden::ALL.get(i).is_some_and(|(_, compute, expected)| compute(&mut room) == Ok(*expected));
    u32::from(same)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
