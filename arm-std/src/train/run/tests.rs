use super::*;
use crate::train::Failure;

#[test]
fn an_order_is_a_permutation_that_changes() {
    let a = order(1, 0, 1000);
    let mut sorted = a.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
    assert_ne!(a, order(1, 1, 1000));
    assert_ne!(a, order(2, 0, 1000));
    assert_eq!(a, order(1, 0, 1000));
}

/// Saves after each step, slowly.
struct Saver {
    started: Instant,
    saving: Duration,
    steps: Option<Duration>,
}

impl Observer for Saver {
    fn step(&mut self, _: u64, _: f32) -> Next {
        Next::Save
    }

    fn epoch(&mut self, _: &Epoch, _: u64, time: Duration) -> Result<(), Failure> {
        assert!(time + self.saving <= self.started.elapsed(), "{time:?} and {:?}", self.saving);
        self.steps = Some(time);
        Ok(())
    }

    fn restored(&mut self, _: &Restored) -> Result<(), Failure> {
        unreachable!("no step is refused");
    }

    fn save(&mut self, _: &Checkpoint) -> Result<(), Failure> {
        let started = Instant::now();
        std::thread::sleep(Duration::from_millis(100));
        self.saving += started.elapsed();
        Ok(())
    }
}

#[test]
fn the_time_of_an_epoch_is_without_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.toml");
    std::fs::write(&file, "steps = 3\nbatch = 20\nnll-samples = 1").unwrap();
    let config = crate::train::Settings::read(&file).unwrap().resolve().unwrap();
    let table = BitTable::new(200, 30);
    let train = crate::data::Source::Fixed(table.clone());
    let splits = Splits { train, valid: table.clone(), test: table };
    let network = crate::network::Preset::Linear.network(30);
    let mut saver = Saver { started: Instant::now(), saving: Duration::ZERO, steps: None };
    crate::train::train(&config, &network, &splits, 1, None, None, &mut saver).unwrap();
    // After two of the steps, and at the end of the epoch that was cut short.
    assert!(saver.saving >= Duration::from_millis(300) && saver.steps.is_some());
}

/// Leaves an evaluation when it is asked for the `at`-th time.
#[derive(Default)]
struct Leaver {
    at: usize,
    asked: usize,
    saved: Option<Checkpoint>,
    epochs: Vec<Epoch>,
}

impl Observer for Leaver {
    fn leave(&mut self) -> bool {
        self.asked += 1;
        self.asked == self.at
    }

    fn epoch(&mut self, epoch: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        self.epochs.push(*epoch);
        Ok(())
    }

    fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.saved = Some(checkpoint.clone());
        Ok(())
    }
}

#[test]
fn an_evaluation_that_is_left_is_made_up_for() {
    // Three whole epochs, or two and a half.
    for steps in ["6", "5"] {
        let flags = [("network", "x-[3] / [3]-x"), ("steps", steps), ("batch", "50"), ("nll-samples", "3")];
        let config = crate::train::Settings::from_flags(flags).unwrap().resolve().unwrap();
        let bits: Vec<u8> = (0..100 * 8u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 31) as u8).collect();
        let table = BitTable::from_bytes(8, &bits).unwrap();
        let train = crate::data::Source::Fixed(table.clone());
        let splits = Splits { train, valid: table.clone(), test: table };
        let network = "8-[3] / [3]-8".parse().unwrap();
        let train = |from, observer: &mut Leaver| {
            crate::train::train(&config, &network, &splits, 1, None, from, observer).unwrap()
        };
        let mut all = Leaver::default();
        let whole = train(None, &mut all);
        // Once after each epoch, once in the test split with one sample, and with three samples for every 42 rows.
        assert_eq!((all.asked, all.epochs.len()), (3 + 1 + 3, 3));
        for at in 1..=all.asked {
            let mut leaver = Leaver { at, ..Leaver::default() };
            let last = config.steps.min(2 * at as u64);
            assert_eq!(train(None, &mut leaver), Outcome::Left(last), "asked {at}");
            assert_eq!(leaver.epochs, all.epochs[..(at - 1).min(3)]);
            let mut rest = Leaver::default();
            assert_eq!(train(leaver.saved, &mut rest), whole, "asked {at}");
            if at <= 3 {
                assert_eq!(rest.epochs, all.epochs[at - 1..]);
            }
        }
    }
}
