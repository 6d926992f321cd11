//! A guard that keeps what it knows: it learns a machine's vibration, writes network and threshold into flash, watches, and
//! goes on from there after a reset.

use arm_core::estimator::Arm;
use arm_core::kernels::Integer;
use arm_core::learner::Progress;
use arm_core::optim::Sgd;
use arm_core::record::{Fault, Record};
use arm_core::stream::{Detector, Thermometer, Windows, window_words};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};
use embedded_storage::nor_flash::NorFlash;
use heapless::spsc::Consumer;

/// Samples of a window; half of them are those of the window before.
const SAMPLES: usize = 16;
/// Levels of the thermometer code, in units of the sample.
const LEVELS: [i16; 4] = [-10_500, -3_500, 3_500, 10_500];

type Encoder = Thermometer<i16, { LEVELS.len() }>;
type Samples = Windows<Encoder, SAMPLES, { window_words::<Encoder>(SAMPLES) }, 8>;
const BITS: usize = SAMPLES * LEVELS.len();

/// The network: 64-16-[8] / [8]-16-64, of 16-bit integers.
pub const SHAPE: Shape<'static> = Shape::vae(
    BITS,
    &[Layer::hidden(16, 0.1), Layer::bernoulli(8)],
    &[Layer::hidden(16, 0.1), Layer::bernoulli(BITS)],
    Prior::Fixed,
);
const RATE: f32 = 0.01;
/// Parameters that one call may update.
const BUDGET: usize = 256;
/// The share of windows that may raise an alarm while nothing is wrong.
pub const FALSE_ALARMS: f32 = 0.05;

/// The memory of its network, for a static.
pub type Room = Memory<{ SHAPE.params() }, 0, { SHAPE.integer_scratch() }, Integer>;

/// Windows that the network learns; from then on it stays as it is.
pub const LEARN: u64 = 800;
/// Windows after which what was learned so far is worth writing.
pub const SAVE: u64 = 200;
/// Windows from whose scores the threshold is learned: as many as [`Detector`] asks for.
pub const SETTLE: u32 = (80.0 / FALSE_ALARMS) as u32;

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The network learns.
    Learn,
    /// It learns the threshold of the network, which stays as it is: while it learns, its scores are lower than later.
    Settle,
    /// It watches.
    Watch,
}

/// What a call of [`Guard::poll`] achieved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// There is no window.
    Idle,
    /// There is more to do.
    Working,
    /// A window's -ELBO in nats, and whether it raises the alarm.
    Window(f32, bool),
    /// Something was learned that is worth keeping: [`Guard::save`].
    Learned,
}

/// Network, threshold, and a flash that keeps both.
#[derive(Debug)]
pub struct Guard<'m, F> {
    windows: Samples,
    learner: Learner<'m, 'static, Arm, Sgd, Integer>,
    detector: Detector,
    settled: u32,
    task: Task,
    flash: F,
}

impl<'m, F: NorFlash> Guard<'m, F> {
    /// Bytes of a slot of the network; the threshold has the page behind two of them.
    pub const SLOT: u32 = Record::<&mut F>::slot_size_of::<i16>(&SHAPE) as u32;

    /// Takes from the flash what there is. Errors: those of the flash's driver, and a flash that is too small.
    pub fn new(flash: F, room: &'m mut Room) -> Result<Self, Fault<F::Error>> {
        let mut guard = Guard {
            windows: windows()?,
            learner: Learner::integer(SHAPE, Arm, Sgd { rate: RATE }, 1, room.slices())?,
            detector: Detector::new(FALSE_ALARMS)?,
            settled: 0,
            task: Task::Learn,
            flash,
        };
        let Guard { flash, learner, .. } = &mut guard;
        match learner.load(&mut Record::new(flash, 0, Self::SLOT)?) {
            // Nothing is there, or nothing that is whole.
            Ok(()) | Err(Fault::Model(_)) => {}
            Err(fault) => return Err(fault),
        }
        guard.threshold()?;
        Ok(guard)
    }

