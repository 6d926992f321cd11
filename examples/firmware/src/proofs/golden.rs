//! What the engine computes, as hashes of bits: the same on the host and on every target.

use super::{integer_shapes, shapes};
use arm_core::estimator::{Arm, DisArm, Estimator, IntegerEstimator, Reinforce, Rloo};
use arm_core::kernels::Integer;
use arm_core::learner::Slices;
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Prior, Shape, math};

/// One value: its name, how it is computed, and what it must be.
pub type Golden = (&'static str, fn(&mut Room) -> Result<u64, Error>, u64);

/// Every golden value.
pub const ALL: [Golden; 18] = [
    ("math", math_on_a_grid, 0x00f5_7030_5999_aa54),
    ("uniforms", uniforms, 0x926a_24cc_ad6a_32dd),
    ("sgd", |room| vae(room, Arm, Sgd { rate: 0.05 }, 200), 0xf795_f0bf_1bb2_6283),
    ("momentum", |room| vae(room, Arm, Momentum { rate: 0.02, momentum: 0.9 }, 200), 0xabfb_6db3_6619_ae80),
    ("adam", |room| vae(room, DisArm, Adam::new(0.01), 200), 0x8bad_a7d6_1837_4e79),
    ("rloo", |room| vae(room, Rloo { samples: 2 }, Sgd { rate: 0.05 }, 100), 0x6279_72dc_12bf_6914),
    ("two layers", two_layers, 0x97ea_ef7a_8293_7771),
    ("black box", black_box, 0xe896_c136_1161_c111),
    ("fading momentum", |room| fading(room, Momentum { rate: 0.1, momentum: 0.5 }), 0xfed2_8c99_b518_1781),
    (
        "fading adam",
        |room| fading(room, Adam { beta1: 0.5, beta2: 0.6, ..Adam::new(0.01) }),
        0x75b5_de22_6edf_4ef9,
    ),
    ("integers", |room| integer_vae(room, Arm, 200), 0xa742_4069_bd92_e6a7),
    ("integers, disarm", |room| integer_vae(room, DisArm, 200), 0xe9bf_8ef4_482b_c80f),
    ("integers, rloo", |room| integer_vae(room, Rloo { samples: 2 }, 100), 0x5417_632d_5313_452f),
    ("integers, two layers", integer_layers, 0xf2dd_f1ad_6478_bc3b),
    ("integers, black box", integer_black_box, 0xd951_e8a0_6d3b_e78d),
    ("kernels on random shapes", random_shapes, 0x09f7_1da1_a7b2_ef4d),
    ("optimisers on random shapes", random_optimisers, 0x4384_107b_00bb_99c4),
    ("integers on random shapes", integer_shapes, 0x84bc_9673_ed49_0cdf),
];

/// Memory for the largest network here; it fits a machine with 16 KB.
#[derive(Debug)]
pub struct Room {
    params: [f32; 512],
    moments: [f32; 1024],
    integers: [i16; 512],
    scratch: [u32; 640],
}

impl Room {
    /// Zeroed memory.
    pub const ZERO: Self =
        Room { params: [0.0; 512], moments: [0.0; 1024], integers: [0; 512], scratch: [0; 640] };

    fn learner<'r, E: Estimator, O: Optimiser>(
        &'r mut self,
        shape: Shape<'static>,
        estimator: E,
        optimiser: O,
    ) -> Result<Learner<'r, 'static, E, O>, Error> {
        let samples = estimator.samples();
        let memory = Slices {
            params: part(&mut self.params, shape.params()),
            moments: part(&mut self.moments, shape.moments::<O>()),
            scratch: part(&mut self.scratch, shape.scratch_for(samples)),
        };
        Learner::new(shape, estimator, optimiser, 7, memory)
    }

    fn integer<'r, E: Estimator + IntegerEstimator>(
        &'r mut self,
        shape: Shape<'static>,
        estimator: E,
        rate: f32,
    ) -> Result<Learner<'r, 'static, E, Sgd, Integer>, Error> {
        let samples = estimator.samples();
        let memory = Slices {
            params: part(&mut self.integers, shape.params()),
            moments: &mut [],
            scratch: part(&mut self.scratch, shape.integer_scratch_for(samples)),
        };
        Learner::integer(shape, estimator, Sgd { rate }, 7, memory)
    }
}

