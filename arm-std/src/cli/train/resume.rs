//! Whether a run can go on, or be begun again.

use crate::cli::Usage;
use arm_std::runs::folder::{CONFIG, METRICS};
use arm_std::train::{Checkpoint, Config, Failure, Settings};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// The settings of the run in a folder.
pub(super) fn settings_of(run: &Path) -> Result<Settings, Failure> {
    let file = run.join(CONFIG);
    if !file.exists() {
        let what =
            if run.is_dir() { "has no config.toml, so it is no run folder" } else { "is no run folder" };
        return Err(Usage(format!("--resume {}: {what}", run.display())).into());
    }
    Ok(Settings::read(&file)?)
}

/// The newest checkpoint of `run`, if `config` asks for the same run, perhaps longer.
pub(super) fn resumable(run: &Path, config: &Config) -> Result<Checkpoint, Failure> {
    let none = || format!("{}: has no checkpoint to go on from", run.display());
    let checkpoint = Checkpoint::newest(run)?.ok_or_else(none)?;
    let Config { steps, patience, nll_samples, nll_images, data, .. } = config.clone();
    let of_run = checkpoint.config.clone();
    let same = Config { steps, patience, nll_samples, nll_images, data, ..of_run };
    if same != *config {
        let others = differing(&same, config)?;
        let message = format!(
            "--resume: {others} of the run differs; only --epochs, --steps, --patience, --nll-samples, --nll-images and the \
             place of the same --data may change"
        );
        return Err(Usage(message).into());
    }
    let taken = checkpoint.progress.step;
    if steps < taken {
        return Err(
            Usage(format!("--resume: the run has taken {taken} steps already; {steps} are fewer")).into()
        );
    }
    Ok(checkpoint)
}

/// The settings in which two runs differ, by name.
fn differing(a: &Config, b: &Config) -> Result<String, Failure> {
    let (a, b) = (toml::Table::try_from(a)?, toml::Table::try_from(b)?);
    let names: BTreeSet<&String> =
        a.keys().chain(b.keys()).filter(|&name| a.get(name) != b.get(name)).collect();
    Ok(names.into_iter().map(|name| format!("--{name}")).collect::<Vec<_>>().join(", "))
}

/// Whether `out` holds a run of `config` that ended before its first checkpoint, or nothing but the beginning of one.
/// Errors: another run.
pub(super) fn abandoned(out: &Path, config: &Config) -> Result<bool, Failure> {
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
