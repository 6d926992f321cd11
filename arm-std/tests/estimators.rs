//! The commands that compare estimators, as a user meets them.

use crate::common::{arm, done, refused_with, table};
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn toy_writes_tables_and_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["toy", "--steps", "50", "--draws", "200", "--out", "t"];
    let text = done(dir.path(), &args);
    for name in ["arm", "disarm", "reinforce", "rloo:2", "leg", "exact"] {
        assert_eq!(text.lines().filter(|l| l.contains(&format!(" {name} "))).count(), 4, "{name}: {text}");
    }
    assert!(!text.contains("vimco") && !text.contains("NaN"), "{text}");
    let read = |name: &str| fs::read_to_string(dir.path().join("t").join(name)).unwrap();
    let traces = read("traces.csv");
    assert!(traces.starts_with("p0,estimator,step,sigma,objective,gradient\n"));
    assert!(traces.contains("0.49,arm,0,0.5,") && traces.contains("0.51,exact,50,"));
    assert!(read("variance.csv").lines().all(|l| l.split(',').count() == 9));
    assert!(read("toy.svg").ends_with("</svg>\n"));
    assert_eq!(done(dir.path(), &args), text);
    let two = done(dir.path(), &["toy", "--steps", "5", "--draws", "9", "--estimators", "arms:3,ar"]);
    assert!(two.contains("arms:3") && !two.contains("disarm"), "{two}");
}

#[test]
fn toy_prints_short_numbers_of_few_draws() {
    let dir = tempfile::tempdir().unwrap();
    for draws in ["2", "10"] {
        let text = done(dir.path(), &["toy", "--steps", "10", "--draws", draws]);
        assert!(text.lines().all(|line| line.chars().count() < 130), "{text}");
        assert!(text.contains("say little") && !text.contains(" inf"), "{text}");
    }
}

#[test]
fn toy_says_what_it_cannot_do() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    refused_with(d, &["toy", "--estimators", "vimco"], 2, &["vimco", "arm, ar, reinforce"]);
    refused_with(d, &["toy", "--estimators", "arms,magic"], 2, &["magic", "disarm"]);
    refused_with(d, &["toy", "--estimators", "rloo:1"], 2, &["rloo", "2 to 1024"]);
    refused_with(d, &["toy", "--estimators", "arms:0,arm"], 2, &["arms", "2 to"]);
    refused_with(d, &["toy", "--estimators", "arm:3"], 2, &["arm", "no number"]);
    refused_with(d, &["toy", "--steps", "0"], 2, &["--steps"]);
    refused_with(d, &["toy", "--draws", "1"], 2, &["--draws"]);
    refused_with(d, &["toy", "--lr", "NaN"], 2, &["--lr"]);
    assert_eq!(fs::read_dir(d).unwrap().count(), 0);
}

/// 60 rows of 12 correlated bits, and a model trained on them for a moment.
fn trained(folder: &Path, preset: &str) {
    table(folder, "t.csv", 60, 12);
    let short = ["--steps", "30", "--batch", "10", "--nll-samples", "2", "--out", "run"];
    done(folder, &[&["train", "--data", "t.csv", "--preset", preset][..], &short].concat());
}

#[test]
fn variance_measures_every_estimator_that_can_serve() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    trained(d, "linear");
    let args = [
        "variance",
        "run",
        "--data",
        "t.csv",
        "--batch",
        "5",
        "--draws",
        "60",
        "--warm-up",
        "5",
        "--timed",
        "1",
    ];
    let text = done(d, &[&args[..], &["--out", "a", "--threads", "1"]].concat());
    for name in ["arm", "disarm", "leg", "bitflip1", "ugc", "vimco:2", "local-disarm-sym:2"] {
        assert!(text.lines().any(|l| l.starts_with(&format!("{name} "))), "{name}: {text}");
    }
    assert!(!text.contains("exact") && !text.contains("NaN"), "{text}");
    let read = |folder: &str| {
        let json = fs::read_to_string(d.join(folder).join("variance.json")).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        for row in json["estimators"].as_array_mut().unwrap() {
            assert!(row["seconds"].take().as_f64().unwrap() > 0.0);
        }
        json
    };
    let json = read("a");
    assert_eq!(json["layers"], serde_json::json!(["encoder.0", "decoder.0"]));
    let encoder = |name: &str| {
        let rows = json["estimators"].as_array().unwrap();
        rows.iter().find(|r| r["estimator"] == name).unwrap()["encoder"].as_f64().unwrap()
    };
    assert!(encoder("leg") < encoder("disarm") && encoder("disarm") < encoder("reinforce"));
    assert!(fs::read_to_string(d.join("a/variance.svg")).unwrap().contains("local-disarm:2"));
    done(d, &[&args[..], &["--out", "b", "--threads", "3"]].concat());
    assert_eq!(read("b"), json);
}

