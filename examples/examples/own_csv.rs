//! A table of one's own: a CSV file becomes a network, figures with their errors, and a score for every row.

use arm_core::{Engine, estimator::Arm};
use arm_std::kernels::Desktop;
use arm_std::measure::{Rows, Scores, Work};
use arm_std::train::{Checkpoint, Epoch, Failure, Next, Observer, Outcome, Restored, Settings};
use std::fmt::Write;
use std::time::Duration;
use std::{env, fs, process};

/// Prints a line every ten epochs.
struct Printer;

impl Observer for Printer {
    fn step(&mut self, _: u64, _: f32) -> Next {
        Next::Go
    }

    fn epoch(&mut self, epoch: &Epoch, _: u64, _: Duration) -> Result<(), Failure> {
        if epoch.epoch.is_multiple_of(10) {
            let Epoch { epoch, train_neg_elbo, valid_neg_elbo, .. } = epoch;
            println!("epoch {epoch:2}: train -ELBO {train_neg_elbo:.2}, valid {valid_neg_elbo:.2} nats");
        }
        Ok(())
    }

    fn restored(&mut self, _: &Restored) -> Result<(), Failure> {
        Ok(())
    }

    fn save(&mut self, _: &Checkpoint) -> Result<(), Failure> {
        Ok(())
    }
}

/// 1200 answers to twelve questions; who says yes to one of a group of four says yes to most of them.
fn table() -> String {
    let mut text = String::from("id,q1,q2,q3,q4,q5,q6,q7,q8,q9,q10,q11,q12\n");
    let mut random = 1u32;
    let mut below = |n: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % n
    };
    for id in 0..1200 {
        let group = below(3);
        let _ = write!(text, "{id}");
        for question in 0..12 {
            let usual = question / 4 == group;
            let _ = write!(text, ",{}", if (below(10) == 0) != usual { "yes" } else { "no" });
        }
        text.push('\n');
    }
    text
}

fn main() -> Result<(), Failure> {
    let folder = env::temp_dir().join(format!("own-csv-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let file = folder.join("survey.csv");
    fs::write(&file, table())?;

    // The same settings as the flags of `arm train`.
    let settings = Settings {
        network: Some("x-16-[4] / [4]-16-x".parse()?),
        data: Some(file),
        steps: Some(640),
        ..Settings::default()
    };
    let loaded = settings.resolve()?.load()?;
    loaded.notes.iter().for_each(|note| println!("{note}"));
    let run = settings.prepare(loaded)?;
    let (network, splits) = (&run.network, &run.splits);
    println!("{}, {} train rows", network.notation(), splits.train.rows());

    let end = run.train(1, None, None, &mut Printer)?;
    let Outcome::Done { model, figures, .. } = end else { return Err("left early".into()) };
    println!("test NLL {:.2} ± {:.2} nats", figures.nll, figures.nll_standard_error.unwrap_or(f64::NAN));
    let file = folder.join("survey.safetensors");
    model.save(&file)?;

    let engine = Engine::new(network.shape(), Desktop::new(), Arm, 1)?;
    let scores = Scores::of(&engine, &model.params, Rows::all(&splits.test), 100, &mut Work::on(1))?;
    let strangest = (0..scores.nll.len()).max_by(|&a, &b| scores.nll[a].total_cmp(&scores.nll[b]));
    println!("the least likely test row is {strangest:?}; the model is in {}", file.display());
    fs::remove_dir_all(&folder)?;
    // Independent answers cost 12 x 0.66 nats; the program above makes them with 5.0.
    assert!(figures.nll < 6.5, "{figures:?}");
    Ok(())
}
