//! `arm eval` and `arm variance` say what they measured, on which data and rows, and how sure it is.

use crate::common::{done, refused_with};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&done(folder, &[&["eval", "--json"], args].concat())).unwrap()
}

/// `rows` rows of 20 bits, sorted: the later the row, the fewer ones.
fn table(folder: &Path, name: &str, rows: u32) {
    let bit = |i: u32, j: u32| {
        let noise = (i * 31 + j).wrapping_mul(0x9e37_79b9) >> 22;
        if noise * rows / 1024 >= i { "1" } else { "0" }
    };
    let row = |i: u32| (0..20).map(|j| bit(i, j)).collect::<Vec<_>>().join(",") + "\n";
    fs::write(folder.join(name), (0..rows).map(row).collect::<String>()).unwrap();
}

/// A data set of three files in the folder `d`, and the run `r` on it, which prints this.
fn run(folder: &Path) -> String {
    fs::create_dir(folder.join("d")).unwrap();
    for (split, rows) in [("train", 200), ("valid", 50), ("test", 101)] {
        table(folder, &format!("d/{split}.csv"), rows);
    }
    done(
        folder,
        &[
            "train",
            "--data",
            "d",
            "--preset",
            "linear",
            "--steps",
            "30",
            "--batch",
            "20",
            "--nll-samples",
            "5",
            "--out",
            "r",
        ],
    )
}

/// The lines of neg_elbo and nll in a file of scores.
fn csv(path: &Path) -> Vec<[f64; 2]> {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.lines().next(), Some("row,neg_elbo,nll"));
    let line = |(i, line): (usize, &str)| {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(cells.len() == 3 && cells[0] == i.to_string(), "{line}");
        [1, 2].map(|at| f64::from(cells[at].parse::<f32>().unwrap()))
    };
    text.lines().skip(1).enumerate().map(line).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn standard_error(values: &[f64]) -> f64 {
    let (m, n) = (mean(values), values.len() as f64);
    (values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt()
}

#[test]
fn a_run_is_evaluated_on_its_own_data_unless_others_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let trained = run(d);
    let figures =
        |text: &str| text.lines().filter(|l| l.starts_with("test ")).map(str::to_string).collect::<Vec<_>>();
    let own = done(d, &["eval", "r", "--nll-samples", "5"]);
    assert_eq!(figures(&own), figures(&trained));
    assert!(figures(&own).iter().all(|line| line.contains(" ± ")) && figures(&own).len() == 2, "{own}");
    for words in
        ["r: 20-[200] / [200]-20", "8220 parameters", "d (the data of its training", "all 101 rows of test"]
    {
        assert!(own.contains(words), "`{words}`: {own}");
    }
    // By another way to the same place.
    assert!(done(d, &["eval", "r", "--data", "./r/../d"]).contains("the data of its training"));
    table(d, "other.csv", 60);
    let other = done(d, &["eval", "r", "--data", "other.csv"]);
    assert!(other.contains("other.csv (not the data of its training, d;"), "{other}");
    let report = json(d, &["r", "--data", "other.csv"]);
    assert_eq!((&report["data"], &report["trained_on"]), (&"other.csv".into(), &"d".into()));
    // What the run measured is kept with the standard errors.
    let metrics = fs::read_to_string(d.join("r/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    let report = json(d, &["r", "--nll-samples", "5"]);
    for key in ["neg_elbo", "neg_elbo_standard_error", "nll", "nll_standard_error", "nll_samples"] {
        assert!(last[key].is_number() && last[key] == report[key], "{key}: {last} {report}");
    }
    // Other rows at the same place.
    let test = fs::read(d.join("d/test.csv")).unwrap();
    table(d, "d/test.csv", 99);
    let changed = done(d, &["eval", "r"]);
    assert!(changed.contains("d (the place of its training's data, whose rows were others;"), "{changed}");
    fs::write(d.join("d/test.csv"), test).unwrap();
    fs::rename(d.join("d"), d.join("moved")).unwrap();
    refused_with(d, &["eval", "r"], 1, &["d: does not exist", "data of r", "--data"]);
    assert_eq!(figures(&done(d, &["eval", "r", "--nll-samples", "5", "--data", "moved"])), figures(&own));
}

#[test]
fn an_index_is_left_out_of_other_rows_too() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let row = |i: u32| format!("{i},{},{},{},1\n", i % 2, i / 2 % 2, i / 3 % 2);
    let rows = |at: &[u32]| "id,a,b,c,d\n".to_owned() + &at.iter().map(|&i| row(i)).collect::<String>();
    fs::write(d.join("all.csv"), rows(&(100..140).collect::<Vec<_>>())).unwrap();
    done(d, &["train", "--data", "all.csv", "--steps", "5", "--nll-samples", "2", "--out", "r"]);
    fs::write(d.join("one.csv"), rows(&[117])).unwrap();
    fs::write(d.join("some.csv"), rows(&[117, 103, 139, 112])).unwrap();
    // Without that column already.
    fs::write(d.join("bare.csv"), "a,b,c,d\n0,1,1,1\n1,1,0,1\n").unwrap();
    for (file, rows) in [("one.csv", 1), ("some.csv", 4), ("bare.csv", 2)] {
        let report = json(d, &["r", "--data", file, "--nll-samples", "2"]);
        assert_eq!(report["rows"], rows, "{file}: {report}");
    }
}

#[test]
fn a_model_without_its_run_needs_data() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    run(d);
    done(d, &["export", "r", "--out", "gadget"]);
    for command in ["eval", "variance"] {
        refused_with(d, &[command, "gadget.sbn"], 2, &["gadget.sbn", "--data"]);
        refused_with(d, &[command, "r/model.safetensors"], 2, &["model.safetensors", "--data", "learned d"]);
    }
    assert!(!d.join("variance").exists());
    let report = json(d, &["gadget.sbn", "--data", "d"]);
    assert_eq!((&report["trained_on"], &report["is_run"]), (&Value::Null, &false.into()));
    assert_eq!(report["nll"], json(d, &["r"])["nll"]);
}

