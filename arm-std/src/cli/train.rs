//! `arm train`.

use super::watch::{self, Saving, Watch};
use super::{Left, Outcome, Usage, args, dry_run, figure_lines, headline, say, tell};
use crate::data::Splits;
use crate::driver::{self, Peers, Threads, mpi, same};
use crate::estimators::Visitor;
use crate::kernels::Desktop;
use crate::memory::LINE;
use crate::network::Network;
use crate::runs::folder::{CONFIG, Line, METRICS, REPORT, RunFolder};
use crate::runs::list::Summary;
use crate::runs::report::refresh;
use crate::train::{self, Checkpoint, Config, Failure, Led, Settings, fingerprint, train};
use arm_core::Engine;
use arm_core::estimator::Estimator;
use arm_core::shape::MAX_WIDTH;
use std::ffi::OsString;
use std::fs;
use std::io::{Write, stderr};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(super) fn run(args: &args::Train) -> Outcome {
    let peers = mpi::join()?;
    let result = run_with(args, peers.as_deref());
    match (result, peers) {
        (Err(error), Some(peers)) if !error.is::<Left>() => Err(end_all(&*peers, error)),
        (result, _) => result,
    }
}

/// Ends all processes, which would wait for this one for ever.
fn end_all(peers: &dyn Peers, error: Failure) -> Failure {
    if peers.rank() > 0 {
        // What ends process 0 too is told once, by it.
        sleep(Duration::from_secs(1));
    }
    // Nothing is left to say where even this cannot be written.
    let _ = writeln!(stderr(), "error: process {} of {}: {error}", peers.rank(), peers.count());
    peers.abort(if error.is::<Usage>() { 2 } else { 1 })
}

