//! Sensor samples in, windows of packed bits out, and a bounded amount of learning for each call.
//!
//! A sample is turned into bits as it comes, so only bits are kept. Whole windows wait in a queue of fixed length;
//! [`Windows::poll`] takes them out and trains a learner on them, a few parameters at a time. An interrupt gives its
//! samples to a [`heapless::spsc::Queue`], and [`Windows::drain`] takes them from there.

mod detector;
mod encoder;

pub use detector::Detector;
pub use encoder::{Encoder, Sample, Thermometer, Threshold};

use crate::engine::Estimates;
use crate::error::Error;
use crate::estimator::Estimator;
use crate::learner::{Learner, Progress};
use crate::numeric::bits::{shift_down, words};
use crate::objective::{Objective, Vae};
use crate::optim::Optimiser;
use heapless::Deque;
use heapless::spsc::Consumer;

/// Words of a window of `samples` samples encoded by `E`.
pub const fn window_words<E: Encoder>(samples: usize) -> usize {
    words(samples.saturating_mul(E::BITS))
}

/// What became of a sample: see [`Windows::push`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is in the window.
    Kept,
    /// It completed a window, which is in the queue now.
    Window,
    /// It completed a window, which was dropped because the queue is full.
    Full,
    /// It was NaN or infinite, and dropped.
    Unsound,
}

/// Windows of `N` samples, `W` words each ([`window_words`], checked at compile time), of which `Q` can wait.
///
/// Sample i of a window has the bits from i [`Encoder::BITS`] on. Memory: W (Q + 1) words and a few.
///
/// ```
/// use arm_core::stream::{Pushed, Threshold, Windows};
/// // Four samples a window, two of them new.
/// let mut windows = Windows::<Threshold<i16>, 4, 1, 8>::new(Threshold(100), 2)?;
/// for sample in [120, 90, 100, 101, 7, 300] {
///     windows.push(sample);
/// }
/// assert_eq!((windows.next(), windows.next(), windows.next()), (Some([0b1001]), Some([0b1010]), None));
/// # Ok::<(), arm_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Windows<E, const N: usize, const W: usize, const Q: usize> {
    encoder: E,
    step: usize,
    window: [u32; W],
    filled: usize,
    queue: Deque<[u32; W], Q>,
    unsound: u32,
    dropped: u32,
}

impl<E: Encoder + Copy, const N: usize, const W: usize, const Q: usize> Windows<E, N, W, Q> {
    const WORDS_FIT: () = assert!(W == window_words::<E>(N) && N > 0, "W must be window_words::<E>(N)");

    /// No samples yet. Each window starts `step` samples after the one before it: 1 for the most overlap, `N` for none.
    /// Errors: [`Error::Setting`] for a step outside 1..=N.
    pub const fn new(encoder: E, step: usize) -> Result<Self, Error> {
        const { Self::WORDS_FIT };
        if step == 0 || step > N {
            return Err(Error::Setting);
        }
        let queue = Deque::new();
        Ok(Windows { encoder, step, window: [0; W], filled: 0, queue, unsound: 0, dropped: 0 })
    }

    /// Takes in one sample. Cost: its bits; for the last sample of a window also a copy and a shift of `W` words.
    pub fn push(&mut self, sample: E::Sample) -> Pushed {
        if !sample.is_sound() {
            self.unsound = self.unsound.saturating_add(1);
            return Pushed::Unsound;
        }
        let mut at = self.filled * E::BITS;
        let window = &mut self.window;
        self.encoder.encode(sample, |bit| {
            if let Some(word) = window.get_mut(at / 32) {
                *word |= u32::from(bit) << (at % 32);
            }
            at += 1;
        });
        self.filled += 1;
        if self.filled < N {
            return Pushed::Kept;
        }
        let kept = self.queue.push_back(self.window).is_ok();
        shift_down(&mut self.window, self.step * E::BITS);
        self.filled = N - self.step;
        if kept {
            return Pushed::Window;
        }
        self.dropped = self.dropped.saturating_add(1);
        Pushed::Full
    }

    /// Takes samples from an interrupt's queue until it is empty or a window is complete; returns how many. While there is
    /// no room for another window it takes none, so that only the interrupt can lose samples, and knows it.
    pub fn drain(&mut self, samples: &mut Consumer<'_, E::Sample>) -> usize {
        let mut count = 0;
        // Its length, by which the queue divides, is known to be positive only where its type is seen.
        if samples.capacity() == usize::MAX {
            return count;
        }
        while !self.queue.is_full() {
            let Some(sample) = samples.dequeue() else { break };
            count += 1;
            if !matches!(self.push(sample), Pushed::Kept | Pushed::Unsound) {
                break;
            }
        }
        count
    }

    /// The oldest window in the queue.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<[u32; W]> {
        self.queue.pop_front()
    }

    /// A bounded amount of learning: goes on with the learner's step, with at most `budget` parameters as in
    /// [`Learner::poll`], or begins one on the oldest window. [`Progress::Done`] has the window's anomaly score, -ELBO.
    ///
    /// Errors: as [`Learner::begin`]; the window is gone then, the model as it was.
    pub fn poll<A: Estimator, O: Optimiser, K: Estimates>(
        &mut self,
        learner: &mut Learner<'_, '_, A, O, K>,
        budget: usize,
    ) -> Result<Progress, Error>
    where
        Vae: Objective<K>,
    {
        let progress = learner.poll(budget)?;
        if progress != Progress::Idle {
            return Ok(progress);
        }
        match self.next() {
            Some(window) => learner.begin(&window).map(|()| Progress::Working),
            None => Ok(Progress::Idle),
        }
    }

    /// Windows in the queue.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Samples dropped because they were NaN or infinite; at most `u32::MAX`.
    pub fn unsound(&self) -> u32 {
        self.unsound
    }

    /// Windows dropped because the queue was full; at most `u32::MAX`.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
