//! A run that is to replace another one: it grows in a folder inside that run's, and takes its place once it can go on
//! by itself.
//!
//! Deleting the old files and moving the new ones is no single act. Marks say how far it has come, so that it can be
//! ended after a kill: `whole` (the new run can go on; old files may be gone), then `moving` (all old files are gone; new
//! ones may have moved).

use super::{CURVES, MODEL, PREDICTIONS, RECONSTRUCTIONS, REPORT, RunError, SAMPLES, cannot_write};
use crate::files::replace_bytes;
use crate::train::Checkpoint;
use std::path::{Path, PathBuf};
use std::{fs, io};

const WHOLE: &str = "whole";
const MOVING: &str = "moving";

/// What a run writes beside its checkpoints, and what the files of a new run do not replace by themselves.
const FILES: [&str; 6] = [MODEL, SAMPLES, RECONSTRUCTIONS, PREDICTIONS, CURVES, REPORT];

/// Where the new run of `path` grows.
pub(super) fn folder(path: &Path) -> PathBuf {
    path.join(".new")
}

/// An empty [`folder`]. Errors: a file of the run in `path` could not be replaced.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, RunError> {
    let fixed = FILES.iter().chain(&[super::CONFIG, super::METRICS]).find(|name| path.join(name).is_dir());
    if let Some(name) = fixed {
        let what = format!("{name} cannot be replaced: it is a folder");
        return Err(RunError { path: path.into(), what });
    }
    let stage = folder(path);
    clear(path);
    fs::create_dir(&stage).map_err(cannot_write(stage.clone()))?;
    Ok(stage)
}

/// Takes [`folder`] away.
pub(super) fn clear(path: &Path) {
    // What is in the way is found when the folder is made.
    let _ = fs::remove_dir_all(folder(path));
}

/// Whether the new run of `path` has begun to replace the old one.
pub(super) fn is_whole(path: &Path) -> bool {
    [WHOLE, MOVING].iter().any(|mark| folder(path).join(mark).exists())
}

/// Says that the new run can go on by itself.
pub(super) fn seal(path: &Path) -> Result<(), RunError> {
    let mark = folder(path).join(WHOLE);
    replace_bytes(&mark, b"").map_err(cannot_write(mark))
}

/// Replaces the run in `path` by the one that was [`seal`]ed, or goes on where that stopped.
pub(super) fn publish(path: &Path) -> Result<(), RunError> {
    let stage = folder(path);
    let [whole, moving] = [WHOLE, MOVING].map(|mark| stage.join(mark));
    if !moving.exists() {
        Checkpoint::clear(path);
        for file in FILES.map(|name| path.join(name)) {
            if let Err(e) = fs::remove_file(&file)
                && e.kind() != io::ErrorKind::NotFound
            {
                return Err(cannot_write(file)(e));
            }
        }
        fs::rename(&whole, &moving).map_err(cannot_write(moving))?;
    }
    for entry in fs::read_dir(&stage).map_err(cannot_write(stage.clone()))?.flatten() {
        if entry.file_name() != MOVING {
            let to = path.join(entry.file_name());
            fs::rename(entry.path(), &to).map_err(cannot_write(to))?;
        }
    }
    clear(path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{METRICS, RunFolder};
    use super::*;
    use crate::train::config::tests::example;

    const CHECKPOINTS: [&str; 2] = ["checkpoint-000000009.safetensors", "checkpoint-000000002.safetensors"];

    /// A folder with an old run, and a new one that has saved.
    fn both() -> (tempfile::TempDir, RunFolder) {
        let dir = tempfile::tempdir().unwrap();
        for name in [CHECKPOINTS[0], MODEL, METRICS, "notes.txt"] {
            fs::write(dir.path().join(name), "old").unwrap();
        }
        let run = RunFolder::create(Some(dir.path().into()), true, &example()).unwrap();
        fs::write(run.path().join(CHECKPOINTS[1]), "new").unwrap();
        (dir, run)
    }

    fn is_new(path: &Path) {
        let mut names: Vec<_> = fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [CHECKPOINTS[1], super::super::CONFIG, METRICS, "notes.txt"]);
        assert_eq!(fs::read(path.join(METRICS)).unwrap(), b"");
    }

    #[test]
    fn a_run_has_a_folder_with_a_name() {
        // Which would be the working directory.
        for force in [false, true] {
            let refused = RunFolder::create(Some("".into()), force, &example()).unwrap_err();
            assert!(refused.what.contains("give its name"), "{refused}");
        }
    }

    #[test]
    fn a_new_run_takes_the_place_of_the_old_one() {
        let (dir, mut run) = both();
        let locked = RunFolder::create(Some(dir.path().into()), true, &example()).unwrap_err();
        assert!(locked.what.contains("another process"), "{locked}");
        run.publish().unwrap();
        assert_eq!(run.path(), dir.path());
        is_new(dir.path());
        let locked = RunFolder::create(Some(dir.path().into()), true, &example()).unwrap_err();
        assert!(locked.what.contains("another process"), "{locked}");
    }

    #[test]
    fn what_a_kill_left_is_ended_or_taken_away() {
        let (dir, run) = both();
        drop(run);
        RunFolder::recover(dir.path()).unwrap();
        assert!(dir.path().join(MODEL).exists());
        // Killed as old files were deleted.
        seal(dir.path()).unwrap();
        fs::remove_file(dir.path().join(MODEL)).unwrap();
        RunFolder::recover(dir.path()).unwrap();
        is_new(dir.path());
        // Killed as new files were moved.
        let (dir, run) = both();
        drop(run);
        seal(dir.path()).unwrap();
        fs::rename(folder(dir.path()).join(WHOLE), folder(dir.path()).join(MOVING)).unwrap();
        for old in [CHECKPOINTS[0], MODEL] {
            fs::remove_file(dir.path().join(old)).unwrap();
        }
        fs::rename(folder(dir.path()).join(CHECKPOINTS[1]), dir.path().join(CHECKPOINTS[1])).unwrap();
        RunFolder::recover(dir.path()).unwrap();
        is_new(dir.path());
        // A further replacement that fails leaves what was ended, not nothing.
        let (dir, run) = both();
        drop(run);
        seal(dir.path()).unwrap();
        RunFolder::create(Some(dir.path().into()), true, &example()).unwrap().discard();
        is_new(dir.path());
        // Killed before anything was saved.
        let (dir, run) = both();
        drop(run);
        RunFolder::create(Some(dir.path().into()), true, &example()).unwrap().discard();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }
}
