//! 64-32-[16] learns in the 16 KB of a micro:bit: a timer's interrupt takes samples into a queue, the main loop does one bounded
//! piece of work after another. See `docs/firmware.md`.
#![no_std]
#![no_main]

use arm_core::Error;
use arm_core::learner::Progress;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use firmware::board::{host, ram, tick};
use firmware::programs::node::{HASH, LEARN, Node, RATE, Room};
use firmware::programs::vibration::Vibration;
use firmware::{entry, on_tick};
use heapless::spsc::{Producer, Queue};

/// What only the interrupt touches once it is enabled.
struct Sensor {
    machine: Vibration,
    samples: Option<Producer<'static, i16>>,
}

struct InterruptOnly(UnsafeCell<Sensor>);
// SAFETY: main touches it before the interrupt is enabled, afterwards only the interrupt, which does not nest.
unsafe impl Sync for InterruptOnly {}

static SENSOR: InterruptOnly =
    InterruptOnly(UnsafeCell::new(Sensor { machine: Vibration::new(), samples: None }));
/// Samples for which the queue had no room.
static LOST: AtomicU32 = AtomicU32::new(0);

fn sample() {
    // SAFETY: see `InterruptOnly`.
    let sensor = unsafe { &mut *SENSOR.0.get() };
    let Some(samples) = &mut sensor.samples else { return };
    // The queue divides by its length, capacity + 1: that it is positive must be seen here, or a panic is linked.
    if samples.capacity() != usize::MAX && samples.enqueue(sensor.machine.sample(false)).is_err() {
        LOST.store(LOST.load(Relaxed) + 1, Relaxed);
    }
}
on_tick!(sample);

fn line(name: &str, value: u32) {
    host::text(name);
    host::text(" ");
    host::number(value);
    host::text("\n");
}

fn run() -> Result<bool, Error> {
    static mut ROOM: Room = Room::ZERO;
    static mut QUEUE: Queue<i16, 33> = Queue::new();
    // SAFETY: the only references to them; this function runs once, before the interrupt is enabled.
    let (room, queue, sensor) =
        unsafe { (&mut *(&raw mut ROOM), &mut *(&raw mut QUEUE), &mut *SENSOR.0.get()) };
    let stack = ram::Stack::paint();
    let (producer, mut samples) = queue.split();
    sensor.samples = Some(producer);
    let mut node = Node::new(room)?;
    let mut first = None;
    tick::start(RATE);
    while node.learned() < LEARN {
        match node.poll(&mut samples)? {
            Progress::Idle => tick::wait(),
            Progress::Working => {}
            Progress::Done(_) if node.learned().is_multiple_of(LEARN / 10) => {
                first.get_or_insert(node.mean());
                host::text("window ");
                host::number(node.learned());
                host::text(": -ELBO ");
                host::decimal(node.mean());
                host::text(" nats\n");
            }
            Progress::Done(_) => {}
        }
    }
    tick::stop();
    let lost = LOST.load(Relaxed);
    line("bytes_of_statics", ram::statics());
    line("bytes_of_stack", stack.used());
    line("samples_lost", lost);
    line("results_out_of_range", node.saturated());
    line("parameter_hash", node.hash());
    Ok(lost == 0 && node.hash() == HASH && first.is_some_and(|first| node.mean() < first))
}

#[entry]
fn main() -> ! {
    host::exit(run() == Ok(true))
}
