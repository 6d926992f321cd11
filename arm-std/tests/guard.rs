//! Runs whose steps are refused: they go back to the last good state, say so, and give up in the end.

use arm_core::Error;
use arm_std::data::{BitTable, Source, Splits};
use arm_std::network::Preset;
use arm_std::train::Checkpoint;
use arm_std::train::Config;
use arm_std::train::{Epoch, Failure, Next, Observer, Outcome, RETRIES, Restored, TrainError, train};
use std::time::Duration;

/// Leaves after a given step, and keeps what it is told.
#[derive(Default)]
struct Record {
    leave_after: Option<u64>,
    epochs: Vec<Epoch>,
    restored: Vec<Restored>,
    saved: Option<Checkpoint>,
}

impl Observer for Record {
    fn step(&mut self, step: u64, _: f32) -> Next {
        if self.leave_after == Some(step) { Next::Leave } else { Next::Go }
    }

    fn epoch(&mut self, epoch: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        self.epochs.push(*epoch);
        Ok(())
    }

    fn restored(&mut self, restored: &Restored) -> Result<(), Failure> {
        self.restored.push(restored.clone());
        Ok(())
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.saved = Some(checkpoint.clone());
        Ok(())
    }
}

fn config(lr: f32, seed: u64) -> Config {
    let text = format!("lr = {lr}\nseed = {seed}\nsteps = 95\nbatch = 20\nnll-samples = 2");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    arm_std::train::Settings::read(&path).unwrap().resolve().unwrap()
}

/// 200 rows of 30 bits: 10 steps an epoch.
fn splits() -> Splits {
    let mut table = BitTable::new(200, 30);
    for row in 0..200 {
        let bits = (row as u32).wrapping_mul(2_654_435_761) >> 7;
        (0..30).for_each(|col| table.set(row, col, bits.rotate_left(col as u32) & 5 == 1));
    }
    Splits { train: Source::Fixed(table.clone()), valid: table.clone(), test: table }
}

fn run(
    config: &Config,
    threads: usize,
    from: Option<Checkpoint>,
    record: &mut Record,
) -> Result<Outcome, TrainError> {
    train(config, &Preset::Nonlinear.network(30), &splits(), threads, None, from, record)
}

/// A run in which a step in the middle of an epoch is refused, and passes with other draws.
fn unstable() -> (Config, Outcome, Record) {
    for seed in 1..300 {
        let (config, mut record) = (config(1.0, seed), Record::default());
        let end = run(&config, 2, None, &mut record);
        if let (Ok(end), true) =
            (end, record.restored.iter().any(|r| r.to_step > 0 && r.step > r.to_step + 1))
        {
            return (config, end, record);
        }
    }
    panic!("no seed gave such a run");
}

#[test]
fn refused_steps_send_the_run_back_and_leaving_anywhere_changes_nothing() {
    let (config, end, whole) = unstable();
    assert!(whole.restored.iter().all(|r| r.to_step % 10 == 0));
    for leave_after in (1..95).step_by(8) {
        let mut first = Record { leave_after: Some(leave_after), ..Record::default() };
        assert_eq!(run(&config, 1, None, &mut first).unwrap(), Outcome::Left(leave_after));
        let mut second = Record::default();
        assert!(run(&config, 3, first.saved, &mut second).unwrap() == end, "left after {leave_after}");
        assert_eq!([first.epochs, second.epochs].concat(), whole.epochs);
        assert_eq!([first.restored, second.restored].concat(), whole.restored);
    }
}

#[test]
fn a_run_that_cannot_go_on_gives_up_with_the_last_good_state() {
    let gentle = config(1e-3, 1);
    let mut record = Record { leave_after: Some(43), ..Record::default() };
    run(&gentle, 1, None, &mut record).unwrap();
    let left = record.saved.unwrap();
    let mut start = Record { leave_after: Some(40), ..Record::default() };
    run(&gentle, 1, None, &mut start).unwrap();
    let good = start.saved.unwrap();
    let mut record = Record::default();
    let absurd = config(1e6, 1);
    let error = run(&absurd, 1, Some(left), &mut record).unwrap_err();
    let TrainError::GaveUp { error: why, good: 40, .. } = &error else { panic!("{error}") };
    assert!(matches!(why, Error::Diverged | Error::Objective));
    assert!(error.to_string().contains("smaller --lr"), "{error}");
    assert_eq!(record.restored.iter().map(|r| r.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(RETRIES, 3);
    let kept = record.saved.unwrap();
    assert!(kept.model == good.model && kept.moments == good.moments && kept.best == good.best);
    assert_eq!((kept.progress.step, kept.progress.epoch_sum), (40, 0.0));
}
