//! Training steps per second of one configuration.

use arm_bench_programs::{INPUTS, Steps, dense_flops, median, network, random_bits};
use arm_std::data::load;
use arm_std::driver::Threads;
use arm_std::network::{Notation, Preset};
use clap::Parser;
use std::error::Error;
use std::path::PathBuf;

/// Time training steps: the gathering of a random batch and the step.
#[derive(Debug, Parser)]
struct Args {
    /// Network of the paper
    #[arg(long, value_enum, default_value = "nonlinear")]
    preset: Preset,
    /// Another network, such as `64-32-[16] / [16]-32-64`
    #[arg(long, conflicts_with = "preset")]
    network: Option<Notation>,
    /// Units of the input, for random bits
    #[arg(long, default_value_t = INPUTS)]
    columns: usize,
    /// Examples a step
    #[arg(long, default_value_t = 50)]
    batch: usize,
    /// Threads [default: as many as are fastest]
    #[arg(long)]
    threads: Option<usize>,
    /// Steps of a repetition
    #[arg(long, default_value_t = 1000)]
    steps: usize,
    /// Repetitions, of which the median is printed
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Width of the layers between the ends
    #[arg(long, default_value_t = 200)]
    width: usize,
    /// Data set, as for `arm train` [default: random bits]
    #[arg(long)]
    data: Option<PathBuf>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args = Args::parse();
    let table = match &args.data {
        None => random_bits(50_000, args.columns, arm_bench_programs::DENSITY, 0),
        Some(path) => load(path)?.binarise(None)?.train.epoch(1, 0, &mut Default::default()).clone(),
    };
    let network = match &args.network {
        Some(notation) => notation.network(table.cols())?,
        None => network(args.preset, table.cols(), args.width),
    };
    let cores = || std::thread::available_parallelism().map_or(1, |n| n.get());
    let threads = args.threads.map_or_else(|| Threads::Measured(cores()), Threads::Fixed);
    let mut steps = Steps::new(&network, &table, args.batch, threads)?;
    steps.run((args.steps / 10).max(20))?;
    let (mut rates, mut neg_elbo) = (vec![], 0.0);
    for _ in 0..args.reps {
        let (rate, mean) = steps.time(args.steps)?;
        rates.push(rate);
        neg_elbo = mean;
    }
    let (rate, mflop) = (median(rates), (args.batch * dense_flops(&network)) as f64 * 1e-6);
    let batch = args.batch;
    if args.json {
        println!(r#"{{"steps_per_second": {rate:.2}, "mflop": {mflop:.3}, "neg_elbo": {neg_elbo:.3}}}"#);
    } else {
        println!("{}  batch {batch}, {threads}", network.notation());
        println!("{rate:.1} steps/s, {mflop:.1} MFLOP a step, {:.1} GFLOP/s", rate * mflop * 1e-3);
        println!("-ELBO {neg_elbo:.2} nats over the last {} steps", args.steps);
    }
    Ok(())
}
