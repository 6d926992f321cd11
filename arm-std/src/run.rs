//! Run folders: the resolved configuration, metrics as JSON lines, the model and pictures.

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::files::replace_bytes;
use crate::model::Model;
use crate::train::{Epoch, Figures};
use serde::Serialize;
use std::fs::{self, File};
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

/// The folder of one run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Epoch {
        #[serde(flatten)]
        epoch: &'a Epoch,
        steps_per_second: f64,
    },
    Test(&'a Figures),
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
        let metrics = File::create(path.join(METRICS)).map_err(cannot_write(path.join(METRICS)))?;
        let folder = RunFolder { path, metrics };
        folder.write_config(config)?;
        Ok(folder)
    }

    /// Opens the folder of a run that was left, forgetting the metrics after its first `epochs` epochs.
    pub fn reopen(path: PathBuf, config: &Config, epochs: usize) -> Result<RunFolder, RunError> {
        let file = path.join(METRICS);
        let text = fs::read_to_string(&file).map_err(cannot_write(file.clone()))?;
        let kept: String = text.split_inclusive('\n').take(epochs).collect();
        replace_bytes(&file, kept.as_bytes()).map_err(cannot_write(file.clone()))?;
        let metrics = File::options().append(true).open(&file).map_err(cannot_write(file.clone()))?;
        let folder = RunFolder { path, metrics };
        folder.write_config(config)?;
        Ok(folder)
    }

    fn write_config(&self, config: &Config) -> Result<(), RunError> {
        let path = self.path.join(CONFIG);
        let text =
            toml::to_string(config).map_err(|e| RunError { path: path.clone(), what: e.to_string() })?;
        replace_bytes(&path, text.as_bytes()).map_err(cannot_write(path))
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

    /// Appends the figures of an epoch to `metrics.jsonl`.
    pub fn epoch(&mut self, epoch: &Epoch, steps_per_second: f64) -> Result<(), RunError> {
        self.line(&Line::Epoch { epoch, steps_per_second })
    }

    /// Writes the trained model and appends its test figures.
    pub fn finish(&mut self, model: &Model, figures: &Figures) -> Result<(), RunError> {
        let path = self.path.join(MODEL);
        model.save(&path).map_err(|e| RunError { path: e.path, what: e.what })?;
        self.line(&Line::Test(figures))
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), RunError> {
        let path = self.path.join(METRICS);
        let mut text =
            serde_json::to_string(line).map_err(|e| RunError { path: path.clone(), what: e.to_string() })?;
        text.push('\n');
        self.metrics.write_all(text.as_bytes()).map_err(cannot_write(path))
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
        Checkpoint::clear(path);
        for name in [CONFIG, METRICS, MODEL, SAMPLES, RECONSTRUCTIONS] {
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
