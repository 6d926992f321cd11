//! Runs that are killed, interrupted or run out of disk, and taken up again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

const RUN: [&str; 11] = [
    "train",
    "--preset",
    "linear",
    "--steps",
    "700",
    "--batch",
    "20",
    "--nll-samples",
    "2",
    "--nll-images",
    "20",
];

fn arm(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arm"));
    command.current_dir(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let output = arm(folder, args).output().expect("the command starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A table of 400 rows of 30 bits, and the files of an undisturbed run on it.
fn reference(folder: &Path) -> (Vec<u8>, Vec<String>) {
    let row = |i: u32| {
        (0..30).map(move |j| if i.wrapping_mul(2_654_435_761).rotate_left(j) & 5 == 1 { "1 " } else { "0 " })
    };
    let rows: String = (0..400).map(|i| row(i).collect::<String>() + "\n").collect();
    fs::write(folder.join("t.txt"), rows).unwrap();
    run(folder, &[&RUN[..], &["--data", "t.txt", "--out", "whole"]].concat());
    files(folder, "whole")
}

/// The model, and the metrics without the speed.
fn files(folder: &Path, name: &str) -> (Vec<u8>, Vec<String>) {
    let metrics = fs::read_to_string(folder.join(name).join("metrics.jsonl")).unwrap();
    let figures =
        metrics.lines().map(|l| l.split(",\"steps_per_second\"").next().unwrap().to_string()).collect();
    (fs::read(folder.join(name).join("model.safetensors")).unwrap(), figures)
}

fn has_checkpoint(folder: &Path) -> bool {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.file_name());
    names.into_iter().any(|n| n.to_string_lossy().ends_with(".safetensors"))
}

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

#[test]
fn a_shorter_run_goes_on_to_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let mut half = RUN;
    half[4] = "350";
    run(dir.path(), &[&half[..], &["--data", "t.txt", "--out", "half"]].concat());
    run(dir.path(), &["train", "--resume", "half", "--steps", "700"]);
    assert!(files(dir.path(), "half") == whole);
    let refused = arm(dir.path(), &["train", "--resume", "half", "--lr", "0.5"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--resume"));
}

/// Its net and temperature go on as they were, with their moments.
#[test]
fn what_an_estimator_has_learned_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let relax = |steps, out| {
        let mut args = RUN;
        args[4] = steps;
        run(dir.path(), &[&args[..], &["--estimator", "relax", "--data", "t.txt", "--out", out]].concat());
    };
    relax("30", "relax");
    relax("12", "part");
    run(dir.path(), &["train", "--resume", "part", "--steps", "30"]);
    assert!(files(dir.path(), "part") == files(dir.path(), "relax"));
}

#[test]
fn the_data_may_move_but_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let mut half = RUN;
    half[4] = "350";
    run(dir.path(), &[&half[..], &["--data", "t.txt", "--out", "half"]].concat());
    fs::rename(dir.path().join("t.txt"), dir.path().join("moved.txt")).unwrap();
    let text = fs::read_to_string(dir.path().join("moved.txt")).unwrap();
    fs::write(dir.path().join("t.txt"), text.replacen('0', "1", 1)).unwrap();
    let other = arm(dir.path(), &["train", "--resume", "half", "--steps", "700"]).output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("data are not those"));
    run(dir.path(), &["train", "--resume", "half", "--steps", "700", "--data", "moved.txt"]);
    assert_eq!(files(dir.path(), "half").1, whole.1);
}

#[test]
fn the_configuration_of_a_run_reproduces_it() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    run(dir.path(), &["train", "--config", "whole/config.toml", "--out", "again"]);
    assert!(files(dir.path(), "again") == whole);
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

fn wait_for(path: &Path) {
    while !path.exists() {
        sleep(Duration::from_millis(5));
    }
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

/// Every file below a folder with its bytes.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let below = |path: PathBuf| match path.is_dir() {
        true => tree(&path).into_iter().chain([(path, vec![])]).collect(),
        false => BTreeMap::from([(path.clone(), fs::read(path).unwrap())]),
    };
    entries.flat_map(|e| below(e.path())).collect()
}

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
fn metrics_that_were_cut_are_made_whole_from_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    run(dir.path(), &[&RUN[..4], &["350"], &RUN[5..], &["--data", "t.txt", "--out", "half"]].concat());
    let metrics = dir.path().join("half/metrics.jsonl");
    let text = fs::read_to_string(&metrics).unwrap();
    let line = text.find('\n').unwrap() + 1;
    for cut in [0, line - 9, line, line + 9] {
        fs::write(&metrics, &text[..cut]).unwrap();
        run(dir.path(), &["train", "--resume", "half", "--steps", "700"]);
        assert!(files(dir.path(), "half") == whole, "cut to {cut} bytes");
    }
}

#[test]
fn one_command_starts_goes_on_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let args = [&RUN[..], &["--data", "t.txt", "--out", "s/1", "--resume-or-start"]].concat();
    let mut short = args.clone();
    short[4] = "350";
    let said = String::from_utf8(run(dir.path(), &short).stdout).unwrap();
    // There is no terminal.
    assert!(said.lines().any(|l| l.starts_with("epoch 1, step") && l.contains("steps/s")), "{said}");
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("from step 350") && files(dir.path(), "s/1") == whole, "{said}");
    let before = tree(dir.path());
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("the run is done") && tree(dir.path()) == before, "{said}");
    // A run that was killed before its first checkpoint.
    for name in ["model.safetensors", "report.html", "samples.png", "reconstructions.png", "curves.svg"] {
        fs::remove_file(dir.path().join("s/1").join(name)).unwrap();
    }
    for entry in fs::read_dir(dir.path().join("s/1")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("checkpoint-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    run(dir.path(), &args);
    assert!(files(dir.path(), "s/1") == whole);
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

#[test]
fn a_run_that_patience_ended_is_done() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let mut args =
        [&RUN[..], &["--data", "t.txt", "--out", "p", "--resume-or-start", "--patience", "1"]].concat();
    args[4] = "1000000";
    args.extend(["--lr", "0.5"]);
    run(dir.path(), &args);
    let before = tree(dir.path());
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("the run is done") && tree(dir.path()) == before, "{said}");
}