    /// Reads the page of the threshold.
    fn page(&mut self) -> Result<[u8; PAGE], Fault<F::Error>> {
        let mut bytes = [0; PAGE];
        self.flash.read(2 * Self::SLOT, &mut bytes).map_err(Fault::Flash)?;
        Ok(bytes)
    }

    fn erase_page(&mut self) -> Result<(), Fault<F::Error>> {
        let at = 2 * Self::SLOT;
        self.flash.erase(at, at + F::ERASE_SIZE as u32).map_err(Fault::Flash)
    }

    /// Reads the threshold, and decides what to do.
    fn threshold(&mut self) -> Result<(), Fault<F::Error>> {
        let found = self.page()?.first_chunk().and_then(|bytes| Detector::from_bytes(bytes).ok());
        self.task = match found {
            _ if self.learner.steps() < LEARN => Task::Learn,
            Some(_) => Task::Watch,
            None => Task::Settle,
        };
        self.detector = found.unwrap_or(self.detector);
        Ok(())
    }

    /// Writes the network while that learns, the threshold afterwards; what was written before counts until that is done. The
    /// sensor is not heard meanwhile, so the next window begins anew.
    pub fn save(&mut self) -> Result<(), Fault<F::Error>> {
        if self.task == Task::Watch {
            let mut bytes = [0xff; PAGE];
            bytes.iter_mut().zip(self.detector.to_bytes()).for_each(|(to, from)| *to = from);
            self.erase_page()?;
            self.flash.write(2 * Self::SLOT, &bytes).map_err(Fault::Flash)?;
        } else {
            // That of another network, which was lost.
            if self.page()?.iter().any(|byte| *byte != 0xff) {
                self.erase_page()?;
            }
            let Guard { flash, learner, .. } = self;
            learner.save(&mut Record::new(flash, 0, Self::SLOT)?)?;
        }
        self.windows = windows()?;
        Ok(())
    }

    /// A bounded piece of work: takes samples from the interrupt's queue, then scores a window, begins a step on it or goes
    /// on with one.
    pub fn poll(&mut self, samples: &mut Consumer<'_, i16>) -> Result<Event, Error> {
        self.windows.drain(samples);
        if self.learner.state().pending.is_some() {
            let done = matches!(self.learner.poll(BUDGET)?, Progress::Done(_));
            let steps = self.learner.steps();
            if done && steps >= LEARN {
                self.task = Task::Settle;
            }
            return Ok(if done && steps.is_multiple_of(SAVE) { Event::Learned } else { Event::Working });
        }
        let Some(window) = self.windows.next() else { return Ok(Event::Idle) };
        match self.task {
            Task::Learn => {
                self.learner.begin(&window)?;
                Ok(Event::Window(self.learner.state().pending.map_or(0.0, |step| step.f), false))
            }
            Task::Settle if self.settled == SETTLE => {
                self.task = Task::Watch;
                Ok(Event::Learned)
            }
            Task::Settle => {
                self.settled += 1;
                let score = self.learner.score(&window, 1)?;
                self.detector.learn(score);
                Ok(Event::Window(score, false))
            }
            Task::Watch => {
                let score = self.learner.score(&window, 1)?;
                Ok(Event::Window(score, self.detector.watch(score)))
            }
        }
    }

    /// What it is about.
    pub fn task(&self) -> Task {
        self.task
    }

    /// Windows that the network has learned, before a reset and since.
    pub fn steps(&self) -> u64 {
        self.learner.steps()
    }

    /// What the running mean of the scores must exceed for an alarm, in nats, once that is being learned.
    pub fn limit(&self) -> Option<f32> {
        (self.task != Task::Learn).then(|| self.detector.threshold())
    }
}

/// Bytes that are written of the threshold's page.
const PAGE: usize = Detector::BYTES.next_multiple_of(64);

fn windows() -> Result<Samples, Error> {
    Windows::new(Thermometer::new(LEVELS)?, SAMPLES / 2)
}
