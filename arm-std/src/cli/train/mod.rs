//! `arm train`.

mod dry_run;
mod resume;
mod watch;

use super::interrupts::{Phase, enter, interrupted, leave_on_request, pass_requests_on};
use super::model::subject::model_file;
use super::prepare::{check, prepare};
use super::{Left, Outcome, Usage, args, figure_lines, headline, say};
use arm_std::data::Splits;
use arm_std::driver::{Peers, Threads, mpi, same};
use arm_std::kernels::Desktop;
use arm_std::runs::folder::{Line, REPORT, RunFolder};
use arm_std::runs::list::Summary;
use arm_std::runs::report::refresh;
use arm_std::train::{self, Checkpoint, Config, Failure, GroupObserver, Prepared, Settings};
use resume::{abandoned, resumable, settings_of};
use std::io::{Write, stderr};
use std::thread::sleep;
use std::time::{Duration, Instant};
use watch::{Ends, Saving, Watch};

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
    if peers.is_none() {
        leave_on_request(Phase::Idle("left before the first step; nothing is written"))?;
    }
    if let Some(run) = args.resume.as_deref().or(args.out.as_deref()).filter(|_| leads) {
        RunFolder::recover(run)?;
    }
    let mut settings = match (&args.resume, &args.config) {
        (Some(run), _) => args.settings.clone().over(settings_of(run)?),
        (None, Some(file)) => args.settings.clone().over(Settings::read(file).map_err(usage)?),
        (None, None) => args.settings.clone(),
    };
    settings.start = settings.start.as_deref().map(model_file).transpose()?;
    let prepared = prepare(&settings, leads)?;
    let Prepared { config, network, splits } = &prepared;
    if peers.is_some() && !config.numbers.is_float() {
        return Err(Usage("--numbers i16: one row a step is no work for several processes".into()).into());
    }
    let (threads, alone) = (args::threads(args.threads), peers.is_none());
    describe(&prepared, threads, peers, &say)?;
    if let Some(ram) = settings.fit_ram.filter(|_| leads) {
        dry_run::fits(ram, network, config.numbers)?;
    }
    let again = args.out.as_deref().filter(|_| args.resume_or_start);
    let run = match again {
        Some(out) => Checkpoint::newest(out)?.is_some().then_some(out),
        None => args.resume.as_deref(),
    };
    let from = run.map(|run| resumable(run, config)).transpose()?;
    if let (Some(run), Some(checkpoint), Some(_)) = (run, &from, again) {
        let done = checkpoint.config == *config && Summary::read(run)?.is_some_and(|s| s.test.is_some());
        if done {
            return say(format_args!("{}: the run is done", run.display()));
        }
    }
    let force =
        args.force || again.filter(|_| run.is_none()).map_or(Ok(false), |out| abandoned(out, config))?;
    check(&prepared, threads, alone, from.as_ref())?;
    if let Some(peers) = peers {
        are_alike(peers, config, splits, from.as_ref())?;
    }
    if args.dry_run {
        return if leads { dry_run::print(&prepared, threads, alone) } else { Ok(()) };
    }
    enter(Phase::Busy("saving"));
    let folder = match (run, &from) {
        _ if !leads => None,
        (Some(run), Some(checkpoint)) => {
            say(format_args!("from step {}", checkpoint.progress.step))?;
            Some(RunFolder::reopen(run.into(), config, &checkpoint.progress)?)
        }
        _ => Some(RunFolder::create(args.out.clone(), force, config)?),
    };
    let started = Instant::now();
    let first = from.as_ref().map_or(0, |c| c.progress.step);
    let saving = Saving { every: Duration::from_secs(args.save_every.into()), keep: args.keep.into() };
    if peers.is_some() {
        pass_requests_on()?;
    }
    let Some(mut folder) = folder else {
        let mut observer =
            GroupObserver { peers: peers.ok_or("no process leads")?, leader: None, leave: interrupted };
        prepared.train(threads, peers, from, &mut observer)?;
        return Ok(());
    };
    let mut watch = Watch::new(config.steps, first, saving, &mut folder, &splits.test);
    let outcome = match peers {
        Some(peers) => {
            let mut observer = GroupObserver { peers, leader: Some(&mut watch), leave: interrupted };
            prepared.train(threads, Some(peers), from, &mut observer)
        }
        None => prepared.train(threads, None, from, &mut watch),
    };
    let seen = watch.finish();
    enter(Phase::Busy("writing the results"));
    let trained = started.elapsed();
    if outcome.is_err() && !seen.saved && first == 0 {
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
    if let Some(results) = seen.saturated {
        let each = results as f64 / (config.steps - first).max(1) as f64;
        say(format_args!(
            "{results} results, {each:.2} a step, left the range of 16 bits and became its end; where it is several a step, lower --lr"
        ))?;
    }
    folder.model(&model, config)?;
    folder.line(&Line::Test(figures))?;
    refresh(&folder, &model, &splits.test, config.seed)?;
    if let Some(Ends { first, last }) = seen.ends {
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

/// Says what is trained on what, and how.
fn describe(
    prepared: &Prepared,
    threads: Threads,
    peers: Option<&dyn Peers>,
    say: &dyn Fn(std::fmt::Arguments<'_>) -> Outcome,
) -> Outcome {
    let Prepared { config, network, splits } = prepared;
    say(format_args!("{}", headline(network, config)))?;
    let [train, valid, test] = [splits.train.rows(), splits.valid.rows(), splits.test.rows()];
    let (data, units) = (config.data.display(), splits.train.cols());
    say(format_args!("{data}: {train} train, {valid} valid, {test} test rows of {units} units"))?;
    let Config { batch, steps, seed, estimator, .. } = config;
    let (name, per_epoch) = (estimator.name(), prepared.steps_per_epoch());
    let optimiser = config.optimiser();
    let threads = if config.numbers.is_float() { threads.to_string() } else { "one thread a step".into() };
    say(format_args!(
        "{name}, {optimiser}, batch {batch}, {steps} steps of {per_epoch} an epoch, seed {seed}, {threads}"
    ))?;
    match peers {
        Some(peers) => say(format_args!("{} processes with a share of every batch each", peers.count())),
        None => Ok(()),
    }
}

/// An error unless all processes are about to do the same.
fn are_alike(peers: &dyn Peers, config: &Config, splits: &Splits, from: Option<&Checkpoint>) -> Outcome {
    let step = from.map(|checkpoint| checkpoint.progress.step);
    let level = Desktop::new().level();
    let all = format!("{config:?} {} {step:?} {level:?} {}", splits.checksum(), env!("CARGO_PKG_VERSION"));
    same(peers, all.as_bytes()).map_err(|other| {
        let what = "settings, data, checkpoint, version of arm or vector instructions of the CPU";
        format!("process {other} differs from process 0 in {what}; they must be the same everywhere").into()
    })
}
