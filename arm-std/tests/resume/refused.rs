//! Runs that cannot begin or be replaced: what was there is left as it was.

use super::{RUN, arm, files, reference, run, tree, wait_for};
use std::fs;
use std::process::Command;

#[test]
fn a_refused_run_looks_as_if_it_had_never_been_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let text = fs::read_to_string(dir.path().join("t.txt")).unwrap();
    fs::write(dir.path().join("other.txt"), text.replacen('0', "1", 1)).unwrap();
    let before = tree(dir.path());
    let new = |rest: &[&'static str]| [&RUN[..], &["--data", "t.txt"], rest].concat();
    for args in [
        vec!["train", "--resume", "whole", "--data", "other.txt"],
        vec!["train", "--resume", "whole", "--data", "absent.txt"],
        vec!["train", "--resume", "whole", "--lr", "0.5"],
        vec!["train", "--resume", "whole", "--steps", "3"],
        vec!["train", "--resume", "whole", "--force"],
        vec!["train", "--resume", "nothing"],
        new(&["--valid", "300", "--out", "a"]),
        new(&["--out", "whole"]),
        new(&["--out", "whole", "--force", "--estimator", "exact"]),
        new(&["--out", "whole", "--force", "--seed", "9223372036854775808"]),
        new(&["--out", "a/b", "--seed", "9223372036854775808"]),
        new(&["--out", "a/b", "--estimator", "exact"]),
        new(&["--seed", "9223372036854775808"]),
        new(&["--out", "t.txt/b"]),
        new(&["--out", "whole", "--resume-or-start", "--lr", "0.5"]),
    ] {
        let output = arm(dir.path(), &args).output().unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?}");
        assert!(tree(dir.path()) == before, "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_failed_creation_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let before = tree(dir.path());
    let arm = env!("CARGO_BIN_EXE_arm");
    for out in ["--out a/b", "--out whole --force", ""] {
        let script = format!("ulimit -f 0; exec '{arm}' {} --data t.txt {out}", RUN.join(" "));
        let output = Command::new("bash").current_dir(dir.path()).args(["-c", &script]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains("cannot be written"), "{message}");
        assert!(tree(dir.path()) == before, "{out}");
    }
}

#[test]
fn a_replacement_that_fails_before_it_saves_leaves_the_old_run() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let before = tree(dir.path());
    let args = [&RUN[..], &["--data", "t.txt", "--out", "whole", "--force", "--lr"]].concat();
    let mut absurd = [&args[..], &["1e6"]].concat();
    absurd[2] = "nonlinear";
    let output = arm(dir.path(), &absurd).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && message.contains("smaller --lr"), "{message}");
    assert!(tree(dir.path()) == before);
    #[cfg(unix)]
    {
        let arm = env!("CARGO_BIN_EXE_arm");
        // The settings can be written, a checkpoint cannot.
        let script = format!("ulimit -f 8; exec '{arm}' {} 0.01 --save-every 0", args.join(" "));
        let output = Command::new("bash").current_dir(dir.path()).args(["-c", &script]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains("checkpoint"), "{message}");
        assert!(tree(dir.path()) == before);
    }
    let mut long = [&args[..], &["0.001"]].concat();
    long[4] = "1000000";
    let mut child = arm(dir.path(), &long).spawn().unwrap();
    wait_for(&dir.path().join("whole/.new/config.toml"));
    for other in [&["train", "--resume", "whole"][..], &args[..args.len() - 1]] {
        let output = arm(dir.path(), other).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains("another process"), "{message}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut left = tree(dir.path());
    left.retain(|path, _| !path.starts_with(dir.path().join("whole/.new")));
    assert!(left == before);
    run(dir.path(), &["train", "--resume", "whole"]);
    assert!(!dir.path().join("whole/.new").exists());
    run(dir.path(), &[&args[..], &["0.002"]].concat());
    let config = fs::read_to_string(dir.path().join("whole/config.toml")).unwrap();
    assert!(config.contains("lr = 0.002"), "{config}");
    assert_ne!(files(dir.path(), "whole").0, before[&dir.path().join("whole/model.safetensors")]);
    assert!(!dir.path().join("whole/.new").exists());
}

#[test]
fn a_run_that_cannot_be_reopened_keeps_its_settings() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let metrics = dir.path().join("whole/metrics.jsonl");
    fs::remove_file(&metrics).unwrap();
    // A file cannot take the place of a folder.
    fs::create_dir(&metrics).unwrap();
    let before = tree(dir.path());
    let args = ["train", "--resume", "whole", "--steps", "900"];
    let output = arm(dir.path(), &args).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && message.contains("metrics.jsonl"), "{message}");
    assert!(tree(dir.path()) == before);
    fs::remove_dir(&metrics).unwrap();
    run(dir.path(), &["train", "--resume", "whole"]);
    assert_eq!(files(dir.path(), "whole").0, whole.0);
}
