//! Run folders: the resolved configuration, metrics as JSON lines, the model and pictures.

mod staged;

use crate::files::replace_bytes;
use crate::measure::evaluate::Figures;
use crate::network::Model;
use crate::train::{Config, Epoch, Restored, RunProgress, Settings};
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
/// Name of the picture of a conditional network's predictions.
pub const PREDICTIONS: &str = "predictions.png";
/// Name of the curves.
pub const CURVES: &str = "curves.svg";
/// Name of the report.
pub const REPORT: &str = "report.html";

/// The folder of one run, locked against a second process for as long as it lives.
#[derive(Debug)]
pub struct RunFolder {
    /// Where its files are now.
    path: PathBuf,
    metrics: File,
    /// The first folder that was made for it.
    made: Option<PathBuf>,
    /// The folder whose run it will replace, and the locks of that.
    replaces: Option<(PathBuf, Vec<File>)>,
    /// The lines that were there when it was reopened.
    known: Vec<Line>,
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
    /// Makes `path`, or with `None` the first free one of `runs/001`, `runs/002`, .., and writes `config.toml`. `path` must
    /// not exist, unless `force` is given: then the run in it stays until [`publish`](Self::publish), and the new one is
    /// written into a folder of its own inside. An error leaves everything as it was.
    pub fn create(path: Option<PathBuf>, force: bool, config: &Config) -> Result<RunFolder, RunError> {
        let text = text_of(config, path.as_deref().unwrap_or(Path::new("runs")))?;
        let fail = |path: &Path, what: String| RunError { path: path.into(), what };
        let (path, made, replaces) = match path {
            Some(path) if path.as_os_str().is_empty() => {
                return Err(fail(&path, "a run needs a folder; give its name".into()));
            }
            Some(path) if path.exists() => {
                if !force {
                    let what = "exists already; give another --out, or --force to replace the run in it";
                    return Err(fail(&path, what.into()));
                }
                let locks = locks(&path)?;
                // Only what is whole again can be lost to a run that fails.
                if staged::is_whole(&path) {
                    staged::publish(&path)?;
                }
                let stage = staged::prepare(&path)?;
                (stage.clone(), Some(stage), Some((path, locks)))
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
        match begin(&path, &text) {
            Ok(metrics) => Ok(RunFolder { path, metrics, made, replaces, known: Vec::new() }),
            Err(e) => {
                withdraw(&path, made.as_deref());
                Err(e)
            }
        }
    }

    /// Ends what a process that was killed in the middle of [`publish`](Self::publish) began: for all that reads a run to
    /// go on with it.
    pub fn recover(path: &Path) -> Result<(), RunError> {
        if !staged::is_whole(path) {
            return Ok(());
        }
        let _locks = locks(path)?;
        staged::publish(path)
    }

    /// Deletes the run that this one replaces, if any, and puts this one in its place; a checkpoint must have been
    /// saved. A process that is killed in the middle leaves what [`recover`](Self::recover) ends.
    pub fn publish(&mut self) -> Result<(), RunError> {
        if let Some((path, _)) = &self.replaces {
            staged::seal(path)?;
            staged::publish(path)?;
            self.path.clone_from(path);
            (self.replaces, self.made) = (None, None);
        }
        Ok(())
    }

    /// Opens the folder of a run that was left at `progress`, from which the metrics are written anew; only the times
    /// of the epochs are taken from the metrics that are there, and are 0 where these are lost.
    pub fn reopen(path: PathBuf, config: &Config, progress: &RunProgress) -> Result<RunFolder, RunError> {
        let text = text_of(config, &path)?;
        let file = path.join(METRICS);
        let old = locks(&path)?;
        staged::clear(&path);
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
            let config = path.join(CONFIG);
            let before = fs::read(&config);
            replace_bytes(&config, text.as_bytes()).map_err(cannot_write(config.clone()))?;
            if let Err(e) = fs::rename(&part, &file) {
                // What failed is reported; the settings before, if they cannot be put back, would add nothing.
                let _ = before.and_then(|before| replace_bytes(&config, &before));
                return Err(cannot_write(file)(e));
            }
            Ok(new)
        });
        if result.is_err() {
            let _ = fs::remove_file(&part);
        }
        let metrics = result?;
        drop(old);
        Ok(RunFolder { path, metrics, made: None, replaces: None, known })
    }

