//! Instructions of a training step of several networks, batch 1, input density 30 %: see `scripts/counts.sh`.
//!
//! Built with `NETWORKS` in the environment: networks in the notation of docs/networks.md, with semicolons between them.
#![no_std]
#![no_main]

use arm_core::learner::Slices;
use arm_core::optim::{Adam, Optimiser, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Learner, estimator::Arm};
#[allow(unused_imports, reason = "there may be no networks")]
use arm_core::{Layer, Prior, Shape};
use firmware::board::clock::Clock;
use firmware::board::host;
use firmware::entry;

/// Steps that are counted, each on its own input.
const STEPS: u32 = 64;

/// A network, and how it is written.
struct Network {
    name: &'static str,
    shape: Shape<'static>,
}

static NETWORKS: &[Network] = include!(concat!(env!("OUT_DIR"), "/networks.rs"));

/// The most floats of parameters, words of scratch, and words of a row's input and target.
const MOST: [usize; 3] = {
    let networks: &[Network] = include!(concat!(env!("OUT_DIR"), "/networks.rs"));
    let (mut most, mut i) = ([1; 3], 0);
    while i < networks.len() {
        let shape = &networks[i].shape;
        let words = shape.inputs().div_ceil(32) + shape.targets().div_ceil(32);
        let needs = [shape.params(), shape.scratch(), words];
        let mut k = 0;
        while k < needs.len() {
            if needs[k] > most[k] {
                most[k] = needs[k];
            }
            k += 1;
        }
        i += 1;
    }
    most
};

/// Memory of the largest network.
struct Memory {
    params: [f32; MOST[0]],
    moments: [f32; 2 * MOST[0]],
    scratch: [u32; MOST[1]],
    rows: [[u32; MOST[2]]; STEPS as usize],
}

impl Memory {
    const ZERO: Self = Memory {
        params: [0.0; MOST[0]],
        moments: [0.0; 2 * MOST[0]],
        scratch: [0; MOST[1]],
        rows: [[0; MOST[2]]; STEPS as usize],
    };

    fn slices(&mut self, shape: &Shape<'_>, moments: usize) -> Option<Slices<'_>> {
        Some(Slices {
            params: self.params.get_mut(..shape.params())?,
            moments: self.moments.get_mut(..moments * shape.params())?,
            scratch: self.scratch.get_mut(..shape.scratch())?,
        })
    }
}

/// Fills words with bits, of which 30 % are one.
fn fill(stream: &mut Stream, words: &mut [u32], mut bits: usize) {
    for word in words {
        *word = 0;
        for bit in 0..bits.min(32) {
            *word |= u32::from(stream.uniform() < 0.3) << bit;
        }
        bits = bits.saturating_sub(32);
    }
}

/// Instructions of a step, the loop around it included.
#[inline(never)]
fn count(network: &Network, optimiser: impl Optimiser, memory: &mut Memory) -> Result<u32, Error> {
    let shape = network.shape;
    let inputs = shape.inputs().div_ceil(32);
    let mut stream = Stream::new(1, Purpose::Generate, 0, 0, 0);
    for row in &mut memory.rows {
        let (x, rest) = row.split_at_mut_checked(inputs).unwrap_or_default();
        fill(&mut stream, x, shape.inputs());
        fill(&mut stream, rest, shape.targets());
    }
    let rows = memory.rows;
    let moments = optimiser.rule().moments();
    let slices = memory.slices(&shape, moments).ok_or(Error::Corrupt)?;
    let mut learner = Learner::new(shape, Arm, optimiser, 1, slices)?;
    let clock = Clock::start();
    for row in &rows {
        let (x, rest) = row.split_at_checked(inputs).unwrap_or_default();
        if shape.is_conditional() {
            learner.step_conditional(x, rest.get(..shape.targets().div_ceil(32)).unwrap_or_default())?;
        } else {
            learner.step(x)?;
        }
    }
    Ok(clock.instructions() / STEPS)
}

fn run() -> Result<(), Error> {
    static mut MEMORY: Memory = Memory::ZERO;
    // SAFETY: the only reference to it; this function runs once.
    let memory = unsafe { &mut *(&raw mut MEMORY) };
    for network in NETWORKS {
        let sgd = count(network, Sgd { rate: 0.01 }, memory)?;
        let adam = count(network, Adam::new(1e-3), memory)?;
        host::text("counted ");
        host::number(sgd);
        host::text(" ");
        host::number(adam);
        host::text(" ");
        host::text(network.name);
        host::text("\n");
    }
    Ok(())
}

#[entry]
fn main() -> ! {
    host::exit(run().is_ok())
}
