//! Instructions, stack and memory of the reference network: 64-32-16 / 16-32-64, batch 1, input density 30 %.
#![no_std]
#![no_main]

use arm_core::learner::Progress;
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::record::Record;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Learner, Memory, estimator::Arm};
use firmware::board::clock::Clock;
use firmware::board::host;
use firmware::board::ram::Stack;
use firmware::entry;
use firmware::programs::reference::{P, RamFlash, S, SHAPE};

/// Steps that are counted, each on its own input. The emulator of a Pico takes its time.
const STEPS: u32 = if cfg!(rp2040) { 4 } else { 64 };

type Inputs = [[u32; 2]; STEPS as usize];

fn inputs() -> Inputs {
    let mut all = [[0; 2]; STEPS as usize];
    let mut stream = Stream::new(1, Purpose::Generate, 0, 0, 0);
    for word in all.as_flattened_mut() {
        for bit in 0..32 {
            *word |= u32::from(stream.uniform() < 0.3) << bit;
        }
    }
    all
}

fn line(name: &str, value: u32) {
    host::text(name);
    host::text(" ");
    host::number(value);
    host::text("\n");
}

/// Instructions of `work` for each input, the loop around it included.
fn count(inputs: &Inputs, mut work: impl FnMut(&[u32]) -> Result<f32, Error>) -> Result<u32, Error> {
    let clock = Clock::start();
    for x in inputs {
        work(x)?;
    }
    Ok(clock.instructions() / STEPS)
}

/// Bytes of stack below this call; `work` is not inlined into it.
#[inline(never)]
fn stack(work: &mut dyn FnMut() -> bool) -> Result<u32, Error> {
    let stack = Stack::paint();
    if work() { Ok(stack.used()) } else { Err(Error::Corrupt) }
}

fn measure<O: Optimiser>(
    learner: &mut Learner<'_, 'static, Arm, O>,
    inputs: &Inputs,
    [step_instructions, step_stack, hash, polled_instructions]: [&str; 4],
) -> Result<(), Error> {
    line(step_instructions, count(inputs, |x| learner.step(x))?);
    let bits = learner.params().iter().map(|p| p.to_bits());
    // Parameters after fewer steps are others.
    let hash = if cfg!(rp2040) { "other_hash" } else { hash };
    line(hash, bits.fold(0x811c_9dc5, |hash, p| (hash ^ p).wrapping_mul(0x0100_0193)));
    let [x, ..] = inputs;
    line(step_stack, stack(&mut || learner.step(x).is_ok())?);
    line(polled_instructions, count(inputs, |x| polled(learner, x))?);
    Ok(())
}

/// A step in slices of at most 256 parameters.
fn polled<O: Optimiser>(learner: &mut Learner<'_, 'static, Arm, O>, x: &[u32]) -> Result<f32, Error> {
    learner.begin(x)?;
    loop {
        match learner.poll(256)? {
            Progress::Working => {}
            Progress::Done(f) => return Ok(f),
            Progress::Idle => return Err(Error::Busy),
        }
    }
}

fn run() -> Result<(), Error> {
    static mut SGD: Memory<P, 0, S> = Memory::ZERO;
    static mut VELOCITY: Memory<P, P, S> = Memory::ZERO;
    static mut ADAM: Memory<P, { 2 * P }, S> = Memory::ZERO;
    static mut FLASH: RamFlash = RamFlash::ZERO;
    // SAFETY: the only references to them; this function runs once.
    let (sgd, momentum) = unsafe { (&mut *(&raw mut SGD), &mut *(&raw mut VELOCITY)) };
    // SAFETY: as above.
    let (adam, flash) = unsafe { (&mut *(&raw mut ADAM), &mut *(&raw mut FLASH)) };
    let inputs = inputs();
    let [x, ..] = &inputs;
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.01 }, 1, sgd.slices())?;
    measure(
        &mut learner,
        &inputs,
        ["sgd_step_instructions", "sgd_step_stack_bytes", "sgd_parameter_hash", "polled_step_instructions"],
    )?;
    line("score_instructions", count(&inputs, |x| learner.score(x, 1))?);
    line("score_stack_bytes", stack(&mut || learner.score(x, 1).is_ok())?);
    let mut record = Record::new(flash, 0, RamFlash::SLOT)?;
    // Both slots hold something, so that there is something to look at.
    for _ in 0..2 {
        learner.save(&mut record).map_err(|_| Error::Corrupt)?;
    }
    line("save_stack_bytes", stack(&mut || learner.save(&mut record).is_ok())?);
    line("load_stack_bytes", stack(&mut || learner.load(&mut record).is_ok())?);
    let rule = Momentum { rate: 0.01, momentum: 0.9 };
    let mut learner = Learner::new(SHAPE, Arm, rule, 1, momentum.slices())?;
    measure(
        &mut learner,
        &inputs,
        [
            "momentum_step_instructions",
            "momentum_step_stack_bytes",
            "momentum_parameter_hash",
            "momentum_polled_instructions",
        ],
    )?;
    let mut learner = Learner::new(SHAPE, Arm, Adam::new(1e-3), 1, adam.slices())?;
    measure(
        &mut learner,
        &inputs,
        [
            "adam_step_instructions",
            "adam_step_stack_bytes",
            "adam_parameter_hash",
            "adam_polled_instructions",
        ],
    )?;
    line("parameter_bytes", 4 * P as u32);
    line("sgd_ram_beyond_parameters_bytes", 4 * S as u32);
    Ok(())
}

#[entry]
fn main() -> ! {
    host::exit(run().is_ok())
}
