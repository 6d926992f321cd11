//! Models that were trained on a desktop go on learning on a device: see `scripts/export.sh`.
//!
//! Built with `MODEL` (modules of `arm export`, with colons between them) and `ROWS` (a text file of zeros and ones) in the
//! environment. For each model: runs the self-test, scores the rows as `arm eval` does, learns them, scores them again, and
//! saves `device-NAME.sbn`.
#![no_std]
#![no_main]

use firmware::board::host;
use firmware::entry;

#[cfg(models)]
mod program {
    use arm_core::estimator::Arm;
    use arm_core::kernels::Portable;
    use arm_core::objective::{Conditional, Vae};
    use arm_core::optim::Sgd;
    use arm_core::{Batch, BitMatrix, Engine, Error, Learner, Memory, Shape, learner::Slices};
    use core::ffi::CStr;
    use firmware::board::host;

    /// Of a conditional network: the input, and behind it the target.
    static ROWS: &[[bool; WIDTH]] = include!(concat!(env!("OUT_DIR"), "/rows.rs"));
    const WIDTH: usize = include!(concat!(env!("OUT_DIR"), "/rows.rs"))[0].len();

    struct Model {
        name: &'static str,
        file: &'static CStr,
        shape: Shape<'static>,
        bytes: &'static [u8],
        self_test: fn(Slices<'_>) -> Result<bool, Error>,
    }

    /// Bits packed into as many words as they need.
    struct Packed([u32; WIDTH.div_ceil(32)], usize);

    impl Packed {
        fn new(bits: &[bool]) -> Packed {
            let mut words = [0; WIDTH.div_ceil(32)];
            for (word, bits) in words.iter_mut().zip(bits.chunks(32)) {
                *word = bits.iter().rev().fold(0, |word, &bit| word << 1 | u32::from(bit));
            }
            Packed(words, bits.len())
        }

        fn words(&self) -> &[u32] {
            self.0.get(..self.1.div_ceil(32)).unwrap_or_default()
        }

        fn matrix(&self) -> BitMatrix<'_> {
            BitMatrix::new(self.words(), self.1)
        }
    }

    /// The rows as inputs and targets, which are empty without.
    fn examples(shape: Shape<'static>) -> impl Iterator<Item = (Packed, Packed)> {
        ROWS.iter().map(move |row| {
            let (x, y) = row.split_at_checked(shape.inputs()).unwrap_or_default();
            (Packed::new(x), Packed::new(if shape.is_conditional() { y } else { &[] }))
        })
    }

    /// The mean -ELBO of the rows in nats, with the uniforms that `arm eval` draws for them.
    fn evaluate(shape: Shape<'static>, params: &[f32], scratch: &mut [u32]) -> Result<f32, Error> {
        const TEST: u64 = 1 << 30;
        let engine = Engine::new(shape, Portable, Arm, 1)?;
        let (mut sum, mut count) = (0.0, 0);
        for (x, y) in examples(shape) {
            let batch = Batch::new(x.matrix(), 1, count, TEST << 32);
            let mut f = [0.0];
            if shape.is_conditional() {
                let batch = Batch { y: y.matrix(), ..batch };
                engine.evaluate(&mut Conditional, params, batch, 1, scratch, &mut f)?;
            } else {
                engine.evaluate(&mut Vae, params, batch, 1, scratch, &mut f)?;
            }
            sum += f[0];
            count += 1;
        }
        Ok(sum / (count as f32).max(1.0))
    }

    fn say(name: &str, what: &str, nats: f32) {
        host::text(name);
        host::text(what);
        host::decimal(nats);
        host::text(" nats\n");
    }

    /// Whether everything is as it should be.
    fn learns<const P: usize, const S: usize>(
        model: &Model,
        memory: &mut Memory<P, 0, S>,
        scratch: &mut [u32],
    ) -> Result<bool, Error> {
        let Model { name, shape, .. } = *model;
        host::text(name);
        if !(model.self_test)(memory.slices())? {
            host::text(": this machine computes something else than the desktop\n");
            return Ok(false);
        }
        host::text(": the self-test gives the same bits as the desktop\n");
        let mut learner = Learner::new(shape, Arm, Sgd { rate: 0.0001 }, 2, memory.slices())?;
        learner.load_bytes(model.bytes)?;
        let before = evaluate(shape, learner.params(), scratch)?;
        say(name, " test -ELBO ", before);
        for (x, y) in examples(shape) {
            if shape.is_conditional() {
                learner.step_conditional(x.words(), y.words())?;
            } else {
                learner.step(x.words())?;
            }
        }
        let after = evaluate(shape, learner.params(), scratch)?;
        say(name, " learned -ELBO ", after);
        let mut file = host::File::create(model.file);
        let mut written = file.is_some();
        learner.save_to(|piece| {
            written &= file.as_mut().is_some_and(|file| file.write(piece));
            Ok::<(), Error>(())
        })?;
        // The uniforms are the same: only other parameters give another score.
        Ok(written && before.is_finite() && after.is_finite() && after != before)
    }

    macro_rules! models {
        ($($name:ident)*) => {
            $(#[allow(missing_docs, unreachable_pub)]
            mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            })*

            pub(super) fn run() -> Result<bool, Error> {
                $({
                    const SHAPE: Shape<'static> = $name::SHAPE;
                    const EVALUATION: usize = SHAPE.inference_scratch(1, 1);
                    static mut MEMORY: Memory<{ SHAPE.params() }, 0, { SHAPE.scratch() }> = Memory::ZERO;
                    static mut SCRATCH: [u32; EVALUATION] = [0; EVALUATION];
                    // SAFETY: the only references to them; this function runs once.
                    let (memory, scratch) = unsafe { (&mut *(&raw mut MEMORY), &mut *(&raw mut SCRATCH)) };
                    let Ok(file) = CStr::from_bytes_with_nul(
                        concat!("device-", stringify!($name), ".sbn\0").as_bytes(),
                    ) else { return Ok(false) };
                    let model = Model {
                        name: stringify!($name),
                        file,
                        shape: SHAPE,
                        bytes: &$name::PARAMETERS,
                        self_test: $name::self_test,
                    };
                    if !learns(&model, memory, scratch)? {
                        return Ok(false);
                    }
                })*
                Ok(true)
            }
        };
    }
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

#[cfg(not(models))]
mod program {
    pub(super) fn run() -> Result<bool, arm_core::Error> {
        firmware::board::host::text("build this with MODEL and ROWS: see scripts/export.sh\n");
        Ok(false)
    }
}

#[entry]
fn main() -> ! {
    host::exit(program::run() == Ok(true))
}
