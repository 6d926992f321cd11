//! Runs that are killed or asked to leave, that another process wants, or whose disk is full.

use super::{RUN, arm, files, has_checkpoint, reference, run, wait_for};
use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn killed_at_any_moment_it_ends_with_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let rounds = if std::env::var_os("CI").is_some() { 50 } else { 8 };
    let mut state = 12_345u32;
    for round in 0..rounds {
        let out = format!("r{round}");
        let threads = ["1", "2", "3"][round % 3];
        let mut child =
            arm(dir.path(), &[&RUN[..], &["--data", "t.txt", "--out", &out, "--save-every", "0"]].concat())
                .spawn()
                .expect("the command starts");
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        sleep(Duration::from_millis(u64::from(state >> 16) % 200));
        child.kill().unwrap();
        child.wait().unwrap();
        let folder = dir.path().join(&out);
        if has_checkpoint(&folder) {
            run(dir.path(), &["train", "--resume", &out, "--threads", threads]);
        } else {
            run(dir.path(), &[&RUN[..], &["--data", "t.txt", "--out", &out, "--force"]].concat());
        }
        assert!(files(dir.path(), &out) == whole, "round {round}");
        fs::remove_dir_all(folder).unwrap();
    }
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn ctrl_c_a_request_to_terminate_and_a_closed_terminal_save_and_leave() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    for name in ["INT", "TERM", "HUP"] {
        let mut args = [&RUN[..], &["--data", "t.txt", "--out", name]].concat();
        args[4] = "1000000";
        let child = arm(dir.path(), &args).spawn().unwrap();
        wait_for(&dir.path().join(name).join("metrics.jsonl"));
        sleep(Duration::from_millis(100));
        let second = arm(dir.path(), &["train", "--resume", name]).output().unwrap();
        assert!(!second.status.success());
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(3) && text.contains("--resume"), "{name}: {text}");
        assert!(has_checkpoint(&dir.path().join(name)));
        // No progress bar where there is no terminal.
        assert_eq!(
            String::from_utf8_lossy(&output.stderr).lines().collect::<Vec<_>>(),
            ["saving; once more to quit at once"]
        );
    }
}

#[cfg(unix)]
#[test]
fn a_request_before_the_first_step_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody writes: the data never come.
    assert!(Command::new("mkfifo").arg(dir.path().join("t.txt")).status().unwrap().success());
    for command in ["train", "compare"] {
        let child = arm(dir.path(), &[command, "--data", "t.txt", "--out", "r"]).spawn().unwrap();
        sleep(Duration::from_millis(300));
        signal(&child, "TERM");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is written"));
        assert!(!dir.path().join("r").exists());
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_quits_the_last_evaluation_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let mut args = [&RUN[..], &["--data", "t.txt", "--out", "q"]].concat();
    args[8] = "1000000";
    let mut child = arm(dir.path(), &args).spawn().unwrap();
    // All steps are taken; the bound at the end takes minutes.
    wait_for(&dir.path().join("q/checkpoint-000000700.safetensors"));
    sleep(Duration::from_millis(50));
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    run(dir.path(), &["train", "--resume", "q", "--nll-samples", "2"]);
    assert!(files(dir.path(), "q") == whole);
}

#[cfg(unix)]
#[test]
fn a_run_in_progress_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let mut args = [&RUN[..], &["--data", "t.txt", "--out", "c", "--save-every", "0"]].concat();
    args[4] = "1000000";
    let mut child = arm(dir.path(), &args).spawn().unwrap();
    wait_for(&dir.path().join("c/config.toml"));
    while !has_checkpoint(&dir.path().join("c")) {
        sleep(Duration::from_millis(5));
    }
    for other in [&["train", "--resume", "c"][..], &["train", "--data", "t.txt", "--out", "c", "--force"]] {
        let output = arm(dir.path(), other).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && message.contains("another process"), "{message}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A file-size limit stands for a full disk: no write beyond it succeeds.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_run_with_a_message_and_the_last_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    run(dir.path(), &[&RUN[..4], &["350"], &RUN[5..], &["--data", "t.txt", "--out", "f"]].concat());
    let arm = env!("CARGO_BIN_EXE_arm");
    // 8 blocks of 512 bytes or 1 KiB: less than a checkpoint.
    let script = format!("ulimit -f 8; exec '{arm}' train --resume f --steps 700");
    let output = Command::new("bash").current_dir(dir.path()).args(["-c", &script]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("cannot be written") && !message.contains("panicked"), "{message}");
    let parts = fs::read_dir(dir.path().join("f")).unwrap().flatten();
    assert!(parts.into_iter().all(|e| !e.file_name().to_string_lossy().ends_with(".part")));
    run(dir.path(), &["train", "--resume", "f", "--steps", "700"]);
    assert!(files(dir.path(), "f") == whole);
}
