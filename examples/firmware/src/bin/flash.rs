//! What training and inference take of the flash: `LEARNS` says what is linked; with `nothing` it is all that surrounds it.
#![no_std]
#![no_main]

use arm_core::kernels::Integer;
use arm_core::optim::{Adam, Optimiser, Sgd};
use arm_core::{Error, Learner, Memory, estimator::Arm, learner::Slices};
use firmware::board::clock::Clock;
use firmware::board::host;
use firmware::entry;
use firmware::programs::reference::{P, S, SHAPE};

const LEARNS: &str = match option_env!("LEARNS") {
    Some(what) => what,
    None => "nothing",
};

static mut MEMORY: Memory<P, { 2 * P }, S> = Memory::ZERO;
static mut INTEGERS: Memory<P, 0, { SHAPE.integer_scratch() }, Integer> = Memory::ZERO;

fn is(what: &str) -> bool {
    LEARNS.as_bytes() == what.as_bytes()
}

fn train(optimiser: impl Optimiser, memory: Slices<'_>) -> Result<f32, Error> {
    let mut learner = Learner::new(SHAPE, Arm, optimiser, 1, memory)?;
    let x = [0x1234_5678, 0x0f0f_5a5a];
    Ok(learner.step(&x)? + learner.score(&x, 1)?)
}

/// The bits of both results: their sum would need floats.
fn train_integers(memory: Slices<'_, Integer>) -> Result<u32, Error> {
    let mut learner = Learner::integer(SHAPE, Arm, Sgd { rate: 0.01 }, 1, memory)?;
    let x = [0x1234_5678, 0x0f0f_5a5a];
    Ok(learner.step(&x)?.to_bits() ^ learner.score(&x, 1)?.to_bits())
}

#[entry]
fn main() -> ! {
    // SAFETY: the only reference to it.
    let memory = unsafe { &mut *(&raw mut MEMORY) }.slices();
    // Memory that nobody writes to would be a constant in flash.
    let i = Clock::start().instructions();
    memory.params.fill(i as f32);
    memory.moments.fill(i as f32);
    memory.scratch.fill(i);
    if is("sgd") {
        let memory = Slices { moments: &mut [], ..memory };
        host::exit(train(Sgd { rate: 0.01 }, memory).is_ok());
    }
    if is("integers") {
        // SAFETY: the only reference to it.
        let memory = unsafe { &mut *(&raw mut INTEGERS) }.slices();
        memory.params.fill(i as i16);
        memory.scratch.fill(i);
        host::exit(train_integers(memory).is_ok());
    }
    if is("adam") {
        host::exit(train(Adam::new(1e-3), memory).is_ok());
    }
    // A panic that can be reached: this must not link.
    if is("panic") {
        host::exit(memory.params[i as usize] == 0.0);
    }
    host::exit(i == 0);
}
