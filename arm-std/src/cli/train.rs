//! `arm train`.

use super::{Outcome, Usage, args, bound_line};
use crate::config::Config;
use crate::data::load;
use crate::pictures::{reconstructions, samples};
use crate::run::RunFolder;
use crate::train::{Epoch, Observer, train};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

pub(super) fn run(args: &args::Train) -> Outcome {
    let splits = load(&args.data)?.binarise(args.binarise.choice())?;
    let (rows, batch) = (splits.train.rows(), args.batch as usize);
    if batch > rows {
        return Err(Usage(format!("--batch {batch}: {} has only {rows} train rows", args.data.display())).into());
    }
    let per_epoch = (rows / batch) as u64;
    let images = args.bound.nll_images.map_or(splits.test.rows(), |n| splits.test.rows().min(n as usize));
    let config = Config {
        preset: args.preset,
        data: args.data.clone(),
        binarise: args.binarise,
        estimator: args.estimator,
        samples: args.samples.into(),
        baseline: args.baseline,
        independent_uniforms: args.independent_uniforms,
        batch,
        steps: args.steps.unwrap_or(args.epochs.saturating_mul(per_epoch)),
        lr: args.lr,
        seed: args.seed,
        nll_samples: args.bound.nll_samples as usize,
        nll_examples: images,
    };
    let network = config.preset.network(splits.train.cols());
    network.shape().check().map_err(|e| format!("{}: {} units: {e}", args.data.display(), splits.train.cols()))?;
    let threads = args::threads(args.threads);
    let mut folder = RunFolder::create(args.out.clone(), args.force, &config)?;
    println!("{}  {} parameters", network.notation(), network.shape().params());
    println!(
        "{}: {rows} train, {} valid, {} test images of {} units",
        args.data.display(),
        splits.valid.rows(),
        splits.test.rows(),
        splits.train.cols()
    );
    let name = clap::ValueEnum::to_possible_value(&config.estimator).map_or(String::new(), |v| v.get_name().into());
    println!(
        "{name}, Adam {}, batch {batch}, {} steps of {per_epoch} an epoch, seed {}, {threads} threads",
        config.lr, config.steps, config.seed
    );
    let started = Instant::now();
    let mut watch = Watch::new(config.steps, &mut folder);
    let (model, figures) = train(&config, &network, &splits, threads, &mut watch)?;
    let (first, last) = watch.finish();
    let trained = started.elapsed();
    folder.finish(&model, &figures)?;
    samples(&model, 100, config.seed)?.write(&folder.path().join("samples.png"))?;
    reconstructions(&model, &splits.test, 40, config.seed)?.write(&folder.path().join("reconstructions.png"))?;
    if let (Some(first), Some(last)) = (first, last) {
        println!("train -ELBO {:7.2} nats  (last epoch; first epoch {:.2})", last.train_neg_elbo, first.train_neg_elbo);
        println!("valid -ELBO {:7.2} nats  (first epoch {:.2})", last.valid_neg_elbo, first.valid_neg_elbo);
    }
    println!("test -ELBO {:8.2} nats", figures.neg_elbo);
    println!("{}", bound_line(&figures));
    println!("{:.1} s; {} holds the model, metrics and pictures", trained.as_secs_f64(), folder.path().display());
    Ok(())
}

/// The progress bar and the metrics.
struct Watch<'a> {
    bar: ProgressBar,
    folder: &'a mut RunFolder,
    first: Option<Epoch>,
    last: Option<Epoch>,
    /// Sum and number of -ELBOs since the bar was drawn.
    recent: (f64, u32),
    drawn: Instant,
    started: Instant,
}

impl<'a> Watch<'a> {
    fn new(steps: u64, folder: &'a mut RunFolder) -> Self {
        let bar = ProgressBar::new(steps);
        let template = "{bar:30} {pos}/{len} steps  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let now = Instant::now();
        Watch { bar, folder, first: None, last: None, recent: (0.0, 0), drawn: now, started: now }
    }

    fn finish(self) -> (Option<Epoch>, Option<Epoch>) {
        self.bar.finish_and_clear();
        (self.first, self.last)
    }
}

impl Observer for Watch<'_> {
    fn step(&mut self, step: u64, neg_elbo: f32) {
        self.recent = (self.recent.0 + f64::from(neg_elbo), self.recent.1 + 1);
        if self.drawn.elapsed() < Duration::from_millis(200) {
            return;
        }
        let rate = step as f64 / self.started.elapsed().as_secs_f64();
        self.bar.set_message(format!("-ELBO {:.2}  {rate:.0} steps/s", self.recent.0 / f64::from(self.recent.1)));
        self.bar.set_position(step);
        self.recent = (0.0, 0);
        self.drawn = Instant::now();
    }

    fn epoch(&mut self, epoch: &Epoch) -> Outcome {
        self.first.get_or_insert(*epoch);
        self.last = Some(*epoch);
        Ok(self.folder.epoch(epoch)?)
    }
}