/// Alone or with other processes, of which number 0 alone prints and writes.
fn run_with(args: &args::Train, peers: Option<&dyn Peers>) -> Outcome {
    let leads = peers.is_none_or(|peers| peers.rank() == 0);
    let say = |line: std::fmt::Arguments<'_>| if leads { say(line) } else { Ok(()) };
    let usage = |message: String| Usage(message);
    if let Some(run) = args.resume.as_deref().or(args.out.as_deref()).filter(|_| leads) {
        RunFolder::recover(run)?;
    }
    let settings = match (&args.resume, &args.config) {
        (Some(run), _) => args.settings.clone().over(Settings::read(&run.join(CONFIG))?),
        (None, Some(file)) => args.settings.clone().over(Settings::read(file).map_err(usage)?),
        (None, None) => args.settings.clone(),
    };
    let mut config = settings.resolve().map_err(usage)?;
    let loaded = config.load()?;
    if leads {
        tell(&config.data, &loaded.notes, config.binarise);
    }
    let splits = config.split(loaded)?;
    settings.suit(&mut config, splits.train.cols(), splits.train.rows());
    let (rows, batch, data) = (splits.train.rows(), config.batch, config.data.display().to_string());
    if batch > rows {
        return Err(Usage(format!("--batch {batch}: {data} has only {rows} train rows")).into());
    }
    let per_epoch = (rows / batch) as u64;
    if config.steps == 0 {
        config.steps = settings.epochs().saturating_mul(per_epoch).min(i64::MAX as u64);
    }
    if splits.train.cols() > MAX_WIDTH {
        return Err(format!(
            "{data}: has {} columns; at most {MAX_WIDTH} are supported",
            splits.train.cols()
        )
        .into());
    }
    let network = config.network(&splits.train).map_err(usage)?;
    let threads = args::threads(args.threads);
    enough_memory(&network, &config, threads, peers.is_some())?;
    say(format_args!("{}", headline(&network, &config)))?;
    if let Some(ram) = settings.fit_ram.filter(|_| leads) {
        dry_run::fits(ram, &network)?;
    }
    let (valid, test) = (splits.valid.rows(), splits.test.rows());
    say(format_args!(
        "{data}: {rows} train, {valid} valid, {test} test rows of {} units",
        splits.train.cols()
    ))?;
    let (lr, steps, seed, name) = (config.lr, config.steps, config.seed, config.estimator.name());
    say(format_args!(
        "{name}, Adam {lr}, batch {batch}, {steps} steps of {per_epoch} an epoch, seed {seed}, {threads}"
    ))?;
    if let Some(peers) = peers {
        say(format_args!("{} processes with a share of every batch each", peers.count()))?;
    }
    if args.dry_run {
        let rows = splits.train.rows() + splits.valid.rows() + splits.test.rows();
        let data = 4 * rows * splits.train.cols().div_ceil(32);
        let bytes = memory(&network, &config, threads, peers.is_some());
        return if leads { dry_run::print(&network, bytes, data) } else { Ok(()) };
    }
    let again = args.out.as_deref().filter(|_| args.resume_or_start);
    let run = match again {
        Some(out) => Checkpoint::newest(out)?.is_some().then_some(out),
        None => args.resume.as_deref(),
    };
    let from = run.map(|run| resumable(run, &config)).transpose()?;
    if let (Some(run), Some(checkpoint), Some(_)) = (run, &from, again) {
        let done = checkpoint.config == config && Summary::read(run)?.is_some_and(|s| s.test.is_some());
        if done {
            return say(format_args!("{}: the run is done", run.display()));
        }
    }
    let force =
        args.force || again.filter(|_| run.is_none()).map_or(Ok(false), |out| abandoned(out, &config))?;
    train::check(&config, &network, &splits, threads, from.as_ref())?;
    if let Some(peers) = peers {
        are_alike(peers, &config, &splits, from.as_ref())?;
    }
    let folder = match (run, &from) {
        _ if !leads => None,
        (Some(run), Some(checkpoint)) => {
            say(format_args!("from step {}", checkpoint.progress.step))?;
            Some(RunFolder::reopen(run.into(), &config, &checkpoint.progress)?)
        }
        _ => Some(RunFolder::create(args.out.clone(), force, &config)?),
    };
    let started = Instant::now();
    let first = from.as_ref().map_or(0, |c| c.progress.step);
    let saving = Saving { every: Duration::from_secs(args.save_every.into()), keep: args.keep.into() };
    let Some(mut folder) = folder else {
        watch::pass_interrupts_on()?;
        let mut led =
            Led { peers: peers.ok_or("no process leads")?, leader: None, leave: watch::interrupted };
        train(&config, &network, &splits, threads, peers, from, &mut led)?;
        return Ok(());
    };
    let mut watch = Watch::new(config.steps, first, saving, peers.is_none(), &mut folder, &splits.test)?;
    let outcome = match peers {
        Some(peers) => {
            let mut led = Led { peers, leader: Some(&mut watch), leave: watch::interrupted };
            train(&config, &network, &splits, threads, Some(peers), from, &mut led)
        }
        None => train(&config, &network, &splits, threads, None, from, &mut watch),
    };
    let (ends, saved) = watch.finish();
    let trained = started.elapsed();
    if outcome.is_err() && !saved && first == 0 {
        folder.discard();
        return outcome.map(|_| ()).map_err(Into::into);
    }
    let (model, best, figures) = match outcome? {
        train::Outcome::Done { model, best, figures } => (model, best, figures),
        train::Outcome::Left(step) => {
            say(format_args!(
                "left after step {step}; go on with: arm train --resume {}",
                folder.path().display()
            ))?;
            return Err(Left.into());
        }
    };
    folder.model(&model, &config)?;
    folder.line(&Line::Test(figures))?;
    refresh(&folder, &model, &splits.test, seed)?;
    if let Some((first, last)) = ends {
        say(format_args!(
            "train -ELBO {:7.2} nats  (last epoch; first epoch {:.2})",
            last.train_neg_elbo, first.train_neg_elbo
        ))?;
        say(format_args!(
            "valid -ELBO {:7.2} nats  (epoch {}, the best of {})",
            best.valid_neg_elbo, best.epoch, last.epoch
        ))?;
    }
    for line in figure_lines("test", &figures, network.conditional) {
        say(format_args!("{line}"))?;
    }
    say(format_args!("{:.1} s; see {}", trained.as_secs_f64(), folder.path().join(REPORT).display()))?;
    Ok(())
}