    /// Takes away what [`create`](Self::create) made, for a run that failed before its first checkpoint.
    pub fn discard(self) {
        match &self.replaces {
            // From here on the new run is the one that is left.
            Some((path, _)) if staged::is_whole(path) => {}
            Some((path, _)) => staged::clear(path),
            None => withdraw(&self.path, self.made.as_deref()),
        }
    }

    /// The folder that its files are in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line to `metrics.jsonl`. An epoch of which no step was taken since the folder was reopened keeps its times.
    pub fn line(&mut self, line: &Line) -> Result<(), RunError> {
        let path = self.path.join(METRICS);
        let line = match line {
            Line::Epoch { epoch, steps_per_second: 0.0, .. } => same(&self.known, epoch).unwrap_or(line),
            other => other,
        };
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
        model.save_with_config(&path, config).map_err(|e| RunError { path: e.path, what: e.what })
    }
}

/// A line as it is written.
fn json(line: &Line, path: &Path) -> Result<String, RunError> {
    let fail = |e: serde_json::Error| RunError { path: path.into(), what: e.to_string() };
    Ok(serde_json::to_string(line).map_err(fail)? + "\n")
}

/// The lines of a run up to `progress`, with the times of those of `known` that are the same epochs.
fn lines_of(progress: &RunProgress, known: &[Line]) -> Vec<Line> {
    let mut restored = progress.restored.iter().peekable();
    let mut lines = Vec::new();
    for &epoch in &progress.history {
        while let Some(r) = restored.next_if(|r| r.to_step < epoch.step) {
            lines.push(Line::Restored(r.clone()));
        }
        let lost = Line::Epoch { epoch, steps_per_second: 0.0, seconds: 0.0 };
        lines.push(same(known, &epoch).cloned().unwrap_or(lost));
    }
    lines.extend(restored.cloned().map(Line::Restored));
    lines
}

/// The line of an epoch.
fn same<'l>(lines: &'l [Line], epoch: &Epoch) -> Option<&'l Line> {
    lines.iter().find(|line| matches!(line, Line::Epoch { epoch: e, .. } if e == epoch))
}

/// `config.toml`. Errors: settings that could not be read from it again.
fn text_of(config: &Config, folder: &Path) -> Result<String, RunError> {
    let fail = |what: String| RunError { path: folder.join(CONFIG), what };
    let text = toml::to_string(config).map_err(|e| fail(e.to_string()))?;
    Settings::from_toml(&text).map_err(|e| fail(format!("could not be read again: {e}")))?;
    Ok(text)
}

/// Writes configuration and empty metrics. Where there is a configuration there are metrics.
fn begin(path: &Path, text: &str) -> Result<File, RunError> {
    let [config, file] = [CONFIG, METRICS].map(|name| path.join(name));
    let metrics = lock(File::options().write(true).create_new(true).open(&file), &file)?;
    replace_bytes(&config, text.as_bytes()).map_err(cannot_write(config))?;
    Ok(metrics)
}

/// Takes away what [`begin`] wrote, and the folders down from `first`.
fn withdraw(path: &Path, first: Option<&Path>) {
    for name in [CONFIG, METRICS] {
        let _ = fs::remove_file(path.join(name));
    }
    unmake(path, first);
}

/// Removes a folder and those above it down from `first`, as far as they are empty.
fn unmake(path: &Path, first: Option<&Path>) {
    let Some(first) = first else { return };
    for folder in path.ancestors().take_while(|p| p.starts_with(first)) {
        // Fails, as it should, where something else is in the folder.
        let _ = fs::remove_dir(folder);
    }
}

/// The locks of a run folder and of a run that is to replace it.
fn locks(path: &Path) -> Result<Vec<File>, RunError> {
    let files = [path.join(METRICS), staged::folder(path).join(METRICS)];
    files.iter().filter(|file| file.exists()).map(|file| lock(File::open(file), file)).collect()
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