#[test]
fn grey_levels_become_bits_as_in_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    let row = |i: u32| {
        (0..9)
            .map(|j| (i * 37 + j * 11).wrapping_mul(101) % 256)
            .map(|v| v.to_string())
            .collect::<Vec<_>>()
            .join(",")
            + "\n"
    };
    fs::write(d.join("g.csv"), (0..90).map(row).collect::<String>()).unwrap();
    done(
        d,
        &[
            "train",
            "--data",
            "g.csv",
            "--binarise",
            "0.7",
            "--valid",
            "9",
            "--preset",
            "linear",
            "--steps",
            "9",
            "--batch",
            "9",
            "--out",
            "r",
        ],
    );
    let own = json(d, &["r"]);
    assert_eq!((&own["binarise"], &own["rows"]), (&"0.7".into(), &15.into()));
    assert_ne!(json(d, &["r", "--binarise", "dynamic"])["neg_elbo"], own["neg_elbo"]);
    let of_file = json(d, &["r/model.safetensors", "--data", "g.csv"]);
    assert_eq!((&of_file["binarise"], &of_file["nll"]), (&own["binarise"], &own["nll"]));
    // The valid split is that of the run, too; the rest of it was trained on.
    assert_eq!(json(d, &["r", "--split", "valid"])["rows"], 9);
    assert_eq!(json(d, &["r", "--split", "train"])["rows"], 66);
    assert_eq!(
        json(d, &["r", "--split", "train", "--binarise", "dynamic"]),
        json(d, &["r", "--split", "train", "--binarise", "dynamic"])
    );
}

#[test]
fn every_row_has_a_score_and_the_means_are_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    run(d);
    let mut of_splits = Vec::new();
    for (split, rows) in [("train", 200), ("valid", 50), ("test", 101), ("all", 351)] {
        let report = json(d, &["r", "--split", split, "--scores", "s.csv", "--nll-samples", "30"]);
        let scores = csv(&d.join("s.csv"));
        assert_eq!(scores.len(), rows);
        assert_eq!(
            (&report["rows"], &report["split_rows"], &report["choice"]),
            (&rows.into(), &rows.into(), &"all".into())
        );
        assert_eq!((&report["split"], &report["scores"]), (&split.into(), &"s.csv".into()));
        for (at, key) in ["neg_elbo", "nll"].into_iter().enumerate() {
            let values: Vec<f64> = scores.iter().map(|row| row[at]).collect();
            let near = |key: &str, value: f64| (report[key].as_f64().unwrap() - value).abs() < 1e-9 * value;
            assert!(near(key, mean(&values)), "{split} {key}");
            assert!(near(&format!("{key}_standard_error"), standard_error(&values)), "{split} {key}");
        }
        of_splits.push(scores);
    }
    // NumPy's file holds the same numbers, and neither depends on the threads.
    let text = done(d, &["eval", "r", "--scores", "s.npy", "--nll-samples", "30", "--threads", "1"]);
    assert!(text.contains("s.npy: float32 (101, 2): neg_elbo, nll"), "{text}");
    let bytes = fs::read(d.join("s.npy")).unwrap();
    let numbers = &bytes[bytes.len() - 101 * 8..];
    let number = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(*bytes));
    let numbers: Vec<f64> = numbers.as_chunks::<4>().0.iter().map(number).collect();
    assert_eq!(numbers, of_splits[2].concat());
    // A bound of more samples is tighter.
    let of = |at: usize| mean(&of_splits[2].iter().map(|row| row[at]).collect::<Vec<_>>());
    assert!(of(1) < of(0));
}

