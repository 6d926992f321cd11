//! Checkpoints: all that a run needs to go on, in one safetensors file.

use crate::files::replace_bytes;
use crate::network::{Extras, Model, ModelError, read_file};
use crate::train::{Config, RunProgress};
use std::fs;
use std::path::{Path, PathBuf};

/// A moment of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The configuration of the run.
    pub config: Config,
    /// The network and its parameters.
    pub model: Model,
    /// The optimiser's moments, unpadded, one after the other.
    pub moments: Vec<f32>,
    /// The parameters of the best epoch so far; empty before the first.
    pub best: Vec<f32>,
    /// What the estimator has learned.
    pub estimator: Vec<f32>,
    /// Parameters, moments and what the estimator had learned at the start of the epoch in progress, the last good state;
    /// empty where an epoch starts.
    pub before: Vec<f32>,
    /// Where the run stands.
    pub progress: RunProgress,
}

/// The names of the vectors beside the parameters.
const VECTORS: [&str; 4] = ["moments", "best", "estimator", "before"];

fn name(step: u64) -> String {
    format!("checkpoint-{step:09}.safetensors")
}

/// The checkpoints of a folder, oldest first. Links are passed over: what they name may lie outside.
fn all(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let step = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let step = name.to_str()?.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?;
        step.bytes().all(|b| b.is_ascii_digit()).then(|| step.parse::<u64>().ok())?
    };
    let regular = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|t| t.is_file());
    let mut all: Vec<_> =
        entries.filter(regular).filter_map(|e| step(&e).map(|step| (step, e.path()))).collect();
    all.sort();
    all.into_iter().map(|(_, path)| path).collect()
}

impl Checkpoint {
    /// Writes the checkpoint into `folder` (through a temporary file, synced) and then deletes all but the last `keep`
    /// (at least 1).
    pub fn save(&self, folder: &Path, keep: usize) -> Result<(), ModelError> {
        let path = folder.join(name(self.progress.step));
        let fail = |what: String| ModelError { path: path.clone(), what };
        let bytes = self.to_bytes().map_err(fail)?;
        replace_bytes(&path, &bytes).map_err(|e| fail(format!("cannot be written: {e}")))?;
        let all = all(folder);
        for old in all.iter().take(all.len().saturating_sub(keep.max(1))) {
            // One that cannot be deleted does no harm.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// The bytes of a file. Errors: what cannot be written in it.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let json = |e: serde_json::Error| e.to_string();
        self.model.to_bytes_with(Extras {
            vectors: &[
                ("moments", &self.moments[..]),
                ("best", &self.best),
                ("estimator", &self.estimator),
                ("before", &self.before),
            ][..],
            config: Some(serde_json::to_value(&self.config).map_err(json)?),
            progress: Some(serde_json::to_value(&self.progress).map_err(json)?),
        })
    }

    /// Reads one checkpoint.
    pub fn load(path: &Path) -> Result<Checkpoint, ModelError> {
        let fail = |what: String| ModelError { path: path.into(), what };
        Checkpoint::from_bytes(&read_file(path)?).map_err(fail)
    }

    /// The checkpoint in the bytes of a file. Errors: what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, String> {
        let (model, extras) = Model::with_extras(bytes, &VECTORS)?;
        let count = model.params.len();
        let [moments, best, estimator, before] = extras.vectors.try_into().map_err(|_| "is no checkpoint")?;
        let (Some(config), Some(progress)) = (extras.config, extras.progress) else {
            return Err("is a model, not a checkpoint".into());
        };
        let config =
            serde_json::from_value(config).map_err(|e| format!("its configuration cannot be read: {e}"))?;
        let progress: RunProgress =
            serde_json::from_value(progress).map_err(|e| format!("its progress cannot be read: {e}"))?;
        if best.is_empty() != progress.history.is_empty() || ![0, count].contains(&best.len()) {
            return Err("its best parameters do not fit its epochs".into());
        }
        // An estimator may have begun to learn only then.
        let least = count + moments.len();
        let fits = before.is_empty() || (least..=least + estimator.len()).contains(&before.len());
        if !moments.len().is_multiple_of(count) || !fits {
            return Err("its moments and those of the start of its epoch do not fit".into());
        }
        Ok(Checkpoint { config, model, moments, best, estimator, before, progress })
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
    use crate::train::Epoch;
    use crate::train::config::tests::example;

    fn checkpoint(step: u64) -> Checkpoint {
        let network = Preset::Linear.network(3);
        let count = network.shape().params();
        let params: Vec<f32> = (0..count).map(|i| i as f32).collect();
        let epoch =
            Epoch { epoch: 1, step: 3, train_neg_elbo: 1.0, valid_neg_elbo: 2.0, gradient_variance: 0.1 };
        let progress = RunProgress { step, epoch_sum: 0.1, history: vec![epoch], ..RunProgress::default() };
        Checkpoint {
            config: example(),
            moments: [params.clone(), params.clone()].concat(),
            best: params.clone(),
            estimator: vec![2.5],
            before: vec![],
            model: Model::new(network, params),
            progress,
        }
    }

    #[test]
    fn the_last_ones_are_kept_and_a_damaged_one_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::newest(folder.path()).unwrap(), None);
        for step in [5, 70, 900] {
            checkpoint(step).save(folder.path(), 2).unwrap();
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
    fn steps_are_numbers_and_order_the_files() {
        let folder = tempfile::tempdir().unwrap();
        for step in [9_999_999_999, 999_999_999] {
            checkpoint(step).save(folder.path(), 3).unwrap();
        }
        fs::write(folder.path().join("checkpoint-x.safetensors"), b"").unwrap();
        assert_eq!(Checkpoint::newest(folder.path()).unwrap().unwrap().progress.step, 9_999_999_999);
    }

    #[cfg(unix)]
    #[test]
    fn links_out_of_the_folder_are_not_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        checkpoint(7).save(outside.path(), 1).unwrap();
        std::os::unix::fs::symlink(outside.path().join(name(7)), folder.path().join(name(7))).unwrap();
        assert_eq!(Checkpoint::newest(folder.path()).unwrap(), None);
        Checkpoint::clear(folder.path());
        checkpoint(7).save(folder.path(), 1).unwrap();
        assert!(Checkpoint::newest(outside.path()).unwrap().is_some());
    }

    #[test]
    fn a_model_is_no_checkpoint_and_parts_must_fit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        checkpoint(1).model.save(&path).unwrap();
        assert!(Checkpoint::load(&path).unwrap_err().to_string().contains("checkpoint"));
        assert!(Checkpoint::load(folder.path()).unwrap_err().to_string().contains("regular"));
        let mut odd = checkpoint(1);
        odd.best.clear();
        odd.save(folder.path(), 1).unwrap();
        assert!(Checkpoint::newest(folder.path()).unwrap_err().what.contains("best"));
        let mut odd = checkpoint(1);
        odd.before = odd.best.clone();
        odd.save(folder.path(), 1).unwrap();
        assert!(Checkpoint::newest(folder.path()).unwrap_err().what.contains("moments"));
    }
}
