//! Learns a machine's vibration, keeps what it learned in flash, and after a reset watches with it: see `docs/firmware.md`.
//!
//! A timer's interrupt takes samples; they are simulated, of a machine that breaks some time after the watch began.
//! An alarm switches the light on, where there is one. Without a flash of its own a board forgets over a reset.
#![no_std]
#![no_main]

use arm_core::record::Fault;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use embedded_storage::nor_flash::NorFlashErrorKind;
use firmware::board::{host, tick};
use firmware::programs::guard::{Event, FALSE_ALARMS, Guard, Room, Task};
#[cfg(not(rp2040))]
use firmware::programs::reference::RamFlash;
use firmware::programs::vibration::Vibration;
use firmware::{entry, on_tick};
use heapless::spsc::{Producer, Queue};

/// Samples a second.
const RATE: u32 = 3200;
/// Windows that are watched before the machine breaks, and after.
const HEALTHY: u32 = 400;
const BROKEN: u32 = 200;

/// What only the interrupt touches once it is enabled.
struct Sensor {
    machine: Vibration,
    samples: Option<Producer<'static, i16>>,
}

struct InterruptOnly(UnsafeCell<Sensor>);
// SAFETY: main touches it while the interrupt is off, otherwise only the interrupt, which does not nest.
unsafe impl Sync for InterruptOnly {}

static SENSOR: InterruptOnly =
    InterruptOnly(UnsafeCell::new(Sensor { machine: Vibration::new(), samples: None }));
static DAMAGED: AtomicBool = AtomicBool::new(false);
/// Samples for which the queue had no room.
static LOST: AtomicU32 = AtomicU32::new(0);

fn sample() {
    // SAFETY: see `InterruptOnly`.
    let sensor = unsafe { &mut *SENSOR.0.get() };
    let Some(samples) = &mut sensor.samples else { return };
    let sample = sensor.machine.sample(DAMAGED.load(Relaxed));
    // The queue divides by its length, capacity + 1: that it is positive must be seen here, or a panic is linked.
    if samples.capacity() != usize::MAX && samples.enqueue(sample).is_err() {
        LOST.store(LOST.load(Relaxed) + 1, Relaxed);
    }
}
on_tick!(sample);

fn light(_on: bool) {
    #[cfg(rp2040)]
    firmware::board::rp2040::light(_on);
}

fn line(start: &str, number: u32, end: &str) {
    host::text(start);
    host::number(number);
    host::text(end);
}

/// Where network and threshold are kept.
#[cfg(rp2040)]
fn flash() -> firmware::board::rp2040::flash::Flash {
    firmware::board::rp2040::flash::Flash::new()
}
#[cfg(not(rp2040))]
fn flash() -> &'static mut RamFlash {
    static mut FLASH: RamFlash = RamFlash::ZERO;
    // SAFETY: the only reference to it; this function is called once.
    unsafe { &mut *(&raw mut FLASH) }
}

fn run() -> Result<bool, Fault<NorFlashErrorKind>> {
    static mut ROOM: Room = Room::ZERO;
    static mut QUEUE: Queue<i16, 65> = Queue::new();
    // SAFETY: the only references to them; this function runs once, before the interrupt is enabled.
    let (room, queue, sensor) =
        unsafe { (&mut *(&raw mut ROOM), &mut *(&raw mut QUEUE), &mut *SENSOR.0.get()) };
    let mut guard = Guard::new(flash(), room)?;
    let steps = guard.steps() as u32;
    line("flash: ", steps, " windows learned");
    host::text(match guard.task() {
        Task::Learn if steps == 0 => ", so begins\n",
        Task::Learn => ", so goes on\n",
        Task::Settle => ", no threshold, so learns one\n",
        Task::Watch => " and a threshold, so watches\n",
    });
    let (producer, mut samples) = queue.split();
    sensor.samples = Some(producer);
    // Nobody hears the same noise twice.
    sensor.machine = Vibration::steady(0x9e37_79b9u32.wrapping_mul(steps + 1));
    tick::start(RATE);
    let (mut windows, mut watched, mut alarms, mut found, mut mean) = (0, 0, 0, 0, 0.0);
    while watched < HEALTHY + BROKEN {
        match guard.poll(&mut samples)? {
            Event::Idle => tick::wait(),
            Event::Working => {}
            Event::Learned => {
                tick::stop();
                guard.save()?;
                match guard.task() {
                    Task::Watch => host::text("flash: threshold written, so watches\n"),
                    _ => line("flash: ", guard.steps() as u32, " windows written\n"),
                }
                tick::start(RATE);
            }
            Event::Window(score, alarm) => {
                windows += 1;
                mean += (score - mean) * if windows < 8 { 1.0 / windows as f32 } else { 1.0 / 8.0 };
                if windows % 200 == 0 {
                    report(windows, mean, guard.limit());
                }
                if guard.task() == Task::Watch {
                    watched += 1;
                    light(alarm);
                    let damaged = DAMAGED.load(Relaxed);
                    DAMAGED.store(watched >= HEALTHY, Relaxed);
                    if damaged { found += u32::from(alarm) } else { alarms += u32::from(alarm) }
                }
            }
        }
    }
    tick::stop();
    let lost = LOST.load(Relaxed);
    line("healthy: ", alarms, " alarms; ");
    line("broken: ", found, " alarms; ");
    line("lost: ", lost, " samples\n");
    // Three times as many false alarms as are stated, which is the most that the detector promises.
    Ok(lost == 0 && alarms as f32 <= 3.0 * FALSE_ALARMS * HEALTHY as f32 && 100 * found >= 60 * BROKEN)
}

/// The running mean of the last scores, and what it must exceed for an alarm.
fn report(windows: u32, mean: f32, threshold: Option<f32>) {
    line("window ", windows, ": -ELBO ");
    host::decimal(mean);
    host::text(" nats");
    if let Some(threshold) = threshold {
        host::text(", threshold ");
        host::decimal(threshold);
    }
    host::text("\n");
}

#[entry]
fn main() -> ! {
    host::exit(run().is_ok_and(|right| right))
}
