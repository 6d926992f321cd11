//! How the cost of a training step grows with the batch and with the widths, and what a second thread brings: three
//! tables in Markdown.

use arm_bench_programs::{INPUTS, Steps, median, network, random_bits};
use arm_core::Error;
use arm_std::data::BitTable;
use arm_std::network::{Network, Preset};
use clap::Parser;

/// Time training steps over batches and widths (nonlinear) and over threads (all presets), on random bits.
#[derive(Debug, Parser)]
struct Args {
    /// Threads of the first two tables
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Milliseconds of a repetition
    #[arg(long, default_value_t = 200.0)]
    millis: f64,
    /// Repetitions, of which the median counts
    #[arg(long, default_value_t = 5)]
    reps: usize,
}

const BATCHES: [usize; 9] = [1, 2, 5, 10, 20, 50, 100, 200, 1000];
const WIDTHS: [usize; 6] = [50, 100, 200, 300, 400, 800];

/// A configuration and how many of its steps a repetition takes.
struct Case<'a> {
    steps: Steps<'a>,
    count: usize,
    rates: Vec<f64>,
}

impl<'a> Case<'a> {
    fn new(
        args: &Args,
        network: &'a Network,
        table: &'a BitTable,
        batch: usize,
        threads: usize,
    ) -> Result<Self, Error> {
        let mut steps = Steps::new(network, table, batch, threads)?;
        steps.run(3)?;
        let (rate, _) = steps.time(10)?;
        let count = (rate * args.millis * 1e-3).ceil() as usize;
        Ok(Case { steps, count: count.max(3), rates: vec![] })
    }

    fn seconds(self) -> f64 {
        1.0 / median(self.rates)
    }
}

/// Runs the cases in turn; returns the seconds of a step of each.
fn run(args: &Args, mut cases: Vec<Case<'_>>) -> Result<Vec<f64>, Error> {
    for _ in 0..args.reps {
        for case in &mut cases {
            case.rates.push(case.steps.time(case.count)?.0);
        }
    }
    Ok(cases.into_iter().map(Case::seconds).collect())
}

fn row(name: usize, network: &Network, batch: usize, seconds: f64) {
    let params = network.shape().params();
    let each = seconds * 1e9 / (batch * params) as f64;
    println!(
        "| {name} | {params} | {:.1} | {:.2} | {each:.4} |",
        seconds * 1e6,
        seconds * 1e6 / batch as f64
    );
}

fn main() -> Result<(), Error> {
    let args = Args::parse();
    let table = random_bits(50_000, INPUTS, arm_bench_programs::DENSITY, 0);
    let head =
        "parameters | us a step | us an example | ns an (example x parameter) |\n|---|---|---|---|---|";

    let preset = network(Preset::Nonlinear, INPUTS, 200);
    let cases = BATCHES.map(|batch| Case::new(&args, &preset, &table, batch, args.threads));
    let seconds = run(&args, cases.into_iter().collect::<Result<_, _>>()?)?;
    println!("{}, {} threads\n\n| batch | {head}", preset.notation(), args.threads);
    for (batch, seconds) in BATCHES.into_iter().zip(seconds) {
        row(batch, &preset, batch, seconds);
    }

    let networks = WIDTHS.map(|width| network(Preset::Nonlinear, INPUTS, width));
    let cases = networks.each_ref().map(|network| Case::new(&args, network, &table, 50, args.threads));
    let seconds = run(&args, cases.into_iter().collect::<Result<_, _>>()?)?;
    println!("\nnonlinear, batch 50, {} threads\n\n| width | {head}", args.threads);
    for ((width, network), seconds) in WIDTHS.into_iter().zip(&networks).zip(seconds) {
        row(width, network, 50, seconds);
    }

    println!("\n| preset | batch | us, 1 thread | us, 2 threads | ratio |\n|---|---|---|---|---|");
    for preset in [Preset::Linear, Preset::Nonlinear, Preset::TwoLayer] {
        let network = network(preset, INPUTS, 200);
        for batch in [50, 200] {
            let cases = [1, 2].map(|threads| Case::new(&args, &network, &table, batch, threads));
            let seconds = run(&args, cases.into_iter().collect::<Result<_, _>>()?)?;
            let [one, two] = [seconds[0], seconds[1]];
            println!(
                "| {} | {batch} | {:.1} | {:.1} | {:.2} |",
                network.notation(),
                one * 1e6,
                two * 1e6,
                one / two
            );
        }
    }
    Ok(())
}
