//! Run folders: the resolved configuration, metrics as JSON lines, the model and pictures.

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::files::replace_bytes;
use crate::model::Model;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::train::{Epoch, Figures, Restored};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file or folder that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct RunError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Name of the model in a run folder.
pub const MODEL: &str = "model.safetensors";
/// Name of the resolved configuration.
pub const CONFIG: &str = "config.toml";
/// Name of the metrics, a JSON object a line.
pub const METRICS: &str = "metrics.jsonl";
/// Name of the picture of samples.
pub const SAMPLES: &str = "samples.png";
/// Name of the picture of reconstructions.
pub const RECONSTRUCTIONS: &str = "reconstructions.png";
/// Name of the curves.
pub const CURVES: &str = "curves.svg";
/// Name of the report.
pub const REPORT: &str = "report.html";

/// The folder of one run, locked against a second process for as long as it lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
    /// The first folder that was made for it.
    made: Option<PathBuf>,
}

/// A line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Line {
    /// The figures of an epoch.
    Epoch {
        /// The figures.
        #[serde(flatten)]
        epoch: Epoch,
        /// Training steps a second.
        steps_per_second: f64,
        /// Seconds since the line before, or since the run was started or resumed.
        seconds: f64,
    },
    /// A refused step sent the run back.
    Restored(Restored),
    /// The figures of the model on the test split, at the end.
    Test(Figures),
}

impl RunFolder {
    /// Makes `path`, or with `None` the first free one of `runs/001`, `runs/002`, .. It must not exist, unless `force`
    /// is given: then what a run writes is deleted, once the new files lie beside it. Writes `config.toml`. An error leaves
    /// everything as it was.
    pub fn create(path: Option<PathBuf>, force: bool, config: &Config) -> Result<RunFolder, RunError> {
        let text = text_of(config, path.as_deref().unwrap_or(Path::new("runs")))?;
        let fail = |path: &Path, what: String| RunError { path: path.into(), what };
        let (path, made, old) = match path {
            Some(path) if path.exists() => {
                if !force {
                    let what = "exists already; give another --out, or --force to replace the run in it";
                    return Err(fail(&path, what.into()));
                }
                let file = path.join(METRICS);
                let old = file.exists().then(|| lock(File::open(&file), &file)).transpose()?;
                (path, None, old)
            }
            Some(path) => {
                let missing = path.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
                let first = missing.last().map(Path::to_path_buf);
                if let Err(e) = fs::create_dir_all(&path) {
                    unmake(&path, first.as_deref());
                    return Err(fail(&path, format!("cannot be made: {e}")));
                }
                (path, first, None)
            }
            None => {
                let first = if Path::new("runs").exists() { None } else { Some(PathBuf::from("runs")) };
                let path = free_folder()?;
                (path.clone(), first.or(Some(path)), None)
            }
        };
        let parts = [CONFIG, METRICS].map(|name| path.join(format!("{name}.new")));
        let result = begin(&path, &parts, &text);
        if result.is_err() {
            parts.iter().for_each(|part| drop(fs::remove_file(part)));
            unmake(&path, made.as_deref());
        }
        let metrics = result?;
        drop(old);
        Ok(RunFolder { path, metrics, made })
    }

    /// Opens the folder of a run that was left at `progress`, from which the metrics are written anew; only the times
    /// of the epochs are taken from the metrics that are there, and are 0 where these are lost.
    pub fn reopen(path: PathBuf, config: &Config, progress: &Progress) -> Result<RunFolder, RunError> {
        let text = text_of(config, &path)?;
        let file = path.join(METRICS);
        let old = match file.exists() {
            true => Some(lock(File::open(&file), &file)?),
            false => None,
        };
        // What cannot be read gives no times.
        let known = fs::read(&file).unwrap_or_default();
        let known: Vec<Line> = String::from_utf8_lossy(&known)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let mut lines = String::new();
        for line in lines_of(progress, &known) {
            lines += &json(&line, &file)?;
        }
        let part = path.join(format!("{METRICS}.new"));
        let _ = fs::remove_file(&part);
        let new = File::options().write(true).create_new(true).open(&part);
        let result = new.and_then(|mut new| {
            new.write_all(lines.as_bytes())?;
            new.sync_all()?;
            Ok(new)
        });
        let result = result.map_err(cannot_write(file.clone())).and_then(|new| {
            let new = lock(Ok(new), &file)?;
            replace_bytes(&path.join(CONFIG), text.as_bytes()).map_err(cannot_write(path.join(CONFIG)))?;
            fs::rename(&part, &file).map_err(cannot_write(file))?;
            Ok(new)
        });
        if result.is_err() {
            let _ = fs::remove_file(&part);
        }
        let metrics = result?;
        drop(old);
        Ok(RunFolder { path, metrics, made: None })
    }