fn part<T>(all: &mut [T], length: usize) -> &mut [T] {
    all.get_mut(..length).unwrap_or_default()
}

/// FNV-1a over 32-bit words; every NaN counts as the same.
#[derive(Debug)]
pub struct Hash(u64);

impl Hash {
    const fn new() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in one number.
    pub fn push(&mut self, x: f32) {
        let bits = if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() };
        self.0 = (self.0 ^ u64::from(bits)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Takes in all.
    pub fn all(&mut self, xs: &[f32]) {
        xs.iter().for_each(|&x| self.push(x));
    }
}

fn math_on_a_grid(_: &mut Room) -> Result<u64, Error> {
    let mut hash = Hash::new();
    for i in 0..2048u32 {
        let x = f32::from_bits(i.wrapping_mul(0x0020_0401));
        hash.push(math::exp(x));
        hash.push(math::sigmoid(x));
        hash.push(math::softplus(x));
        hash.push(math::sqrt(x));
        hash.push(math::powi(x, i % 9));
        if x.is_normal() && x > 0.0 {
            hash.push(math::ln(x));
        }
    }
    Ok(hash.0)
}

fn uniforms(_: &mut Room) -> Result<u64, Error> {
    let mut hash = Hash::new();
    for i in 0..64 {
        let mut stream = Stream::new(i, Purpose::Sample, i << 33, 3 * i, i as usize % 3);
        (0..32).for_each(|_| hash.push(stream.uniform()));
    }
    Ok(hash.0)
}

fn random_shapes(room: &mut Room) -> Result<u64, Error> {
    let mut hash = Hash::new();
    shapes::kernels(&mut hash, &mut room.params, &mut room.moments);
    Ok(hash.0)
}

fn random_optimisers(room: &mut Room) -> Result<u64, Error> {
    let mut hash = Hash::new();
    shapes::optimisers(&mut hash, &mut room.params, &mut room.moments);
    Ok(hash.0)
}

fn integer_shapes(room: &mut Room) -> Result<u64, Error> {
    let mut hash = Hash::new();
    integer_shapes::kernels(&mut hash, &mut room.integers);
    Ok(hash.0)
}

const SMALL: Shape<'static> = Shape::vae(
    16,
    &[Layer::hidden(11, 0.1), Layer::bernoulli(6)],
    &[Layer::hidden(9, 0.1), Layer::bernoulli(16)],
    Prior::Learned,
);

const TWO_LAYERS: Shape<'static> = Shape::vae(
    12,
    &[Layer::bernoulli(9), Layer::bernoulli(5)],
    &[Layer::bernoulli(9), Layer::bernoulli(12)],
    Prior::Fixed,
);

const CHAIN: Shape<'static> = Shape::chain(4, &[Layer::hidden(8, 0.2), Layer::bernoulli(10)]);

/// Rows with a common cause: each is one of four patterns with some bits flipped.
pub fn row(i: u64, width: usize) -> u32 {
    let mut stream = Stream::new(99, Purpose::Generate, i, 0, 0);
    let pattern = 0x3c5a_96c3u32.rotate_left(8 * (4.0 * stream.uniform()) as u32);
    let mut x = 0;
    for bit in 0..width {
        let flip = u32::from(stream.uniform() < 0.1);
        x |= ((pattern >> bit & 1) ^ flip) << bit;
    }
    x
}

