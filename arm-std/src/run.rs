//! Run folders: the resolved configuration, metrics as JSON lines, the model and pictures.

use crate::config::Config;
use crate::model::{Model, replace};
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

/// The folder of one run, made anew.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
}

/// A line of `metrics.jsonl`.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Epoch(&'a Epoch),
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
        let fail = |name: &str| {
            let path = path.join(name);
            move |e: io::Error| RunError { path, what: format!("cannot be written: {e}") }
        };
        let text = toml::to_string(config)
            .map_err(|e| RunError { path: path.join("config.toml"), what: e.to_string() })?;
        replace(&path.join("config.toml"), text.as_bytes()).map_err(fail("config.toml"))?;
        let metrics = File::create(path.join("metrics.jsonl")).map_err(fail("metrics.jsonl"))?;
        Ok(RunFolder { path, metrics })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the figures of an epoch to `metrics.jsonl`.
    pub fn epoch(&mut self, epoch: &Epoch) -> Result<(), RunError> {
        self.line(&Line::Epoch(epoch))
    }

    /// Writes the trained model and appends its test figures.
    pub fn finish(&mut self, model: &Model, figures: &Figures) -> Result<(), RunError> {
        let path = self.path.join(MODEL);
        model.save(&path).map_err(|e| RunError { path: e.path, what: e.what })?;
        self.line(&Line::Test(figures))
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), RunError> {
        let fail = |what: String| RunError { path: self.path.join("metrics.jsonl"), what };
        let mut text = serde_json::to_string(line).map_err(|e| fail(e.to_string()))?;
        text.push('\n');
        self.metrics.write_all(text.as_bytes()).map_err(|e| fail(format!("cannot be written: {e}")))
    }
}

fn make(path: &Path, force: bool) -> Result<(), RunError> {
    let fail = |what: String| RunError { path: path.into(), what };
    if path.exists() {
        if !force {
            return Err(fail("exists already; give another --out, or --force to replace the run in it".into()));
        }
        for name in ["config.toml", "metrics.jsonl", MODEL, "samples.png", "reconstructions.png"] {
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
    let fail = |path: &Path, e: io::Error| RunError { path: path.into(), what: format!("cannot be made: {e}") };
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
