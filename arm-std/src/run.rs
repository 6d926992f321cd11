//! Run folders: the resolved configuration, metrics as JSON lines, the model and pictures.

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::files::replace_bytes;
use crate::model::Model;
use crate::train::{Epoch, Figures, Restored};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
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
    /// is given, which first deletes what a run writes. Writes `config.toml`.
    pub fn create(path: Option<PathBuf>, force: bool, config: &Config) -> Result<RunFolder, RunError> {
        let path = match path {
            Some(path) => {
                make(&path, force)?;
                path
            }
            None => free_folder()?,
        };
        let file = path.join(METRICS);
        let metrics = File::options().write(true).create_new(true).open(&file);
        let folder = RunFolder { path, metrics: lock(metrics, &file)? };
        folder.write_config(config)?;
        Ok(folder)
    }

    /// Opens the folder of a run that was left, forgetting all but the first `lines` lines of the metrics.
    pub fn reopen(path: PathBuf, config: &Config, lines: usize) -> Result<RunFolder, RunError> {
        let file = path.join(METRICS);
        let mut metrics = lock(File::options().read(true).write(true).open(&file), &file)?;
        keep_lines(&mut metrics, lines).map_err(cannot_write(file))?;
        let folder = RunFolder { path, metrics };
        folder.write_config(config)?;
        Ok(folder)
    }

    fn write_config(&self, config: &Config) -> Result<(), RunError> {
        let fail = |e: toml::ser::Error| RunError { path: self.path.join(CONFIG), what: e.to_string() };
        let text = toml::to_string(config).map_err(fail)?;
        self.write(CONFIG, text.as_bytes())
    }

    /// Takes away what [`create`](Self::create) made, for a run that failed before its first checkpoint.
    pub fn discard(self) {
        for name in [CONFIG, METRICS] {
            let _ = fs::remove_file(self.path.join(name));
        }
        // Fails, as it should, where something else is in the folder.
        let _ = fs::remove_dir(&self.path);
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line to `metrics.jsonl`.
    pub fn line(&mut self, line: &Line) -> Result<(), RunError> {
        let path = self.path.join(METRICS);
        let mut text =
            serde_json::to_string(line).map_err(|e| RunError { path: path.clone(), what: e.to_string() })?;
        text.push('\n');
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

/// Cuts a text off after so many lines, where writing goes on.
fn keep_lines(file: &mut File, lines: usize) -> io::Result<()> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let kept = text.split_inclusive('\n').take(lines).map(str::len).sum::<usize>() as u64;
    file.set_len(kept)?;
    file.seek(io::SeekFrom::Start(kept)).map(|_| ())
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

fn make(path: &Path, force: bool) -> Result<(), RunError> {
    let fail = |what: String| RunError { path: path.into(), what };
    if path.exists() {
        if !force {
            return Err(fail(
                "exists already; give another --out, or --force to replace the run in it".into(),
            ));
        }
        let metrics = path.join(METRICS);
        if metrics.exists() {
            lock(File::open(&metrics), &metrics)?;
        }
        Checkpoint::clear(path);
        for name in [CONFIG, METRICS, MODEL, SAMPLES, RECONSTRUCTIONS, CURVES, REPORT] {
            match fs::remove_file(path.join(name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(fail(format!("{name} cannot be replaced: {e}")));
                }
                _ => {}
            }
        }
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|e| fail(format!("cannot be made: {e}")))
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