/// An error unless all processes are about to do the same.
fn are_alike(peers: &dyn Peers, config: &Config, splits: &Splits, from: Option<&Checkpoint>) -> Outcome {
    let step = from.map(|checkpoint| checkpoint.progress.step);
    let level = Desktop::new().level();
    let all = format!("{config:?} {} {step:?} {level:?} {}", fingerprint(splits), env!("CARGO_PKG_VERSION"));
    same(peers, all.as_bytes()).map_err(|other| {
        let what = "settings, data, checkpoint, version of arm or vector instructions of the CPU";
        format!("process {other} differs from process 0 in {what}; they must be the same everywhere").into()
    })
}

/// The newest checkpoint of `run`, if `config` asks for the same run, perhaps longer.
fn resumable(run: &Path, config: &Config) -> Result<Checkpoint, Box<dyn std::error::Error + Send + Sync>> {
    let none = || format!("{}: has no checkpoint to go on from", run.display());
    let checkpoint = Checkpoint::newest(run)?.ok_or_else(none)?;
    let Config { steps, patience, nll_samples, nll_images, data, .. } = config.clone();
    let of_run = checkpoint.config.clone();
    if (Config { steps, patience, nll_samples, nll_images, data, ..of_run }) != *config {
        let message = "--resume: only --epochs, --steps, --patience, --nll-samples, --nll-images and the place of the \
                       same --data may change";
        return Err(Usage(message.into()).into());
    }
    let taken = checkpoint.progress.step;
    if steps < taken {
        return Err(
            Usage(format!("--resume: the run has taken {taken} steps already; {steps} are fewer")).into()
        );
    }
    Ok(checkpoint)
}

/// Whether `out` holds a run of `config` that ended before its first checkpoint, or nothing but the beginning of one.
/// Errors: another run.
fn abandoned(out: &Path, config: &Config) -> Result<bool, Failure> {
    let file = out.join(CONFIG);
    if !file.exists() {
        let names = fs::read_dir(out).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let ours = |name: OsString| {
            name == METRICS || [".part", ".new"].iter().any(|end| name.to_string_lossy().ends_with(end))
        };
        return Ok(out.is_dir() && names.into_iter().all(ours));
    }
    if Settings::read(&file)?.resolve()? != *config {
        let what =
            "holds a run with other settings; give another --out, or --force instead of --resume-or-start";
        return Err(Usage(format!("{}: {what}", out.display())).into());
    }
    Ok(true)
}

/// Asked for the bytes that training takes.
struct Memory<'a> {
    network: &'a Network,
    batch: usize,
    threads: Threads,
    shared: bool,
}

impl Visitor for Memory<'_> {
    type Output = usize;

    fn visit<E: Estimator + Clone + Send + Sync + 'static>(self, estimator: E) -> usize {
        let engine = Engine::new(self.network.shape().padded(LINE), Desktop::new(), estimator, 0);
        engine.map_or(0, |engine| driver::memory(&engine, self.batch, self.threads, self.shared))
    }
}

/// Bytes of parameters, moments and scratch, with or without other processes; 0 where the estimator cannot serve the
/// network.
fn memory(network: &Network, config: &Config, threads: Threads, shared: bool) -> usize {
    let memory = Memory { network, batch: config.batch, threads, shared };
    config.choice().with(&network.shape(), memory).unwrap_or(0)
}

/// An error, instead of an abort in the middle of it, where a run cannot have its memory.
pub(super) fn enough_memory(network: &Network, config: &Config, threads: Threads, shared: bool) -> Outcome {
    let bytes = memory(network, config, threads, shared);
    if Vec::<u8>::new().try_reserve_exact(bytes).is_ok() {
        return Ok(());
    }
    let gib = bytes >> 30;
    Err(Usage(format!(
        "--batch {} with --samples {} needs {gib} GiB of memory",
        config.batch, config.samples
    ))
    .into())
}
