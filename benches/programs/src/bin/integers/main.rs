//! What 16-bit integers cost in accuracy: networks trained in floats and in integers from the same rows, as tables in Markdown.

mod gestures;
#[path = "../../../../../examples/firmware/build/imu.rs"]
mod imu;

use arm_core::estimator::Arm;
use arm_core::kernels::{Integer, WeightOf};
use arm_core::learner::Slices;
use arm_core::objective::{Objective, Vae};
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_core::{Error, Estimates, Learner};
use arm_std::data::{BitTable, Splits, load};
use arm_std::measure::{Mean, Rounding, Rows, Scores, Unfinished, Work};
use arm_std::network::{Model, NumbersName};
use arm_std::train::{Failure, Outcome};
use arm_std::{Network, Settings};
use clap::Parser;
use gestures::Gestures;
use std::path::{Path, PathBuf};

/// Train on nltcs, plants, mushrooms and dna in floats and in 16-bit integers, and compare the -ELBO of their test rows.
#[derive(Debug, Parser)]
struct Args {
    /// Folder with the tables, such as nltcs.train.data.gz
    tables: PathBuf,
    /// Folder with recordings of a hand, `acceleration.npy` and `recordings.csv`: what rests is learned, gestures are found
    #[arg(long)]
    gestures: Option<PathBuf>,
    /// Steps of a learner, one row each
    #[arg(long, default_value_t = 200_000)]
    steps: u64,
    /// Seeds, from 1 on
    #[arg(long, default_value_t = 5)]
    seeds: u64,
}

/// A table, its network, and the rate of plain gradient descent for it.
const CASES: [(&str, &str, f32); 4] = [
    ("nltcs", "16-16-[8] / [8]-16-16", 0.002),
    ("plants", "69-32-[16] / [16]-32-69", 0.0005),
    ("mushrooms", "112-32-[16] / [16]-32-112", 0.0005),
    ("dna", "180-32-[16] / [16]-32-180", 0.001),
];

/// Takes the steps; every learner of a seed has the same rows in the same order.
fn learn<K: Estimates>(
    learner: &mut Learner<'_, '_, Arm, Sgd, K>,
    rows: &BitTable,
    seed: u64,
    steps: u64,
) -> Result<Vec<WeightOf<K>>, Error>
where
    Vae: Objective<K>,
{
    let mut stream = Stream::new(seed, Purpose::Order, 0, 0, 0);
    for _ in 0..steps {
        learner.step(rows.row(stream.below(rows.rows() as u32) as usize))?;
    }
    Ok(learner.params().to_vec())
}

/// A learner of each kind, after its steps, and results that left the range of 16 bits.
fn learned(
    network: &Network,
    rate: f32,
    rows: &BitTable,
    seed: u64,
    steps: u64,
) -> Result<(Model, Model, u32), Error> {
    let (shape, sgd) = (network.shape(), Sgd { rate });
    let mut scratch = vec![0; shape.scratch()];
    let mut params = vec![0.0; shape.params()];
    let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
    let mut learner = Learner::new(shape, Arm, sgd, seed, memory)?;
    let float = Model::new(network.clone(), learn(&mut learner, rows, seed, steps)?);
    let mut params = vec![0; shape.params()];
    let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
    let mut learner = Learner::integer(shape, Arm, sgd, seed, memory)?;
    let params = learn(&mut learner, rows, seed, steps)?.into_iter().map(Integer::float).collect();
    let saturated = learner.saturated();
    Ok((float, Model { network: network.clone(), params, numbers: NumbersName::I16 }, saturated))
}

/// The mean -ELBO of the test rows.
fn neg_elbo(model: &Model, test: &BitTable) -> Result<f32, Unfinished> {
    Ok(Scores::of_model(model, 1, Rows::all(test), 1, &mut Work::on(1))?.figures().neg_elbo as f32)
}

