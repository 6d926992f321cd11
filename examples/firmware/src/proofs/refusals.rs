//! Bad input: every one comes back as an error or is counted, and the model stays as it was.

use arm_core::estimator::Arm;
use arm_core::learner::Slices;
use arm_core::optim::Sgd;
use arm_core::stream::{Pushed, Thermometer, Threshold, Windows};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape, codec};
use heapless::spsc::Queue;

const SHAPE: Shape<'static> = Shape::vae(
    16,
    &[Layer::hidden(6, 0.1), Layer::bernoulli(4)],
    &[Layer::hidden(6, 0.1), Layer::bernoulli(16)],
    Prior::Fixed,
);
const BYTES: usize = codec::encoded_len(&SHAPE);

/// Memory for a network and its bytes.
#[derive(Debug)]
pub struct Room {
    network: Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }>,
    bytes: [u8; BYTES],
}

impl Room {
    /// Zeroed memory.
    pub const ZERO: Self = Room { network: Memory::ZERO, bytes: [0; BYTES] };
}

/// One kind of bad input, and whether it is refused as it should be.
pub type Refusal = (&'static str, fn(&mut Room) -> Result<bool, Error>);

/// Every kind.
pub const ALL: [Refusal; 7] = [
    ("samples that are NaN or infinite", unsound_samples),
    ("windows of zeros and of ones", windows_of_one_kind),
    ("a full queue", full_queue),
    ("rates of zero, NaN, infinity and below zero", rates),
    ("rows of the wrong length", rows),
    ("corrupt, older, newer and cut bytes", bytes),
    ("bytes of another network", foreign_bytes),
];

type SmallLearner<'m> = Learner<'m, 'static, Arm, Sgd>;

fn learner(memory: Slices<'_>) -> Result<SmallLearner<'_>, Error> {
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.1 }, 3, memory)?;
    for i in 0..20u32 {
        learner.step(&[i.wrapping_mul(0x9e37_79b9) >> 16])?;
    }
    Ok(learner)
}

/// FNV-1a over the bits of the parameters.
fn hash(learner: &SmallLearner<'_>) -> u32 {
    learner.params().iter().fold(0x811c_9dc5, |hash, p| (hash ^ p.to_bits()).wrapping_mul(0x0100_0193))
}

fn unsound_samples(_: &mut Room) -> Result<bool, Error> {
    let mut windows = Windows::<_, 4, 1, 2>::new(Thermometer::<f32, 2>::even(-1.0, 1.0)?, 4)?;
    let mut pushed = Pushed::Kept;
    for sample in [0.9, f32::NAN, -0.9, f32::INFINITY, 0.0, f32::NEG_INFINITY, 0.5] {
        pushed = windows.push(sample);
    }
    Ok(pushed == Pushed::Window && windows.unsound() == 3 && windows.next() == Some([0b1101_0011]))
}

fn windows_of_one_kind(room: &mut Room) -> Result<bool, Error> {
    let mut learner = learner(room.network.slices())?;
    for i in 0..400 {
        learner.step(&[if i < 200 { 0 } else { 0xffff }])?;
    }
    let (zeros, ones) = (learner.score(&[0], 10)?, learner.score(&[0xffff], 10)?);
    Ok(learner.params().iter().all(|p| p.is_finite()) && ones < 4.0 && zeros.is_finite())
}

fn full_queue(_: &mut Room) -> Result<bool, Error> {
    let mut queue = Queue::<i16, 5>::new();
    let (mut interrupt, mut samples) = queue.split();
    // The interrupt gets back the sample it has no room for.
    let refused = (0..6).filter(|&i| interrupt.enqueue(i) == Err(i)).count();
    let mut windows = Windows::<_, 1, 1, 2>::new(Threshold(1), 1)?;
    let drained = (0..4).map(|_| windows.drain(&mut samples)).sum::<usize>();
    let full = windows.push(9) == Pushed::Full && windows.dropped() == 1;
    Ok(refused == 2 && drained == 2 && full && windows.next() == Some([0]))
}

fn rates(room: &mut Room) -> Result<bool, Error> {
    let mut learner = learner(room.network.slices())?;
    let before = hash(&learner);
    let mut refused = true;
    for rate in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1, 1e7] {
        learner.optimiser_mut().rate = rate;
        refused &= learner.step(&[0xff]) == Err(Error::Setting);
    }
    learner.optimiser_mut().rate = 0.0;
    learner.step(&[0xff])?;
    Ok(refused && hash(&learner) == before)
}

fn rows(room: &mut Room) -> Result<bool, Error> {
    let mut learner = learner(room.network.slices())?;
    let before = hash(&learner);
    let mut refused = true;
    for row in [&[][..], &[1, 2], &[0x1_0000]] {
        let wrong = |result| matches!(result, Err(Error::Width { .. }));
        refused &= wrong(learner.step(row)) && wrong(learner.score(row, 1));
    }
    Ok(refused && learner.score(&[1], 0) == Err(Error::Setting) && hash(&learner) == before)
}

fn bytes(room: &mut Room) -> Result<bool, Error> {
    let Room { network, bytes } = room;
    let mut learner = learner(network.slices())?;
    learner.save_bytes(bytes)?;
    learner.step(&[0xff])?;
    let before = hash(&learner);
    let mut refused = true;
    // What is damaged, and with what result.
    for (at, expected) in [(0, Error::Magic), (60, Error::Corrupt), (BYTES - 1, Error::Corrupt)] {
        let flip = |bytes: &mut [u8; BYTES]| bytes.get_mut(at).into_iter().for_each(|b| *b ^= 4);
        flip(bytes);
        refused &= learner.load_bytes(bytes) == Err(expected);
        flip(bytes);
    }
    // Bytes are not always of the newest version.
    let written = bytes.get(4).copied().unwrap_or_default();
    for (version, expected) in [(0, Error::Older), (codec::VERSION as u8 + 1, Error::Newer)] {
        bytes.get_mut(4).into_iter().for_each(|b| *b = version);
        refused &= learner.load_bytes(bytes) == Err(expected);
    }
    bytes.get_mut(4).into_iter().for_each(|b| *b = written);
    let cut = bytes.get(..BYTES - 7).unwrap_or_default();
    refused &= matches!(learner.load_bytes(cut), Err(Error::Length { .. })) && hash(&learner) == before;
    learner.load_bytes(bytes)?;
    Ok(refused && hash(&learner) != before)
}

fn foreign_bytes(room: &mut Room) -> Result<bool, Error> {
    const OTHER: Shape<'static> =
        Shape::vae(16, &[Layer::bernoulli(4)], &[Layer::bernoulli(16)], Prior::Fixed);
    let mut learner = learner(room.network.slices())?;
    let before = hash(&learner);
    let params = [0.5; OTHER.params()];
    let n = codec::encode_into(&OTHER, &params, 1, &mut room.bytes)?;
    let loaded = learner.load_bytes(room.bytes.get(..n).unwrap_or_default());
    Ok(loaded == Err(Error::OtherShape) && hash(&learner) == before)
}
