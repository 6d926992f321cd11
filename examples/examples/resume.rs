//! A run that is left in the middle goes on to the same bits: a checkpoint holds all that it needs.

use arm_std::train::{Checkpoint, Epoch, Failure, Next, Observer, Outcome, Restored, Settings};
use std::time::Duration;

/// Leaves after a step, and keeps the checkpoint.
#[derive(Default)]
struct Leaver {
    after: Option<u64>,
    kept: Option<Checkpoint>,
}

impl Observer for Leaver {
    fn step(&mut self, step: u64, _: f32) -> Next {
        if self.after == Some(step) { Next::Leave } else { Next::Go }
    }

    fn epoch(&mut self, epoch: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        println!("epoch {}: validation -ELBO {:.2} nats", epoch.epoch, epoch.valid_neg_elbo);
        Ok(())
    }

    fn restored(&mut self, _: &Restored) -> Result<(), Failure> {
        Ok(())
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.kept = Some(checkpoint.clone());
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    // 32 columns of the generated digits.
    let settings = Settings {
        columns: Some("376-407".parse()?),
        network: Some("x-16-[8] / [8]-16-x".parse()?),
        batch: Some(200),
        steps: Some(90),
        nll_samples: Some(5),
        nll_images: Some(50),
        ..Settings::default()
    };
    let run = settings.prepare(settings.resolve()?.load()?)?;

    println!("in one go:");
    let whole = run.train(2, None, None, &mut Leaver::default())?;

    println!("left after step 47, and taken up by another number of threads:");
    let mut leaver = Leaver { after: Some(47), kept: None };
    let left = run.train(1, None, None, &mut leaver)?;
    assert_eq!(left, Outcome::Left(47));
    let resumed = run.train(2, None, leaver.kept, &mut Leaver::default())?;

    assert!(whole == resumed);
    println!("both ended with the same model, bit for bit");
    Ok(())
}
