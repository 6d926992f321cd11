//! What calls cost with all of the engine: what `examples/firmware-c/src/costs.c` does, in Rust. Without a floating-point unit
//! in integers.
#![no_std]
#![no_main]

use arm_core::kernels::Integer;
use arm_core::learner::Progress;
use arm_core::objective::{Objective, Vae};
use arm_core::optim::{Adam, Momentum, Optimiser, Sgd};
use arm_core::{Error, Estimates, Learner, Memory, estimator::Arm};
use firmware::board::clock::Clock;
use firmware::board::host;
use firmware::board::ram::Stack;
use firmware::entry;
use firmware::programs::reference::{P, S, SHAPE};

const STEPS: u32 = 64;

type Inputs = [[u32; 2]; STEPS as usize];
type Model<'m, O, K> = Learner<'m, 'static, Arm, O, K>;

/// Three bits in ten are one.
fn inputs() -> Inputs {
    let (mut all, mut s) = ([[0; 2]; STEPS as usize], 1u32);
    for word in all.as_flattened_mut() {
        for bit in 0..32 {
            s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *word |= u32::from((s >> 16) % 10 < 3) << bit;
        }
    }
    all
}

fn line(name: &str, value: u32) {
    host::text("rust_");
    host::text(name);
    host::text(" ");
    host::number(value);
    host::text("\n");
}

/// Bytes of stack below this call; `work` is not inlined into it.
#[inline(never)]
fn stack(work: &mut dyn FnMut() -> bool) -> Result<u32, Error> {
    let stack = Stack::paint();
    if work() { Ok(stack.used()) } else { Err(Error::Corrupt) }
}

fn measure<O: Optimiser, K: Estimates>(
    learner: &mut Model<'_, O, K>,
    inputs: &Inputs,
    [instructions, bytes]: [&str; 2],
    work: fn(&mut Model<'_, O, K>, &[u32]) -> Result<f32, Error>,
) -> Result<(), Error> {
    let clock = Clock::start();
    for x in inputs {
        work(learner, x)?;
    }
    line(instructions, clock.instructions() / STEPS);
    let [x, ..] = inputs;
    line(bytes, stack(&mut || work(learner, x).is_ok())?);
    Ok(())
}

fn step<O: Optimiser, K: Estimates>(learner: &mut Model<'_, O, K>, x: &[u32]) -> Result<f32, Error>
where
    Vae: Objective<K>,
{
    learner.step(x)
}

fn polled<O: Optimiser, K: Estimates>(learner: &mut Model<'_, O, K>, x: &[u32]) -> Result<f32, Error>
where
    Vae: Objective<K>,
{
    learner.begin(x)?;
    loop {
        match learner.poll(256)? {
            Progress::Working => {}
            Progress::Done(f) => return Ok(f),
            Progress::Idle => return Err(Error::Busy),
        }
    }
}

fn score<O: Optimiser, K: Estimates>(learner: &mut Model<'_, O, K>, x: &[u32]) -> Result<f32, Error>
where
    Vae: Objective<K>,
{
    learner.score(x, 1)
}

/// In integers.
fn integers() -> Result<(), Error> {
    static mut MEMORY: Memory<P, 0, { SHAPE.integer_scratch() }, Integer> = Memory::ZERO;
    // SAFETY: the only reference to it; this function runs once.
    let memory = unsafe { &mut *(&raw mut MEMORY) };
    let inputs = inputs();
    let mut learner = Learner::integer(SHAPE, Arm, Sgd { rate: 0.01 }, 1, memory.slices())?;
    measure(&mut learner, &inputs, ["integer_step_instructions", "integer_step_stack_bytes"], step)?;
    measure(&mut learner, &inputs, ["integer_polled_instructions", "integer_polled_stack_bytes"], polled)?;
    measure(&mut learner, &inputs, ["integer_score_instructions", "integer_score_stack_bytes"], score)
}

fn floats() -> Result<(), Error> {
    static mut MEMORY: Memory<P, 0, S> = Memory::ZERO;
    static mut VELOCITY: Memory<P, P, S> = Memory::ZERO;
    static mut ADAM: Memory<P, { 2 * P }, S> = Memory::ZERO;
    // SAFETY: the only references to them; this function runs once.
    let (sgd, momentum, adam) =
        unsafe { (&mut *(&raw mut MEMORY), &mut *(&raw mut VELOCITY), &mut *(&raw mut ADAM)) };
    let inputs = inputs();
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.01 }, 1, sgd.slices())?;
    measure(&mut learner, &inputs, ["sgd_step_instructions", "sgd_step_stack_bytes"], step)?;
    measure(&mut learner, &inputs, ["polled_step_instructions", "polled_step_stack_bytes"], polled)?;
    measure(&mut learner, &inputs, ["score_instructions", "score_stack_bytes"], score)?;
    let rule = Momentum { rate: 0.01, momentum: 0.9 };
    let mut learner = Learner::new(SHAPE, Arm, rule, 1, momentum.slices())?;
    measure(&mut learner, &inputs, ["momentum_step_instructions", "momentum_step_stack_bytes"], step)?;
    measure(&mut learner, &inputs, ["momentum_polled_instructions", "momentum_polled_stack_bytes"], polled)?;
    let mut learner = Learner::new(SHAPE, Arm, Adam::new(1e-3), 1, adam.slices())?;
    measure(&mut learner, &inputs, ["adam_step_instructions", "adam_step_stack_bytes"], step)?;
    measure(&mut learner, &inputs, ["adam_polled_instructions", "adam_polled_stack_bytes"], polled)
}

#[entry]
fn main() -> ! {
    let measured = if cfg!(target_abi = "eabihf") { floats() } else { integers() };
    host::exit(measured.is_ok())
}