    /// Takes away what [`create`](Self::create) made, for a run that failed before its first checkpoint.
    pub fn discard(self) {
        for name in [CONFIG, METRICS] {
            let _ = fs::remove_file(self.path.join(name));
        }
        unmake(&self.path, self.made.as_deref());
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line to `metrics.jsonl`.
    pub fn line(&mut self, line: &Line) -> Result<(), RunError> {
        let path = self.path.join(METRICS);
        let text = json(line, &path)?;
        self.metrics.write_all(text.as_bytes()).map_err(cannot_write(path))
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), RunError> {
        let path = self.path.join(name);
        replace_bytes(&path, bytes).map_err(cannot_write(path))
    }

    /// Makes the metrics so far last through a power cut.
    pub fn sync(&self) -> Result<(), RunError> {
        self.metrics.sync_data().map_err(cannot_write(self.path.join(METRICS)))
    }

    /// Writes the best model so far.
    pub fn model(&self, model: &Model, config: &Config) -> Result<(), RunError> {
        let path = self.path.join(MODEL);
        model.save(&path, Some(config)).map_err(|e| RunError { path: e.path, what: e.what })
    }
}

/// A line as it is written.
fn json(line: &Line, path: &Path) -> Result<String, RunError> {
    let fail = |e: serde_json::Error| RunError { path: path.into(), what: e.to_string() };
    Ok(serde_json::to_string(line).map_err(fail)? + "\n")
}

/// The lines of a run up to `progress`, with the times of those of `known` that are the same epochs.
fn lines_of(progress: &Progress, known: &[Line]) -> Vec<Line> {
    let mut restored = progress.restored.iter().peekable();
    let mut lines = Vec::new();
    for &epoch in &progress.history {
        while let Some(r) = restored.next_if(|r| r.to_step < epoch.step) {
            lines.push(Line::Restored(r.clone()));
        }
        let same = |line: &&Line| matches!(line, Line::Epoch { epoch: e, .. } if *e == epoch);
        let lost = Line::Epoch { epoch, steps_per_second: 0.0, seconds: 0.0 };
        lines.push(known.iter().find(same).cloned().unwrap_or(lost));
    }
    lines.extend(restored.cloned().map(Line::Restored));
    lines
}

/// `config.toml`. Errors: settings that could not be read from it again.
fn text_of(config: &Config, folder: &Path) -> Result<String, RunError> {
    let fail = |what: String| RunError { path: folder.join(CONFIG), what };
    let text = toml::to_string(config).map_err(|e| fail(e.to_string()))?;
    Settings::from_toml(&text).map_err(|e| fail(format!("could not be read again: {e}")))?;
    Ok(text)
}

/// Writes configuration and metrics as `parts`, then deletes the run in the folder and puts them in their places.
fn begin(path: &Path, parts: &[PathBuf; 2], text: &str) -> Result<File, RunError> {
    let [config, file] = parts;
    let _ = fs::remove_file(file);
    replace_bytes(config, text.as_bytes()).map_err(cannot_write(path.join(CONFIG)))?;
    let metrics = lock(File::options().write(true).create_new(true).open(file), file)?;
    Checkpoint::clear(path);
    for name in [MODEL, SAMPLES, RECONSTRUCTIONS, CURVES, REPORT] {
        match fs::remove_file(path.join(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                let what = format!("{name} cannot be replaced: {e}");
                return Err(RunError { path: path.into(), what });
            }
            _ => {}
        }
    }
    for (part, name) in parts.iter().zip([CONFIG, METRICS]) {
        fs::rename(part, path.join(name)).map_err(cannot_write(path.join(name)))?;
    }
    Ok(metrics)
}

/// Removes a folder and those above it down from `first`, as far as they are empty.
fn unmake(path: &Path, first: Option<&Path>) {
    let Some(first) = first else { return };
    for folder in path.ancestors().take_while(|p| p.starts_with(first)) {
        // Fails, as it should, where something else is in the folder.
        let _ = fs::remove_dir(folder);
    }
}

/// The file, locked until it is closed.
fn lock(file: io::Result<File>, path: &Path) -> Result<File, RunError> {
    let file = file.map_err(cannot_write(path.into()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let what = "is being written by another process; wait for it, or give another --out";
            Err(RunError { path: path.into(), what: what.into() })
        }
        // A file system without locks must do without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn cannot_write(path: PathBuf) -> impl FnOnce(io::Error) -> RunError {
    move |e| RunError { path, what: format!("cannot be written: {e}") }
}

fn free_folder() -> Result<PathBuf, RunError> {
    let runs = PathBuf::from("runs");
    let fail =
        |path: &Path, e: io::Error| RunError { path: path.into(), what: format!("cannot be made: {e}") };
    fs::create_dir_all(&runs).map_err(|e| fail(&runs, e))?;
    for i in 1u32.. {
        let path = runs.join(format!("{i:03}"));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail(&path, e)),
        }
    }
    Err(RunError { path: runs, what: "has no free number left".into() })
}
