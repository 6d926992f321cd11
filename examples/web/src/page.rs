//! The network 256-64-\[32\] and what it learns from: pictures of 16 by 16 pixels.

use arm_core::estimator::DisArm;
use arm_core::learner::State;
use arm_core::optim::Adam;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape, codec};

/// Pixels of a side.
const SIDE: usize = 16;
const PIXELS: usize = SIDE * SIDE;

const SHAPE: Shape<'static> = Shape::vae(
    PIXELS,
    &[Layer::hidden(64, 0.1), Layer::bernoulli(32)],
    &[Layer::hidden(64, 0.1), Layer::bernoulli(PIXELS)],
    Prior::Fixed,
);

const MOMENTS: usize = SHAPE.moments::<Adam>();
const BYTES: usize = codec::encoded_len(&SHAPE);

/// Pictures that can be kept.
const MOST: usize = 64;
/// Samples of a score.
const SAMPLES: u32 = 50;

/// A picture, packed.
pub(crate) type Picture = [u32; PIXELS / 32];

pub(crate) struct Page {
    memory: Memory<{ SHAPE.params() }, MOMENTS, { SHAPE.scratch() }>,
    state: State,
    seed: u32,
    pub(crate) picture: Picture,
    pub(crate) probabilities: [f32; PIXELS],
    drawn: [Picture; MOST],
    pub(crate) kept: usize,
    pub(crate) bytes: [u8; BYTES],
}

type Network<'a> = Learner<'a, 'static, DisArm, Adam>;

impl Page {
    pub(crate) const NEW: Self = Page {
        memory: Memory::ZERO,
        state: State { steps: 0, updates: 0, scores: 0, pending: None },
        seed: 0,
        picture: [0; PIXELS / 32],
        probabilities: [0.0; PIXELS],
        drawn: [[0; PIXELS / 32]; MOST],
        kept: 0,
        bytes: [0; BYTES],
    };

    /// The learner as it was left, for a while.
    fn learner<T>(&mut self, f: impl FnOnce(&mut Network<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let slices = self.memory.slices();
        let mut learner =
            Learner::attach(SHAPE, DisArm, Adam::new(0.003), u64::from(self.seed), slices, self.state)?;
        let result = f(&mut learner);
        self.state = learner.state();
        result
    }

    pub(crate) fn start(&mut self, seed: u32) -> i32 {
        let slices = self.memory.slices();
        match Learner::new(SHAPE, DisArm, Adam::new(0.003), u64::from(seed), slices) {
            Ok(learner) => {
                self.state = learner.state();
                self.seed = seed;
                0
            }
            Err(error) => error.code(),
        }
    }

    pub(crate) fn steps(&self) -> u32 {
        self.state.steps as u32
    }

    pub(crate) fn train(&mut self, steps: u32) -> f32 {
        let (drawn, kept) = (self.drawn, self.kept);
        let result = self.learner(|learner| {
            let mut sum = 0.0;
            for _ in 0..steps {
                let i = learner.steps() as u32;
                let own = drawn.get((i as usize).checked_rem(kept).unwrap_or(MOST));
                sum += learner.step(&own.copied().unwrap_or_else(|| stroke(i)))?;
            }
            Ok(sum / steps as f32)
        });
        result.unwrap_or(f32::NAN)
    }

    pub(crate) fn sample(&mut self, i: u32) -> i32 {
        let mut probabilities = [0.0; PIXELS];
        let result = self.learner(|learner| learner.sample(u64::from(i), &mut probabilities));
        self.probabilities = probabilities;
        result.map_or_else(|error| error.code(), |()| 0)
    }

    pub(crate) fn keep(&mut self) -> usize {
        if let Some(place) = self.drawn.get_mut(self.kept) {
            *place = self.picture;
            self.kept += 1;
        }
        self.kept
    }

    pub(crate) fn score(&mut self) -> f32 {
        let picture = self.picture;
        self.learner(|learner| learner.score(&picture, SAMPLES)).unwrap_or(f32::NAN)
    }

    pub(crate) fn save(&mut self) -> usize {
        let mut bytes = [0; BYTES];
        let length = self.learner(|learner| learner.save_bytes(&mut bytes)).unwrap_or(0);
        self.bytes = bytes;
        length
    }

    pub(crate) fn load(&mut self, length: usize) -> i32 {
        let bytes = self.bytes;
        let bytes = bytes.get(..length).unwrap_or_default();
        self.learner(|learner| learner.load_bytes(bytes)).map_or_else(|error| error.code(), |()| 0)
    }
}

/// Stroke `i`: a line of a random place, length and direction, two pixels wide.
pub(crate) fn stroke(i: u32) -> Picture {
    let mut random = Stream::new(1, Purpose::Generate, u64::from(i), 0, 0);
    let mut end = || (2.0 + 12.0 * random.uniform(), 2.0 + 12.0 * random.uniform());
    let ((x0, y0), (x1, y1)) = (end(), end());
    let mut picture = [0u32; PIXELS / 32];
    for k in 0..=32 {
        let t = k as f32 / 32.0;
        let (x, y) = ((x0 + t * (x1 - x0)) as usize, (y0 + t * (y1 - y0)) as usize);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
            let pixel = SIDE * y.min(SIDE - 1) + x.min(SIDE - 1);
            if let Some(word) = picture.get_mut(pixel / 32) {
                *word |= 1 << (pixel % 32);
            }
        }
    }
    picture
}