#[test]
fn some_rows_are_spread_over_the_split() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    run(d);
    done(d, &["eval", "r", "--scores", "s.csv"]);
    let all = csv(&d.join("s.csv"));
    let some = json(d, &["r", "--nll-images", "40"]);
    assert_eq!(
        (&some["rows"], &some["split_rows"], &some["choice"]),
        (&40.into(), &101.into(), &"spread".into())
    );
    for (at, key) in ["neg_elbo", "nll"].into_iter().enumerate() {
        let picked: Vec<f64> = (0..40).map(|i| all[i * 101 / 40][at]).collect();
        assert!((some[key].as_f64().unwrap() - mean(&picked)).abs() < 1e-9 * mean(&picked), "{key}");
        let first: Vec<f64> = all[..40].iter().map(|row| row[at]).collect();
        assert!((mean(&first) - mean(&picked)).abs() > 0.1, "the table is sorted");
    }
    let text = done(d, &["eval", "r", "--nll-images", "40"]);
    assert!(text.contains("40 rows spread evenly over the 101 of test"), "{text}");
    assert_eq!(text.matches("40 rows)").count(), 2, "{text}");
    // Training measures the same rows at its end.
    let args = ["--steps", "30", "--batch", "20", "--nll-images", "40", "--out", "again"];
    let trained = done(d, &[&["train", "--data", "d", "--preset", "linear"][..], &args].concat());
    let figures =
        |text: &str| text.lines().filter(|l| l.starts_with("test ")).map(str::to_string).collect::<Vec<_>>();
    assert_eq!(figures(&trained), figures(&text));
    assert_eq!(json(d, &["r", "--nll-images", "1"])["nll_standard_error"], Value::Null);
    assert_eq!(json(d, &["r", "--nll-images", "9999"])["choice"], "all");
}

#[test]
fn scores_of_a_conditional_network_are_of_its_target() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 120);
    done(
        d,
        &[
            "train",
            "--data",
            "t.csv",
            "--preset",
            "sbn-lower-half",
            "--valid",
            "20",
            "--steps",
            "30",
            "--batch",
            "20",
            "--out",
            "r",
        ],
    );
    let text = done(d, &["eval", "r", "--scores", "s.csv"]);
    assert!(text.contains("-log p(y | x)"), "{text}");
    assert_eq!(json(d, &["r"])["conditional"], true);
    let scores = csv(&d.join("s.csv"));
    assert!(scores.len() == 20 && scores.iter().flatten().all(|v| *v > 0.0));
}

#[test]
fn files_for_scores_are_checked_before_anything_is_computed() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    // No run is needed to refuse these.
    refused_with(d, &["eval", "r", "--scores", "s.txt"], 2, &["s.txt", ".csv or .npy"]);
    refused_with(d, &["eval", "r", "--scores", "scores"], 2, &["scores", ".csv or .npy"]);
    refused_with(d, &["eval", "r", "--scores", "none/s.csv"], 2, &["none/s.csv", "folder"]);
    refused_with(d, &["eval", "r", "--scores", "s.csv", "--nll-images", "3"], 2, &["--nll-images"]);
    fs::write(d.join("mine.csv"), "0,1\n").unwrap();
    refused_with(d, &["eval", "r", "--scores", "mine.csv"], 2, &["mine.csv", "holds no scores"]);
    assert_eq!(fs::read_to_string(d.join("mine.csv")).unwrap(), "0,1\n");
    assert_eq!(fs::read_dir(d).unwrap().count(), 1);
}

#[test]
fn variance_is_measured_on_the_data_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    run(d);
    let args = ["--estimators", "arm", "--batch", "5", "--draws", "4", "--warm-up", "1", "--timed", "1"];
    let text = done(d, &[&["variance", "r"][..], &args].concat());
    assert!(text.contains("d (the data of its training") && text.contains("first 5 rows of train"), "{text}");
    let report: Value =
        serde_json::from_str(&fs::read_to_string(d.join("variance/variance.json")).unwrap()).unwrap();
    assert_eq!((&report["data"], &report["binarise"]), (&"d".into(), &"auto".into()));
    fs::remove_dir_all(d.join("d")).unwrap();
    refused_with(d, &[&["variance", "r"][..], &args].concat(), 1, &["data of r", "--data"]);
}

/// What a NumPy user reads, where there is one.
#[test]
fn numpy_reads_the_scores() {
    let Some(python) = arm_needs::numpy() else { return };
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    run(d);
    let report = json(d, &["r", "--scores", "s.npy"]);
    let script = "import numpy; s = numpy.load('s.npy'); print(s.shape, s.dtype, *s.mean(0, dtype='f8'))";
    let output = Command::new(python).current_dir(d).args(["-c", script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let means = text.trim().strip_prefix("(101, 2) float32 ").expect(&text);
    for (mean, key) in means.split(' ').zip(["neg_elbo", "nll"]) {
        let mean: f64 = mean.parse().unwrap();
        assert!((mean - report[key].as_f64().unwrap()).abs() < 1e-9 * mean, "{key}: {text}");
    }
}
