//! Instructions and stack of the reference network in integers, on machines of 16 KB too.
#![no_std]
#![no_main]

use arm_core::kernels::Integer;
use arm_core::learner::Progress;
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Learner, Memory, estimator::Arm};
use firmware::board::clock::Clock;
use firmware::board::host;
use firmware::board::ram::Stack;
use firmware::entry;
use firmware::programs::reference::{P, SHAPE};

const S: usize = SHAPE.integer_scratch();
/// Steps that are counted, each on its own input: those of the other bench.
const STEPS: usize = 64;

type Integers = Learner<'static, 'static, Arm, Sgd, Integer>;

/// Of these, 30 % are one.
fn inputs(all: &mut [[u32; 2]; STEPS]) {
    let mut stream = Stream::new(1, Purpose::Generate, 0, 0, 0);
    for word in all.as_flattened_mut() {
        *word = 0;
        for bit in 0..32 {
            *word |= u32::from(stream.uniform() < 0.3) << bit;
        }
    }
}

fn line(name: &str, value: u32) {
    host::text(name);
    host::text(" ");
    host::number(value);
    host::text("\n");
}

/// Instructions of `work` for each input, the loop around it included.
fn count(
    inputs: &[[u32; 2]; STEPS],
    mut work: impl FnMut(&[u32]) -> Result<f32, Error>,
) -> Result<u32, Error> {
    let clock = Clock::start();
    for x in inputs {
        work(x)?;
    }
    Ok(clock.instructions() / STEPS as u32)
}

/// Bytes of stack below this call; `work` is not inlined into it.
#[inline(never)]
fn stack(work: &mut dyn FnMut() -> bool) -> Result<u32, Error> {
    let stack = Stack::paint();
    if work() { Ok(stack.used()) } else { Err(Error::Corrupt) }
}

/// A step in slices of at most 256 parameters.
fn polled(learner: &mut Integers, x: &[u32]) -> Result<f32, Error> {
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
    static mut MEMORY: Memory<P, 0, S, Integer> = Memory::ZERO;
    static mut INPUTS: [[u32; 2]; STEPS] = [[0; 2]; STEPS];
    // SAFETY: the only references to them; this function runs once.
    let (memory, all) = unsafe { (&mut *(&raw mut MEMORY), &mut *(&raw mut INPUTS)) };
    inputs(all);
    let [x, ..] = &*all;
    let mut learner = Learner::integer(SHAPE, Arm, Sgd { rate: 0.01 }, 1, memory.slices())?;
    line("integer_step_instructions", count(all, |x| learner.step(x))?);
    let words = learner.params().iter().map(|w| u32::from(*w as u16));
    line("integer_parameter_hash", words.fold(0x811c_9dc5, |hash, w| (hash ^ w).wrapping_mul(0x0100_0193)));
    line("integer_step_stack_bytes", stack(&mut || learner.step(x).is_ok())?);
    line("integer_polled_step_instructions", count(all, |x| polled(&mut learner, x))?);
    line("integer_score_instructions", count(all, |x| learner.score(x, 1))?);
    line("integer_score_stack_bytes", stack(&mut || learner.score(x, 1).is_ok())?);
    line("integer_saturated", learner.saturated());
    line("integer_parameter_bytes", 2 * P as u32);
    line("integer_ram_beyond_parameters_bytes", 4 * S as u32);
    Ok(())
}

#[entry]
fn main() -> ! {
    host::exit(run().is_ok())
}