/// Trains, scores and samples; every parameter and every value that came back is in the hash.
fn train<E: Estimator, O: Optimiser>(
    mut learner: Learner<'_, '_, E, O>,
    mut rows: impl FnMut(u64) -> u32,
    steps: u64,
) -> Result<u64, Error> {
    let mut hash = Hash::new();
    for i in 0..steps {
        hash.push(learner.step(&[rows(i)])?);
    }
    hash.all(learner.params());
    for i in 0..8 {
        hash.push(learner.score(&[rows(i)], 5)?);
    }
    let mut p = [0.0; 16];
    let p = part(&mut p, learner.shape().inputs());
    learner.sample(3, p)?;
    hash.all(p);
    Ok(hash.0)
}

fn vae<E: Estimator, O: Optimiser>(room: &mut Room, e: E, o: O, steps: u64) -> Result<u64, Error> {
    train(room.learner(SMALL, e, o)?, |i| row(i, 16), steps)
}

fn two_layers(room: &mut Room) -> Result<u64, Error> {
    train(room.learner(TWO_LAYERS, Arm, Sgd { rate: 0.05 })?, |i| row(i, 12), 200)
}

fn black_box(room: &mut Room) -> Result<u64, Error> {
    let mut learner = room.learner(CHAIN, Arm, Adam::new(0.02))?;
    let mut hash = Hash::new();
    for i in 0..200u32 {
        let x = i & 15;
        let f = learner.step_black_box(&[x], |b| {
            let wrong = b.iter().enumerate().filter(|(k, b)| *b != (x >> (k % 4) & 1 == 1)).count();
            // Tiny costs give tiny gradients, which must vanish alike on machines with and without subnormal numbers.
            wrong as f32 * if i % 3 == 0 { 1e-36 } else { 0.1 }
        })?;
        hash.push(f);
    }
    hash.all(learner.params());
    Ok(hash.0)
}

/// Everything that came back, every parameter, and what left its range.
fn train_integer<E: Estimator + IntegerEstimator>(
    mut learner: Learner<'_, '_, E, Sgd, Integer>,
    mut rows: impl FnMut(u64) -> u32,
    steps: u64,
) -> Result<u64, Error> {
    let mut hash = Hash::new();
    for i in 0..steps {
        hash.push(learner.step(&[rows(i)])?);
    }
    learner.params().iter().for_each(|w| hash.push((*w).into()));
    for i in 0..8 {
        hash.push(learner.score(&[rows(i)], 5)?);
    }
    let mut p = [0.0; 16];
    let p = part(&mut p, learner.shape().inputs());
    learner.sample(3, p)?;
    hash.all(p);
    hash.push(learner.saturated() as f32);
    Ok(hash.0)
}

fn integer_vae<E: Estimator + IntegerEstimator>(room: &mut Room, e: E, steps: u64) -> Result<u64, Error> {
    train_integer(room.integer(SMALL, e, 0.05)?, |i| row(i, 16), steps)
}

/// At a rate at which some numbers leave their range.
fn integer_layers(room: &mut Room) -> Result<u64, Error> {
    train_integer(room.integer(TWO_LAYERS, Arm, 2.0)?, |i| row(i, 12), 200)
}

fn integer_black_box(room: &mut Room) -> Result<u64, Error> {
    let mut learner = room.integer(CHAIN, Reinforce::default(), 0.02)?;
    let mut hash = Hash::new();
    for i in 0..200u32 {
        let x = i & 15;
        let f = learner.step_black_box(&[x], |b| {
            0.1 * b.iter().enumerate().filter(|(k, b)| *b != (x >> (k % 4) & 1 == 1)).count() as f32
        })?;
        hash.push(f);
    }
    learner.params().iter().for_each(|w| hash.push((*w).into()));
    Ok(hash.0)
}

/// Inputs that fall silent: the moments of their weights decay into the range of subnormal numbers and beyond.
fn fading<O: Optimiser>(room: &mut Room, optimiser: O) -> Result<u64, Error> {
    train(room.learner(SMALL, Arm, optimiser)?, |i| if i < 8 { 0xffff } else { 0x000f }, 240)
}
