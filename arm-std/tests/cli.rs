//! The `arm` command as a user meets it: exit codes, messages, files.

use crate::common::{arm, refused_with, table};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// [`refused_with`] these words, and no run folder is left.
fn refused(folder: &Path, args: &[&str], code: i32, words: &[&str]) {
    refused_with(folder, args, code, words);
    assert!(!folder.join("runs").exists() && !folder.join("out").exists(), "{args:?} left a run folder");
}

const SHORT: [&str; 6] = ["--steps", "30", "--batch", "10", "--nll-samples", "7"];

#[test]
fn train_eval_and_sample() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    for (preset, estimator) in [
        ("linear", "arm"),
        ("nonlinear", "disarm"),
        ("two-layer", "arm"),
        ("two-layer", "rloo"),
        ("linear", "reinforce"),
    ] {
        let out = format!("{preset}-{estimator}");
        let mut args =
            vec!["train", "--data", data, "--preset", preset, "--estimator", estimator, "--out", &out];
        args.extend(SHORT);
        // However slow the machine is: none that was saved on the way.
        args.extend(["--keep", "1"]);
        let output = arm(dir.path(), &args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(stdout(&output).contains("K = 7"), "{}", stdout(&output));
        let mut names: Vec<_> = fs::read_dir(dir.path().join(&out))
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names[0], "checkpoint-000000030.safetensors");
        assert_eq!(
            names[1..],
            [
                "config.toml",
                "curves.svg",
                "metrics.jsonl",
                "model.safetensors",
                "reconstructions.png",
                "report.html",
                "samples.png"
            ]
        );
        let metrics = fs::read_to_string(dir.path().join(&out).join("metrics.jsonl")).unwrap();
        let last: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        assert_eq!(last["kind"], "test");
        let eval = arm(dir.path(), &["eval", &out, "--data", data, "--nll-samples", "7"]);
        let nll = format!("{:8.2}", last["nll"].as_f64().unwrap());
        assert!(eval.status.success() && stdout(&eval).contains(&nll), "{nll}: {}", stdout(&eval));
        let sample = arm(dir.path(), &["sample", &out, "--out", "s.png", "--count", "5"]);
        assert!(
            sample.status.success() && fs::read(dir.path().join("s.png")).unwrap().starts_with(b"\x89PNG")
        );
    }
}