/// What `arm train` makes of the table with Adam, as it does without further settings.
fn desktop(args: &Args, table: &str, network: &str, seed: u64) -> Result<Model, Failure> {
    let (data, seed) = (args.tables.join(table), seed.to_string());
    let data = data.to_str().ok_or("the folder's name is no text")?;
    let flags = [("data", data), ("network", network), ("seed", &seed), ("nll-samples", "1")];
    let settings = Settings::from_flags(flags)?;
    match settings.prepare(settings.resolve()?.load()?)?.train(1, None, None, &mut ())? {
        Outcome::Done { model, .. } => Ok(model),
        Outcome::Left(_) => Err("left early".into()),
    }
}

fn text(values: &[f32]) -> String {
    let Mean { value, error } = Mean::of(values);
    error.map_or_else(|| format!("{value:.3}"), |error| format!("{value:.3} ± {error:.3}"))
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    tables(&args)?;
    args.gestures.as_deref().map_or(Ok(()), |folder| recordings(&args, folder))
}

/// Gestures by their scores.
fn recordings(args: &Args, folder: &Path) -> Result<(), Failure> {
    let (gestures, network) = (Gestures::read(folder)?, gestures::network());
    let (mut of_rest, mut of_gestures) = ([vec![], vec![]], [vec![], vec![]]);
    for seed in 1..=args.seeds {
        let (float, integer, _) = learned(&network, gestures::RATE, &gestures.rest, seed, args.steps)?;
        for (i, model) in [float, integer].iter().enumerate() {
            let (rest, found) = gestures.measure(model)?;
            of_rest[i].push(rest);
            of_gestures[i].push(found);
        }
    }
    let less = |[floats, integers]: &[Vec<f32>; 2]| {
        text(&integers.iter().zip(floats).map(|(i, f)| i - f).collect::<Vec<_>>())
    };
    println!(
        "\n| recordings, `{}` | floats | integers | integers − floats |\n|---|--:|--:|--:|",
        gestures::NETWORK
    );
    for (what, values) in [("−ELBO of a hand that rests", &of_rest), ("AUC of gestures", &of_gestures)] {
        println!("| {what} | {} | {} | {} |", text(&values[0]), text(&values[1]), less(values));
    }
    Ok(())
}

fn tables(args: &Args) -> Result<(), Failure> {
    let &Args { steps, seeds, .. } = args;
    println!(
        "| table | network | rate | floats | integers | integers − floats | results a step that left their range |"
    );
    println!("|---|---|--:|--:|--:|--:|--:|");
    let mut rounded_rows = Vec::new();
    for (table, notation, rate) in CASES {
        let splits: Splits = load(&args.tables.join(table))?.binarise(None)?;
        let mut drawn = BitTable::default();
        let (train, test) = (splits.train.epoch(0, 0, &mut drawn), &splits.test);
        let network: Network = notation.parse()?;
        let (mut floats, mut integers, mut beyond) = (vec![], vec![], 0u32);
        let (mut before, mut costs) = (vec![], [vec![], vec![]]);
        for seed in 1..=seeds {
            let (float, integer, saturated) = learned(&network, rate, train, seed, steps)?;
            floats.push(neg_elbo(&float, test)?);
            integers.push(neg_elbo(&integer, test)?);
            beyond += saturated;
            let adam = desktop(args, table, notation, seed)?;
            before.push(neg_elbo(&adam, test)?);
            for (model, costs) in [&float, &adam].into_iter().zip(&mut costs) {
                let rounding = Rounding::of(model, &model.rounded()?.0, Rows::all(test), 1, 1)?;
                costs.push(rounding.cost.value as f32);
            }
        }
        let apart: Vec<f32> = integers.iter().zip(&floats).map(|(i, f)| i - f).collect();
        let [floats, integers, apart] = [floats, integers, apart].map(|values| text(&values));
        let beyond = f64::from(beyond) / (steps * seeds) as f64;
        println!("| {table} | `{notation}` | {rate} | {floats} | {integers} | {apart} | {beyond:.2} |");
        let [of_sgd, of_adam] = costs.map(|values| text(&values));
        rounded_rows.push(format!("| {table} | {of_sgd} | {} | {of_adam} |", text(&before)));
    }
    println!(
        "\n| table | rounding the floats above | `arm train`, Adam | rounding that |\n|---|--:|--:|--:|"
    );
    rounded_rows.iter().for_each(|row| println!("{row}"));
    Ok(())
}
