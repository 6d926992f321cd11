//! A model that was trained on a desktop goes on learning on a device: see `scripts/export.sh`.
//!
//! Built with `MODEL` (the module of `arm export`) and `ROWS` (a text file of zeros and ones) in the environment. Runs
//! the self-test, scores the rows as `arm eval` does, learns them, scores them again, and saves `device.sbn`.
#![no_std]
#![no_main]

use firmware::{entry, host};

#[cfg(model)]
mod program {
    use arm_core::estimator::Arm;
    use arm_core::kernels::Portable;
    use arm_core::objective::Vae;
    use arm_core::optim::Sgd;
    use arm_core::{Batch, BitMatrix, Engine, Error, Learner, Memory};
    use firmware::host;

    #[allow(missing_docs, unreachable_pub)]
    mod model {
        include!(concat!(env!("OUT_DIR"), "/model.rs"));
    }
    use model::SHAPE;

    static ROWS: &[[u32; SHAPE.inputs().div_ceil(32)]] = include!(concat!(env!("OUT_DIR"), "/rows.rs"));

    const EVALUATION: usize = SHAPE.inference_scratch(1, 1);

    /// The mean -ELBO of the rows in nats, with the uniforms that `arm eval` draws for them.
    fn evaluate(params: &[f32], scratch: &mut [u32]) -> Result<f32, Error> {
        const TEST: u64 = 1 << 30;
        let engine = Engine::new(SHAPE, Portable, Arm, 1)?;
        let (mut sum, mut count) = (0.0, 0);
        for row in ROWS {
            let x = BitMatrix::new(row, SHAPE.inputs());
            let batch = Batch::new(x, 1, count, TEST << 32);
            let mut f = [0.0];
            engine.evaluate(&mut Vae, params, batch, 1, scratch, &mut f)?;
            sum += f[0];
            count += 1;
        }
        Ok(sum / (count as f32).max(1.0))
    }

    fn say(what: &str, nats: f32) {
        host::text(what);
        host::decimal(nats);
        host::text(" nats\n");
    }

    /// Whether everything is as it should be.
    pub(super) fn run() -> Result<bool, Error> {
        static mut MEMORY: Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }> = Memory::ZERO;
        static mut SCRATCH: [u32; EVALUATION] = [0; EVALUATION];
        // SAFETY: the only references to them; this function runs once.
        let (memory, scratch) = unsafe { (&mut *(&raw mut MEMORY), &mut *(&raw mut SCRATCH)) };
        if !model::self_test(memory.slices())? {
            host::text("this machine computes something else than the desktop\n");
            return Ok(false);
        }
        host::text("the self-test gives the same bits as the desktop\n");
        let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.001 }, 2, memory.slices())?;
        learner.load_bytes(&model::PARAMETERS)?;
        let before = evaluate(learner.params(), scratch)?;
        say("test -ELBO ", before);
        for row in ROWS.iter().cycle().take(10 * ROWS.len()) {
            learner.step(row)?;
        }
        let after = evaluate(learner.params(), scratch)?;
        say("learned -ELBO ", after);
        let mut file = host::File::create(c"device.sbn");
        let mut written = file.is_some();
        learner.save_to(|piece| {
            written &= file.as_mut().is_some_and(|file| file.write(piece));
            Ok::<(), Error>(())
        })?;
        Ok(written && after < before)
    }
}

#[cfg(not(model))]
mod program {
    pub(super) fn run() -> Result<bool, arm_core::Error> {
        firmware::host::text("build this with MODEL and ROWS: see scripts/export.sh\n");
        Ok(false)
    }
}

#[entry]
fn main() -> ! {
    host::exit(program::run() == Ok(true))
}
