//! From the desktop to a device and back: a trained model becomes bytes, a learner in fixed memory takes them and goes on
//! learning, and what it saves is a model again.

use arm_core::{Engine, Learner, Memory, estimator::Arm, kernels::Portable, optim::Sgd};
use arm_std::measure::evaluate::bound;
use arm_std::measure::{Mean, Rows, Unfinished, Work};
use arm_std::network::{Model, Network, export::Export};
use arm_std::train::{Checkpoint, Epoch, Failure, Next, Observer, Outcome, Restored, Settings};
use std::time::Duration;

/// The network as a device knows it, a constant: `arm export` writes it, with the bytes and a self-test.
mod device {
    use arm_core::{Layer, Prior, Shape};

    const ENCODER: [Layer; 2] = [Layer::hidden(32, 0.1), Layer::bernoulli(16)];
    const DECODER: [Layer; 2] = [Layer::hidden(32, 0.1), Layer::bernoulli(784)];
    pub const SHAPE: Shape = Shape::vae(784, &ENCODER, &DECODER, Prior::Fixed);
}
use device::SHAPE;

/// Wants to know nothing.
struct Quiet;

impl Observer for Quiet {
    fn step(&mut self, _: u64, _: f32) -> Next {
        Next::Go
    }
    fn epoch(&mut self, _: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        Ok(())
    }
    fn restored(&mut self, _: &Restored) -> Result<(), Failure> {
        Ok(())
    }
    fn save(&mut self, _: &Checkpoint) -> Result<(), Failure> {
        Ok(())
    }
}

/// Mean -ELBO of a model on some rows.
fn neg_elbo(model: &Model, rows: Rows) -> Result<f64, Unfinished> {
    let engine = Engine::new(model.network.shape(), Portable, Arm, 1)?;
    Ok(Mean::of(&bound(&engine, &model.params, rows, 1, 0, &mut Work::on(1))?).value)
}

fn main() -> Result<(), Failure> {
    let network: Network = "784-32-[16] / [16]-32-784".parse()?;
    let settings = Settings {
        network: Some(network.notation().parse()?),
        steps: Some(150),
        nll_images: Some(1),
        ..Settings::default()
    };
    let run = settings.prepare(settings.resolve()?.load()?)?;
    let splits = &run.splits;
    let Outcome::Done { model, .. } = run.train(2, None, None, &mut Quiet)? else {
        return Err("left early".into());
    };
    let test = Rows::spread(&splits.test, 200);
    println!("on the desktop: -ELBO {:.1} nats", neg_elbo(&model, test)?);

    // What goes into the flash of the device.
    let export = Export::new(&model)?;
    println!("{} bytes of parameters", export.bytes.len());

    let mut memory = Box::new(Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO);
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 1e-3 }, 1, memory.slices())?;
    learner.load_bytes(&export.bytes)?;
    for row in splits.valid.words().chunks(splits.valid.words_per_row()).take(2000) {
        learner.step(row)?;
    }
    let mut saved = vec![0; export.bytes.len()];
    learner.save_bytes(&mut saved)?;

    // What comes back says itself which network it is.
    let back = Model::from_device(&saved)?;
    let (before, after) = (neg_elbo(&model, test)?, neg_elbo(&back, test)?);
    println!("after {} steps on the device: -ELBO {after:.1} nats", learner.steps());
    assert!(back.network == network && after < before);
    Ok(())
}