#[test]
fn runs_are_listed_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    for seed in ["4", "5"] {
        let out = format!("runs/seed-{seed}");
        let mut args = vec!["train", "--data", data, "--preset", "linear", "--seed", seed, "--out", &out];
        args.extend(SHORT);
        assert!(arm(dir.path(), &args).status.success());
    }
    let output = arm(dir.path(), &["runs"]);
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() == 2 && lines[0].ends_with("seed") && !lines[0].contains("batch"), "{text}");
    assert!(lines[1].starts_with("runs/{seed-4,seed-5}  2  linear") && lines[1].contains(" ± "), "{text}");
    let json = arm(dir.path(), &["runs", "--json", "runs/seed-4", "runs/seed-5"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    let runs = &json["runs"];
    let bound = |i: usize| runs[i]["best"]["valid_neg_elbo"].as_f64().unwrap();
    assert!(bound(0) <= bound(1) && runs[0]["config"]["seed"] != runs[1]["config"]["seed"]);
    let valid = &json["groups"][0]["valid_neg_elbo"];
    assert_eq!(valid["n"], 2);
    assert!((valid["mean"].as_f64().unwrap() - (bound(0) + bound(1)) / 2.0).abs() < 1e-9);
    assert!((valid["sd"].as_f64().unwrap() - (bound(1) - bound(0)) / 2f64.sqrt()).abs() < 1e-9);
    assert!(arm(dir.path(), &["runs", "--svg", "curves.svg"]).status.success());
    let svg = std::fs::read_to_string(dir.path().join("curves.svg")).unwrap();
    assert!(svg.contains("arm (2 runs)") && svg.contains("<poly"), "{svg}");
    assert_eq!(arm(dir.path(), &["runs", "nowhere"]).status.code(), Some(1));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let mut models = Vec::new();
    for threads in ["1", "2", "3", "7"] {
        let mut args =
            vec!["train", "--data", data, "--preset", "two-layer", "--threads", threads, "--out", threads];
        args.extend(SHORT);
        assert!(arm(dir.path(), &args).status.success());
        let read = |name: &str| fs::read(dir.path().join(threads).join(name)).unwrap();
        let metrics = String::from_utf8(read("metrics.jsonl")).unwrap();
        // The one figure that is a measurement of time.
        let figures: Vec<String> =
            metrics.lines().map(|l| l.split(",\"steps_per_second\"").next().unwrap().to_string()).collect();
        models.push((read("model.safetensors"), read("samples.png"), read("reconstructions.png"), figures));
    }
    assert!(models.iter().all(|m| *m == models[0]));
}

#[test]
fn usage_errors_exit_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let d = dir.path();
    refused(d, &["train", "--preset", "cubic"], 2, &["cubic", "nonlinear"]);
    refused(d, &["train", "--batch", "0"], 2, &["--batch"]);
    refused(d, &["train", "--lr", "-1"], 2, &["--lr"]);
    refused(d, &["train", "--lr", "NaN"], 2, &["--lr"]);
    refused(d, &["train", "--lr", "inf"], 2, &["--lr"]);
    refused(d, &["train", "--epochs", "0"], 2, &["--epochs"]);
    refused(d, &["train", "--epochs", "3", "--steps", "3"], 2, &["--steps"]);
    refused(d, &["train", "--threads", "0"], 2, &["--threads"]);
    refused(d, &["train", "--estimator", "rloo", "--samples", "1"], 2, &["--samples"]);
    refused(d, &["train", "--estimator", "reinforce", "--baseline", "inf"], 2, &["--baseline", "moving"]);
    refused(d, &["train", "--binarise", "1.5"], 2, &["--binarise", "threshold"]);
    refused(d, &["train", "--data", data, "--batch", "51"], 2, &["--batch 51", "t.csv", "40"]);
    refused(d, &["train", "--baseline", "3"], 2, &["--baseline", "arm"]);
    refused(d, &["train", "--samples", "7"], 2, &["--samples", "arm"]);
    refused(
        d,
        &["train", "--estimator", "ar", "--independent-uniforms"],
        2,
        &["--independent-uniforms", "ar"],
    );
    refused(d, &["train", "--estimator", "rloo", "--samples", "1024", "--batch", "10000"], 2, &["GiB"]);
    refused(d, &["trian"], 2, &["train"]);
    refused(d, &[], 2, &["Usage"]);
}

#[test]
fn data_errors_exit_with_1_and_name_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let write = |name: &str, bytes: &[u8]| fs::write(d.join(name), bytes).unwrap();
    let mut idx = vec![0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28, 0, 0, 0, 28];
    write("absurd.idx", &idx);
    idx[2] = 77;
    write("magic.idx", &idx);
    write("empty.csv", b"");
    write("two.csv", b"0,1\n1,2\n");
    write("nan.csv", b"0,1\n1,nan\n");
    write("ragged.csv", b"0,1\n1\n");
    write("cut.csv.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]);
    write("model.safetensors", b"nonsense");
    write("typo.csv", b"0,1,x\n0,1,1\n1,1,0\n");
    let wide = "1,".repeat(16384) + "1\n";
    write("wide.csv", wide.repeat(12).as_bytes());
    refused(d, &["train", "--data", "wide.csv", "--batch", "2", "--out", "out"], 1, &["wide.csv", "16384"]);
    refused(d, &["train", "--data", "typo.csv"], 1, &["typo.csv", "line 1"]);
    for name in [
        "missing.csv",
        "absurd.idx",
        "magic.idx",
        "empty.csv",
        "two.csv",
        "nan.csv",
        "ragged.csv",
        "cut.csv.gz",
    ] {
        refused(d, &["train", "--data", name], 1, &[name]);
    }
    refused(d, &["eval", "model.safetensors"], 1, &["model.safetensors"]);
    refused(d, &["sample", "nowhere"], 1, &["nowhere"]);
}

