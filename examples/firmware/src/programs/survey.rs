//! Rows of sixteen yes-or-no answers, learned by a network that fits a machine with 16 KB: 16-16-[8] / [8]-16-16.

use super::detector::Independent;
use arm_core::estimator::Arm;
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};

/// The network.
pub const SHAPE: Shape<'static> = Shape::vae(
    16,
    &[Layer::hidden(16, 0.1), Layer::bernoulli(8)],
    &[Layer::hidden(16, 0.1), Layer::bernoulli(16)],
    Prior::Fixed,
);

/// All memory, for a static.
#[derive(Debug)]
pub struct Room {
    network: Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }>,
    independent: Independent<16>,
}

impl Room {
    /// Zeroed memory.
    pub const ZERO: Self = Room { network: Memory::ZERO, independent: Independent::ZERO };
}

const RATE: f32 = 0.01;
/// Rows that are learned, over and over where there are fewer.
pub const LEARNED: u32 = 10_000;
/// Rows that are held out.
pub const HELD_OUT: u32 = 500;

/// The hash of what comes out of generated rows, on every machine.
pub const HASH: u64 = 0x6d07_462d_3422_a84d;

/// Where rows come from.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// As many as are wanted, from the generator.
    Generated,
    /// Two bytes a row, little-endian: rows to learn and rows that are held out.
    Given(&'a [[u8; 2]], &'a [[u8; 2]]),
}

impl Rows<'_> {
    fn learned(&self, i: u32) -> u32 {
        match self {
            Rows::Generated => generated(i),
            Rows::Given(rows, _) => {
                let i = (i as usize).checked_rem(rows.len()).unwrap_or(0);
                rows.get(i).map_or(0, |row| u32::from(u16::from_le_bytes(*row)))
            }
        }
    }

    fn held_out(&self, i: u32) -> Option<u32> {
        match self {
            Rows::Generated => (i < HELD_OUT).then(|| generated(u32::MAX - i)),
            Rows::Given(_, rows) => rows.get(i as usize).map(|row| u32::from(u16::from_le_bytes(*row))),
        }
    }
}

/// Row `i` of a made-up survey on disability: ten chores and six activities of daily life, each of which is given up at
/// some severity of the illness; most people are well, answers are wrong now and then.
pub fn generated(i: u32) -> u32 {
    let mut stream = Stream::new(5, Purpose::Generate, u64::from(i), 0, 0);
    let (a, b) = (stream.uniform(), stream.uniform());
    let severity = 1.4 * a * b.max(0.4);
    let bodily = stream.uniform() < 0.6;
    (0..16u16).fold(0, |row, k| {
        let (chore, rank) = (k < 10, f32::from(if k < 10 { k } else { k - 10 }));
        let limit = if chore { 0.08 + 0.07 * rank } else { 0.25 + 0.1 * rank };
        let given_up = severity > limit && (chore || bodily);
        row | u32::from(given_up != (stream.uniform() < 0.05)) << k
    })
}

/// What came out, in nats a held-out row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Findings {
    /// -ELBO of the network.
    pub neg_elbo: f32,
    /// Importance-weighted bound with ten samples.
    pub bound: f32,
    /// Negative log-likelihood under independent bits.
    pub independent: f32,
    /// FNV-1a over the bits of every -ELBO while it learned, from zero.
    pub hash: u64,
}

/// Learns, then scores what was held out; `progress` gets the number of rows learned and the running -ELBO.
pub fn run(rows: Rows<'_>, room: &mut Room, mut progress: impl FnMut(u32, f32)) -> Result<Findings, Error> {
    let Room { network, independent } = room;
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: RATE }, 1, network.slices())?;
    let (mut hash, mut running) = (0u64, 11.0);
    for i in 0..LEARNED {
        let row = [rows.learned(i)];
        let f = learner.step(&row)?;
        independent.learn(&row);
        running += (f - running) * (1.0 / 256.0);
        hash = (hash ^ u64::from(f.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
        if (i + 1).is_multiple_of(LEARNED / 8) {
            progress(i + 1, running);
        }
    }
    let mut found = Findings { neg_elbo: 0.0, bound: 0.0, independent: 0.0, hash };
    let mut count = 0.0;
    while let Some(row) = rows.held_out(count as u32) {
        found.neg_elbo += learner.score(&[row], 1)?;
        found.bound += learner.score(&[row], 10)?;
        found.independent += independent.score(&[row]);
        count += 1.0;
    }
    let mean = 1.0 / f32::max(count, 1.0);
    found.neg_elbo *= mean;
    found.bound *= mean;
    found.independent *= mean;
    Ok(found)
}
