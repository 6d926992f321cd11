//! What older versions wrote is still read: docs/compatibility.md. The files are never written anew.

use arm_core::codec::{Header, VERSION, encode_into, encoded_len};
use arm_core::{Learner, Memory, estimator::Arm, optim::Sgd};
use arm_std::network::Model;
use arm_std::train::Checkpoint;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A version of this project that wrote files, and what they hold.
fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/0.2")
}

/// The run folders of the version, in a folder of their own where they may be changed.
fn copy() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(golden().join("table.csv"), dir.path().join("table.csv")).unwrap();
    for run in ["run", "integers"] {
        fs::create_dir(dir.path().join(run)).unwrap();
        for file in fs::read_dir(golden().join(run)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), dir.path().join(run).join(file.file_name())).unwrap();
        }
    }
    dir
}

fn arm(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_arm")).current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The test NLL of a model, K = 100. Vector units round differently, and so may one of ten rows.
fn nll(folder: &Path, model: &str) -> f64 {
    let text = arm(folder, &["eval", model, "--data", "table.csv", "--json"]);
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["nll"].as_f64().unwrap()
}

#[test]
fn a_run_is_evaluated_goes_on_and_is_exported() {
    let dir = copy();
    for model in ["run", "run/model.safetensors", "run/checkpoint-000000030.safetensors"] {
        let nll = nll(dir.path(), model);
        assert!((nll - 6.8258).abs() < 0.05, "{model}: {nll}");
    }
    arm(dir.path(), &["export", "run", "--out", "again"]);
    let bytes = |path: PathBuf| fs::read(path).unwrap();
    assert_eq!(bytes(dir.path().join("again.sbn")), bytes(golden().join("version2.sbn")));
    let text = arm(dir.path(), &["train", "--resume", "run", "--steps", "45"]);
    assert!(text.contains("from step 30") && text.contains("test NLL"), "{text}");
    // The epochs before are still there: seven of four steps, and five more.
    let metrics = fs::read_to_string(dir.path().join("run/metrics.jsonl")).unwrap();
    let old = fs::read_to_string(golden().join("run/metrics.jsonl")).unwrap();
    let figures = |line: &str| line.split(",\"steps_per_second\"").next().unwrap().to_owned();
    assert_eq!(metrics.lines().filter(|line| line.contains("\"epoch\":")).count(), 12, "{metrics}");
    for (new, old) in metrics.lines().zip(old.lines()).take(7) {
        assert_eq!(figures(new), figures(old));
    }
}

/// A desktop trains in integers with the bits of a device: these are the same on every machine.
#[test]
fn a_run_in_integers_is_evaluated_goes_on_and_is_exported() {
    let dir = copy();
    // The best parameters, and the last.
    for (model, expected) in [("integers", 6.868605), ("integers/checkpoint-000000400.safetensors", 6.861852)]
    {
        let nll = nll(dir.path(), model);
        assert!((nll - expected).abs() < 1e-5, "{model}: {nll}");
    }
    arm(dir.path(), &["export", "integers", "--out", "again"]);
    let bytes = |path: PathBuf| fs::read(path).unwrap();
    assert_eq!(bytes(dir.path().join("again.sbn")), bytes(golden().join("version3.sbn")));
    let text = arm(dir.path(), &["train", "--resume", "integers", "--steps", "480"]);
    assert!(text.contains("from step 400") && text.contains("test NLL"), "{text}");
}

#[test]
fn a_settings_file_is_the_same_run() {
    let dir = copy();
    let text = arm(dir.path(), &["train", "--config", "run/config.toml", "--out", "again"]);
    assert!(text.contains("10-6-[4] / [4]-6-10") && text.contains("seed 7"), "{text}");
    let [again, run] =
        ["again", "run"].map(|run| fs::read_to_string(dir.path().join(run).join("config.toml")));
    assert_eq!(again.unwrap(), run.unwrap());
}

#[test]
fn checkpoints_of_the_version_before_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/model/checkpoint.safetensors");
    let checkpoint = Checkpoint::load(&path).unwrap();
    assert!(checkpoint.progress.step > 0 && !checkpoint.moments.is_empty());
}

#[test]
fn bytes_of_every_version_are_read_and_written_as_they_were() {
    for (name, version, network) in [
        ("version1.sbn", 1, "10-6-[4] / [4]-6-10"),
        ("version2.sbn", 2, "10-6-[4] / [4]-6-10"),
        ("version3.sbn", 3, "10-6-[4] / [4]-6-10"),
        ("conditional.sbn", 1, "8-[3]-2"),
    ] {
        let bytes = fs::read(golden().join(name)).unwrap();
        assert!(u16::from_le_bytes([bytes[4], bytes[5]]) == version && version <= VERSION);
        let model = Model::from_device(&bytes).unwrap();
        assert_eq!(model.network.notation(), network, "{name}");
        assert_eq!(model.to_device().unwrap(), bytes, "{name}: older firmware reads it");
        // A version to come is refused as such.
        let mut newer = bytes.clone();
        newer[4..6].copy_from_slice(&(VERSION + 1).to_le_bytes());
        assert_eq!(Header::read(&newer), Err(arm_core::Error::Newer));
    }
}

#[allow(dead_code, unreachable_pub)]
mod exported {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/0.2/version1.rs"));
}

/// The module that `arm export` wrote still compiles, and computes the bits that it holds.
#[test]
fn an_exported_module_still_holds() {
    const SHAPE: arm_core::Shape = exported::SHAPE;
    let mut memory = Memory::<{ SHAPE.params() }, 0, { SHAPE.scratch() }>::ZERO;
    assert_eq!(exported::self_test(memory.slices()), Ok(true));
    let mut learner = Learner::new(SHAPE, Arm, Sgd { rate: 0.01 }, 1, memory.slices()).unwrap();
    learner.load_bytes(&exported::PARAMETERS).unwrap();
    let mut bytes = vec![0; encoded_len(&SHAPE)];
    encode_into(&SHAPE, learner.params(), 0, &mut bytes).unwrap();
    assert_eq!(bytes, fs::read(golden().join("version1.sbn")).unwrap());
}
