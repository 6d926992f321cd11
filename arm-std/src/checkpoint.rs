//! Checkpoints: all that a run needs to go on, in one safetensors file.

use crate::model::{Model, ModelError};
use crate::train::Epoch;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Where a run stands, beside parameters and moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps taken; they decide epoch, position in it and every random draw.
    pub step: u64,
    /// Sum of -ELBO over the steps of the epoch in progress.
    pub epoch_sum: f64,
    /// The epochs done.
    pub history: Vec<Epoch>,
}

/// A moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The network and its parameters.
    pub model: Model,
    /// The optimiser's moments, unpadded, one after the other.
    pub moments: Vec<f32>,
    /// The parameters of the best epoch so far; empty before the first.
    pub best: Vec<f32>,
    /// What the estimator has learned.
    pub estimator: Vec<f32>,
    /// Where the run stands.
    pub progress: Progress,
}

/// Checkpoints that a run folder keeps.
const KEPT: usize = 2;

fn name(step: u64) -> String {
    format!("checkpoint-{step:09}.safetensors")
}

/// The checkpoints of a folder, oldest first.
fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let named = |p: &PathBuf| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        name.strip_prefix("checkpoint-").and_then(|n| n.strip_suffix(".safetensors")).is_some()
    };
    let mut all: Vec<_> = entries.filter(named).collect();
    all.sort();
    all
}

impl Checkpoint {
    /// Writes the checkpoint into `folder` (through a temporary file, synced) and then deletes all but the last two.
    pub fn save(&self, folder: &Path) -> Result<(), ModelError> {
        let path = folder.join(name(self.progress.step));
        let fail = |what: String| ModelError { path: path.clone(), what };
        let state = serde_json::to_string(&self.progress).map_err(|e| fail(e.to_string()))?;
        let vectors = [("moments", &self.moments[..]), ("best", &self.best), ("estimator", &self.estimator)];
        self.model.save_with(&path, &vectors, Some(state))?;
        let all = all(folder);
        for old in all.iter().take(all.len().saturating_sub(KEPT)) {
            // One that cannot be deleted does no harm.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// Reads one checkpoint.
    pub fn load(path: &Path) -> Result<Checkpoint, ModelError> {
        let fail = |what: &str| ModelError { path: path.into(), what: what.into() };
        let (model, vectors, state) = Model::load_with(path, &["moments", "best", "estimator"])?;
        let [moments, best, estimator] = vectors.try_into().map_err(|_| fail("is no checkpoint"))?;
        let state = state.ok_or_else(|| fail("is a model, not a checkpoint"))?;
        let progress =
            serde_json::from_str(&state).map_err(|e| fail(&format!("its progress cannot be read: {e}")))?;
        let count = model.params.len();
        if !moments.len().is_multiple_of(count) || !(best.is_empty() || best.len() == count) {
            return Err(fail("holds moments or best parameters of another network"));
        }
        Ok(Checkpoint { model, moments, best, estimator, progress })
    }

    /// The newest checkpoint of a run folder that can be read; `None` when there is none at all.
    pub fn newest(folder: &Path) -> Result<Option<Checkpoint>, ModelError> {
        let mut failure = None;
        for path in all(folder).iter().rev() {
            match Checkpoint::load(path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(e) => failure = Some(e),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// Deletes the checkpoints of a folder.
    pub fn clear(folder: &Path) {
        for path in all(folder) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Preset;

    fn checkpoint(step: u64) -> Checkpoint {
        let network = Preset::Linear.network(3);
        let count = network.shape().params();
        let params: Vec<f32> = (0..count).map(|i| i as f32).collect();
        let progress = Progress { step, epoch_sum: 0.1, history: vec![] };
        Checkpoint {
            moments: [params.clone(), params.clone()].concat(),
            best: params.clone(),
            estimator: vec![2.5],
            model: Model { network, params },
            progress,
        }
    }

    #[test]
    fn the_last_two_are_kept_and_a_damaged_one_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::newest(folder.path()).unwrap(), None);
        for step in [5, 70, 900] {
            checkpoint(step).save(folder.path()).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(Checkpoint::newest(folder.path()).unwrap(), Some(checkpoint(900)));
        let last = folder.path().join(name(900));
        let bytes = fs::read(&last).unwrap();
        fs::write(&last, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(Checkpoint::newest(folder.path()).unwrap(), Some(checkpoint(70)));
        fs::write(folder.path().join(name(70)), b"").unwrap();
        assert!(Checkpoint::newest(folder.path()).is_err());
        Checkpoint::clear(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_model_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        checkpoint(1).model.save(&path).unwrap();
        assert!(Checkpoint::load(&path).unwrap_err().to_string().contains("checkpoint"));
    }
}
