//! Runs that are killed, interrupted or run out of disk, and taken up again.

mod interrupted;
mod refused;
mod taken_up;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
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

fn wait_for(path: &Path) {
    while !path.exists() {
        sleep(Duration::from_millis(5));
    }
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