#[test]
fn a_run_that_diverges_at_once_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let args = ["train", "--data", data, "--batch", "10", "--lr", "1e6", "--out", "out"];
    refused(dir.path(), &args, 1, &["step", "smaller --lr"]);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let run = |to: &str| {
        let arm = env!("CARGO_BIN_EXE_arm");
        let script =
            format!("'{arm}' train --data {data} --steps 30 --batch 10 --nll-samples 2 --out out {to}");
        Command::new("bash").current_dir(dir.path()).args(["-c", &script]).output().unwrap()
    };
    let full = run("> /dev/full");
    assert_eq!(full.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&full.stderr).contains("standard output"));
    assert!(!dir.path().join("out").exists());
    let closed = run("| true; exit ${PIPESTATUS[0]}");
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    assert!(dir.path().join("out/model.safetensors").exists());
}

#[test]
fn a_run_folder_is_never_overwritten_without_force() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let mut args = vec!["train", "--data", data, "--out", "r"];
    args.extend(SHORT);
    assert!(arm(dir.path(), &args).status.success());
    let model = fs::read(dir.path().join("r/model.safetensors")).unwrap();
    let again = arm(dir.path(), &args);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert_eq!(fs::read(dir.path().join("r/model.safetensors")).unwrap(), model);
    args.extend(["--force", "--seed", "9"]);
    assert!(arm(dir.path(), &args).status.success());
    assert_ne!(fs::read(dir.path().join("r/model.safetensors")).unwrap(), model);
}

#[test]
fn a_model_for_other_data_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let mut args = vec!["train", "--data", data, "--out", "r"];
    args.extend(SHORT);
    assert!(arm(dir.path(), &args).status.success());
    let output = arm(dir.path(), &["eval", "r", "--data", "strokes"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("784"));
}

#[test]
fn export_writes_three_files_that_hold_the_model() {
    let dir = tempfile::tempdir().unwrap();
    let data = "t.csv";
    table(dir.path(), data, 60, 12);
    let mut args = vec!["train", "--data", data, "--preset", "two-layer", "--out", "r"];
    args.extend(SHORT);
    assert!(arm(dir.path(), &args).status.success());
    let export = arm(dir.path(), &["export", "r", "--out", "gadget"]);
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    for (extension, word) in [("rs", "pub static PARAMETERS"), ("h", "gadget_parameters")] {
        let text = fs::read_to_string(dir.path().join("gadget").with_extension(extension)).unwrap();
        assert!(text.contains(word), "{extension}");
    }
    let figures = |model: &str| {
        let text = stdout(&arm(dir.path(), &["eval", model, "--data", data, "--nll-samples", "3"]));
        text.lines().filter(|line| line.contains(" nats ")).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(figures("gadget.sbn").len(), 2);
    assert_eq!(figures("gadget.sbn"), figures("r"));
    // Exported again, the bytes are the same.
    assert!(arm(dir.path(), &["export", "gadget.sbn", "--out", "again"]).status.success());
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    assert_eq!(read("gadget.sbn"), read("again.sbn"));
    let mut cut = read("gadget.sbn");
    cut.pop();
    fs::write(dir.path().join("cut.sbn"), cut).unwrap();
    refused(dir.path(), &["eval", "cut.sbn", "--data", data], 1, &["cut.sbn", "cut off"]);
    refused(dir.path(), &["export", "r", "--out", "two words"], 2, &["two words", "lower-case"]);
    refused(dir.path(), &["export", "nowhere"], 1, &["nowhere"]);
}
