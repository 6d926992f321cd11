//! `arm train`.

use super::watch::Watch;
use super::{Outcome, Usage, args, bound_line};
use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::data::{Splits, load};
use crate::network::Network;
use crate::pictures::{reconstructions, samples};
use crate::run::{CONFIG, RECONSTRUCTIONS, RunFolder, SAMPLES};
use crate::settings::Settings;
use crate::train::{self, train};
use arm_core::optim::{Adam, Sgd};
use std::path::Path;
use std::time::{Duration, Instant};

pub(super) fn run(args: &args::Train) -> Outcome {
    let usage = |message: String| Usage(message);
    let settings = match (&args.resume, &args.config) {
        (Some(run), _) => args.settings.clone().over(Settings::read(&run.join(CONFIG))?),
        (None, Some(file)) => args.settings.clone().over(Settings::read(file).map_err(usage)?),
        (None, None) => args.settings.clone(),
    };
    let mut config = settings.resolve().map_err(usage)?;
    let splits = load(&config.data)?.binarise(config.binarise.choice())?;
    let (rows, batch, data) = (splits.train.rows(), config.batch, config.data.display().to_string());
    if batch > rows {
        return Err(Usage(format!("--batch {batch}: {data} has only {rows} train rows")).into());
    }
    let per_epoch = (rows / batch) as u64;
    if config.steps == 0 {
        config.steps = settings.epochs().saturating_mul(per_epoch);
    }
    let network = config.preset.network(splits.train.cols());
    network.shape().check().map_err(|e| format!("{data}: {} units: {e}", splits.train.cols()))?;
    let threads = args::threads(args.threads);
    println!("{}  {} parameters", network.notation(), network.shape().params());
    let (valid, test) = (splits.valid.rows(), splits.test.rows());
    println!("{data}: {rows} train, {valid} valid, {test} test images of {} units", splits.train.cols());
    let (lr, steps, seed, name) = (config.lr, config.steps, config.seed, config.estimator.name());
    println!(
        "{name}, Adam {lr}, batch {batch}, {steps} steps of {per_epoch} an epoch, seed {seed}, {threads} threads"
    );
    if args.dry_run {
        print_memory(&network, &config, &splits);
        return Ok(());
    }
    let (mut folder, from) = match &args.resume {
        Some(run) => {
            let checkpoint = resumable(run, &config)?;
            let folder = RunFolder::reopen(run.clone(), &config, checkpoint.progress.history.len())?;
            println!("from step {}", checkpoint.progress.step);
            (folder, Some(checkpoint))
        }
        None => (RunFolder::create(args.out.clone(), args.force, &config)?, None),
    };
    let started = Instant::now();
    let (first, save_every) =
        (from.as_ref().map_or(0, |c| c.progress.step), Duration::from_secs(args.save_every.into()));
    let mut watch = Watch::new(config.steps, first, save_every, &mut folder)?;
    let outcome = train(&config, &network, &splits, threads, from, &mut watch);
    let ends = watch.finish();
    let trained = started.elapsed();
    let (model, best, figures) = match outcome? {
        train::Outcome::Done { model, best, figures } => (model, best, figures),
        train::Outcome::Left(step) => {
            println!("left after step {step}; go on with: arm train --resume {}", folder.path().display());
            return Ok(());
        }
    };
    folder.finish(&model, &figures)?;
    samples(&model, 100, seed)?.write(&folder.path().join(SAMPLES))?;
    reconstructions(&model, &splits.test, 40, seed)?.write(&folder.path().join(RECONSTRUCTIONS))?;
    if let Some((first, last)) = ends {
        println!(
            "train -ELBO {:7.2} nats  (last epoch; first epoch {:.2})",
            last.train_neg_elbo, first.train_neg_elbo
        );
        println!(
            "valid -ELBO {:7.2} nats  (epoch {}, the best of {})",
            best.valid_neg_elbo, best.epoch, last.epoch
        );
    }
    println!("test -ELBO {:8.2} nats", figures.neg_elbo);
    println!("{}", bound_line(&figures));
    println!(
        "{:.1} s; {} holds the model, metrics and pictures",
        trained.as_secs_f64(),
        folder.path().display()
    );
    Ok(())
}

/// The newest checkpoint of `run`, if `config` asks for the same run, perhaps longer.
fn resumable(run: &Path, config: &Config) -> Result<Checkpoint, Box<dyn std::error::Error + Send + Sync>> {
    let resolved = Settings::read(&run.join(CONFIG))?.resolve()?;
    let Config { steps, patience, nll_samples, nll_images, .. } = *config;
    if (Config { steps, patience, nll_samples, nll_images, ..resolved }) != *config {
        let message =
            "--resume: only --epochs, --steps, --patience, --nll-samples and --nll-images may change";
        return Err(Usage(message.into()).into());
    }
    let none = || format!("{}: has no checkpoint to go on from", run.display());
    Ok(Checkpoint::newest(run)?.ok_or_else(none)?)
}

/// What the run would take, here and as a learner on a device.
fn print_memory(network: &Network, config: &Config, splits: &Splits) {
    let shape = network.shape();
    let kib = |bytes: usize| bytes.div_ceil(1024);
    let padded = shape.padded(crate::memory::LINE);
    let here =
        3 * 4 * padded.params() + 4 * padded.training_scratch(config.batch, config.estimator.samples(config));
    let data =
        4 * (splits.train.rows() + splits.valid.rows() + splits.test.rows()) * shape.inputs().div_ceil(32);
    println!(
        "memory here: {} KiB parameters, moments and scratch; data {} KiB as bits",
        kib(here),
        kib(data)
    );
    let device = |moments: usize| kib(4 * (shape.params() + moments + shape.scratch()));
    println!(
        "memory on a device, one example a step: {} KiB with SGD, {} KiB with Adam; inference only {} KiB",
        device(shape.moments::<Sgd>()),
        device(shape.moments::<Adam>()),
        kib(4 * (shape.params() + shape.inference_scratch(1, 1)))
    );
}
