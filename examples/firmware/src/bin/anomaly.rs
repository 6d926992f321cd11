//! Learns the normal vibration of a machine on line, then finds a damaged bearing. See `docs/firmware.md`. Built with
//! `IMU`, the folder of the recordings, it learns a hand that rests and flags gestures.
//!
//! A timer's interrupt takes samples at a fixed rate into a queue of 64; the main loop does one bounded piece of work
//! after another and feeds a watchdog between them.
#![no_std]
#![no_main]

use arm_core::Error;
use arm_core::learner::Progress;
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use firmware::board::{host, ram, tick};
use firmware::programs::monitor::{Monitor, Plan, Room};
use firmware::programs::source::{self, MACHINE, Recordings, SCORES, Source};
use firmware::programs::vibration::Vibration;
use firmware::{entry, on_tick};
use heapless::spsc::{Consumer, Producer, Queue};

/// Recordings that this image was built with (`IMU`), to be learned instead of the machine.
const RECORDINGS: Option<Recordings<'static>> = include!(concat!(env!("OUT_DIR"), "/imu.rs"));
const PLAN: Plan = match RECORDINGS {
    Some(recordings) => source::plan(recordings),
    None => MACHINE,
};
const SOURCE: Source<'static> = match RECORDINGS {
    Some(recordings) => Source::Recordings(recordings),
    None => Source::Machine(Vibration::new()),
};

/// What only the interrupt touches once it is enabled.
struct Sensor {
    source: Source<'static>,
    samples: Option<Producer<'static, i16>>,
    taken: u32,
}

struct InterruptOnly(UnsafeCell<Sensor>);
// SAFETY: main touches it before the interrupt is enabled, afterwards only the interrupt, which does not nest.
unsafe impl Sync for InterruptOnly {}

static SENSOR: InterruptOnly =
    InterruptOnly(UnsafeCell::new(Sensor { source: SOURCE, samples: None, taken: 0 }));
/// Samples for which the queue had no room.
static LOST: AtomicU32 = AtomicU32::new(0);
/// Ticks since the watchdog was fed, and the most there ever were.
static HUNGER: AtomicU32 = AtomicU32::new(0);
static HUNGRIEST: AtomicU32 = AtomicU32::new(0);

fn sample() {
    let hunger = HUNGER.load(Relaxed) + 1;
    HUNGER.store(hunger, Relaxed);
    HUNGRIEST.store(HUNGRIEST.load(Relaxed).max(hunger), Relaxed);
    // SAFETY: see `InterruptOnly`.
    let sensor = unsafe { &mut *SENSOR.0.get() };
    let Some(samples) = &mut sensor.samples else { return };
    if sensor.taken < PLAN.samples() {
        let sample = sensor.source.sample(&PLAN, sensor.taken);
        sensor.taken += 1;
        // The queue divides by its length, capacity + 1: that it is positive must be seen here, or a panic is linked.
        if samples.capacity() != usize::MAX && samples.enqueue(sample).is_err() {
            LOST.store(LOST.load(Relaxed) + 1, Relaxed);
        }
    }
}
on_tick!(sample);

fn run() -> Result<bool, Error> {
    static mut ROOM: Room = Room::ZERO;
    static mut QUEUE: Queue<i16, 65> = Queue::new();
    // SAFETY: the only references to them; this function runs once, before the interrupt is enabled.
    let (room, queue, sensor) =
        unsafe { (&mut *(&raw mut ROOM), &mut *(&raw mut QUEUE), &mut *SENSOR.0.get()) };
    let stack = ram::Stack::paint();
    let (producer, mut samples) = queue.split();
    sensor.samples = Some(producer);
    let mut monitor = Monitor::new(PLAN, room)?;
    tick::start(PLAN.rate);
    while monitor.scored() < PLAN.windows() {
        HUNGER.store(0, Relaxed);
        work(&mut monitor, &mut samples)?;
    }
    tick::stop();
    line("bytes_of_statics", ram::statics());
    line("bytes_of_stack", stack.used());
    Ok(report(&monitor, &PLAN))
}

fn work(monitor: &mut Monitor<'_>, samples: &mut Consumer<'_, i16>) -> Result<(), Error> {
    match monitor.poll(samples)? {
        Progress::Idle => tick::wait(),
        Progress::Done(_) if monitor.scored().is_multiple_of(PLAN.windows() / 16) => {
            let (mean, threshold) = monitor.now();
            host::text("window ");
            host::number(monitor.scored());
            host::text(": -ELBO ");
            host::decimal(mean);
            host::text(" nats, threshold ");
            host::decimal(threshold);
            host::text("\n");
        }
        _ => {}
    }
    Ok(())
}

fn line(name: &str, value: u32) {
    host::text(name);
    host::text(" ");
    host::number(value);
    host::text("\n");
}

fn report(monitor: &Monitor<'_>, plan: &Plan) -> bool {
    let found = monitor.findings();
    line("auc_of_windows_per_mille", found.windows.auc());
    line("auc_of_running_mean_per_mille", found.means.auc());
    line("auc_of_independent_bits_per_mille", found.independent.auc());
    line("normal_windows", plan.normal);
    line("false_alarms", found.false_alarms);
    line("faulty_windows", plan.faulty);
    line("detections", found.detections);
    line("windows_before_alarm", found.delay.unwrap_or(plan.faulty));
    let lost = LOST.load(Relaxed) + monitor.lost();
    line("samples_lost", lost);
    line("watchdog_ticks", HUNGRIEST.load(Relaxed));
    host::text("scores ");
    host::hex(found.hash);
    let same = RECORDINGS.is_some() || found.hash == SCORES;
    host::text(if same { "\n" } else { " differ from the host's\n" });
    lost == 0 && same && found.means.auc() >= 950
}

#[entry]
fn main() -> ! {
    host::exit(run() == Ok(true))
}