#[test]
fn variance_says_what_it_cannot_do() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    trained(d, "two-layer");
    let args = |more: &[&'static str]| [&["variance", "run", "--data", "t.csv"][..], more].concat();
    refused_with(d, &args(&["--batch", "2", "--estimators", "exact"]), 2, &["exact", "these can: arm"]);
    refused_with(d, &args(&["--batch", "2", "--reference", "vimco"]), 2, &["vimco", "unbiased"]);
    refused_with(d, &args(&["--batch", "41"]), 2, &["--batch 41", "t.csv", "40"]);
    refused_with(d, &args(&["--draws", "1"]), 2, &["--draws"]);
    let other = arm(d, &["variance", "run", "--data", "strokes"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("784"));
    assert!(!d.join("variance").exists());
}

#[test]
fn compare_draws_every_run() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    trained(d, "linear");
    let args = [
        "compare",
        "--data",
        "t.csv",
        "--preset",
        "linear",
        "--steps",
        "12",
        "--batch",
        "10",
        "--nll-samples",
        "2",
    ];
    let text = done(d, &[&args[..], &["--estimators", "arm,rloo:3,leg"]].concat());
    let curves = fs::read_to_string(d.join("compare/curves.csv")).unwrap();
    for (name, evaluations) in [("arm", 2), ("rloo:3", 3), ("leg", 201)] {
        assert!(text.lines().any(|l| l.starts_with(&format!("{name} "))), "{text}");
        assert!(
            curves.lines().any(|l| l.starts_with(&format!("{name},12,{},", 12 * evaluations))),
            "{curves}"
        );
    }
    assert!(fs::read_to_string(d.join("compare/compare.svg")).unwrap().contains("rloo:3"));
    assert_eq!(fs::read_to_string(d.join("compare/results.csv")).unwrap().lines().count(), 4);
    // The first step of every run is at the same parameters and on the same batch: only samples differ.
    let first = |name: &str| {
        let line = curves.lines().find(|l| l.starts_with(&format!("{name},1,"))).unwrap();
        line.rsplit(',').next().unwrap().parse::<f64>().unwrap()
    };
    assert!((first("arm") - first("leg")).abs() < 1.0, "{curves}");
    // The same again has nothing to train; one more estimator joins the others; other settings replace nothing unasked.
    let read = |name: &str| fs::read(d.join("compare").join(name)).unwrap();
    let again = done(d, &[&args[..], &["--estimators", "arm,leg"]].concat());
    assert!(
        again.contains("has arm, rloo:3, leg already") && read("curves.csv") == curves.as_bytes(),
        "{again}"
    );
    done(d, &[&args[..], &["--estimators", "disarm"]].concat());
    assert_eq!(fs::read_to_string(d.join("compare/results.csv")).unwrap().lines().count(), 5);
    let before = ["curves.csv", "results.csv", "compare.svg", "compare.json"].map(read);
    let other = [&args[..], &["--seed", "7", "--estimators", "arm"]].concat();
    let output = arm(d, &other);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && message.contains("--force"), "{message}");
    assert!(["curves.csv", "results.csv", "compare.svg", "compare.json"].map(read) == before);
    done(d, &[&other[..], &["--force"]].concat());
    assert_eq!(fs::read_to_string(d.join("compare/results.csv")).unwrap().lines().count(), 2);
    refused_with(d, &[&args[..], &["--estimators", "exact", "--out", "fresh"]].concat(), 2, &["exact"]);
    assert!(!d.join("fresh").exists());
    refused_with(d, &[&args[..], &["--estimators", "exact"]].concat(), 2, &["exact", "these can"]);
    refused_with(d, &[&args[..], &["--estimator", "arm"]].concat(), 2, &["--estimators"]);
    refused_with(d, &["compare", "--data", "t.csv", "--batch", "50"], 2, &["--batch 50", "40"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_comparison_keeps_what_was_finished() {
    use std::process::Stdio;
    use std::thread::sleep;
    use std::time::Duration;
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    trained(d, "linear");
    let args = ["compare", "--data", "t.csv", "--preset", "linear", "--steps", "100", "--batch", "10"];
    let args = [&args[..], &["--nll-samples", "2", "--estimators", "arm,leg,disarm"]].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arm"));
    let child =
        command.current_dir(d).args(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !d.join("compare/compare.json").exists() {
        sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(
        message.contains("finished in compare: arm") && message.contains("missing: leg, disarm"),
        "{message}"
    );
    let read = |name: &str| fs::read_to_string(d.join("compare").join(name)).unwrap();
    assert_eq!(read("results.csv").lines().count(), 2);
    let arm = read("curves.csv");
    let rest = done(d, &args);
    assert!(rest.contains("has arm already"), "{rest}");
    assert!(read("curves.csv").starts_with(&arm) && read("results.csv").lines().count() == 4);
}

/// The question is asked on a terminal only: one of util-linux's `script`.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_comparison_asks_before_it_replaces_another() {
    use std::io::Write;
    use std::process::Stdio;
    let has = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success());
    let Some(script) = arm_needs::tool("script", Some("script").filter(has)) else { return };
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 40, 12);
    let args =
        "compare --data t.csv --network 12-[4]/[4]-12 --steps 4 --batch 10 --nll-samples 2 --estimators arm";
    done(d, &args.split(' ').collect::<Vec<_>>());
    let results = || fs::read_to_string(d.join("compare/results.csv")).unwrap();
    let before = results();
    let answered = |answer: &str| {
        let command = format!("{} {args} --seed 7", env!("CARGO_BIN_EXE_arm"));
        let mut script = Command::new(script);
        script.current_dir(d).args(["-qec", &command, "/dev/null"]);
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for answer in ["n\n", "\n", "yesterday\n"] {
        let (code, text) = answered(answer);
        assert!(code == Some(1) && text.contains("Replace it? [y/N]"), "{text}");
        assert!(text.contains("compare is left as it is") && results() == before, "{text}");
    }
    let (code, text) = answered("y\n");
    assert!(code == Some(0) && text.contains("Replace it?") && results() != before, "{text}");
}
