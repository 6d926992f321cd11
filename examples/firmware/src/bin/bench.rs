//! Instructions, stack and memory of the reference network: 64-32-16 / 16-32-64, batch 1, input density 30 %.
#![no_std]
#![no_main]

use arm_core::estimator::Arm;
use arm_core::optim::{Adam, Optimiser, Sgd};
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Layer, Learner, Memory, Prior, Shape};
use firmware::clock::Clock;
use firmware::{entry, host, stack};

const SHAPE: Shape<'static> = Shape::vae(
    64,
    &[Layer::hidden(32, 0.1), Layer::bernoulli(16)],
    &[Layer::hidden(32, 0.1), Layer::bernoulli(64)],
    Prior::Fixed,
);
const P: usize = SHAPE.params();
const S: usize = SHAPE.scratch();

/// Steps that are counted, each on its own input.
const STEPS: u32 = 64;

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

fn measure<O: Optimiser>(
    mut learner: Learner<'_, 'static, Arm, O>,
    inputs: &Inputs,
    names: [&str; 3],
) -> Result<(), Error> {
    line(names[0], count(inputs, |x| learner.step(x))?);
    let mut result = Ok(0.0);
    let [x, ..] = inputs;
    line(names[1], stack::used(|| result = learner.step(x)) as u32);
    result?;
    line(names[2], count(inputs, |x| learner.score(x, 1))?);
    Ok(())
}

fn run() -> Result<(), Error> {
    static mut SGD: Memory<P, 0, S> = Memory::ZERO;
    static mut ADAM: Memory<P, { 2 * P }, S> = Memory::ZERO;
    // SAFETY: the only references to them; this function runs once.
    let (sgd, adam) = unsafe { (&mut *(&raw mut SGD), &mut *(&raw mut ADAM)) };
    let inputs = inputs();
    let learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.01 }, 1, sgd.slices())?;
    measure(learner, &inputs, ["sgd_step_instructions", "sgd_stack_bytes", "score_instructions"])?;
    let learner = Learner::new(SHAPE, Arm, Adam::new(1e-3), 1, adam.slices())?;
    measure(learner, &inputs, ["adam_step_instructions", "adam_stack_bytes", "adam_score_instructions"])?;
    line("sgd_ram_beyond_parameters_bytes", 4 * S as u32);
    line("parameters", P as u32);
    Ok(())
}

#[entry]
fn main() -> ! {
    host::exit(run().is_ok())
}
