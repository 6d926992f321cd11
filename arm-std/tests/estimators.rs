//! The commands that compare estimators, as a user meets them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn arm(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_arm"))
        .current_dir(folder)
        .args(args)
        .output()
        .expect("the command starts")
}

/// Standard output of a run that must succeed.
fn done(folder: &Path, args: &[&str]) -> String {
    let output = arm(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs `args`, which must exit with 2 and a message that holds every one of `words`.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let output = arm(folder, args);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{args:?}: `{word}` is not in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn toy_writes_tables_and_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["toy", "--steps", "50", "--draws", "200", "--out", "t"];
    let text = done(dir.path(), &args);
    for name in ["arm", "disarm", "reinforce", "rloo 2", "leg", "exact"] {
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
    let two = done(
        dir.path(),
        &["toy", "--steps", "5", "--draws", "9", "--estimators", "arms,ar", "--samples", "3"],
    );
    assert!(two.contains("arms 3") && !two.contains("disarm"), "{two}");
}

#[test]
fn toy_says_what_it_cannot_do() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    refused(d, &["toy", "--estimators", "vimco"], &["vimco", "arm, ar, reinforce"]);
    refused(d, &["toy", "--estimators", "arms,magic"], &["magic", "disarm"]);
    refused(d, &["toy", "--estimators", "rloo", "--samples", "1"], &["--samples 1", "rloo", "2 to 1024"]);
    refused(d, &["toy", "--estimators", "arms", "--samples", "0"], &["--samples 0", "arms"]);
    refused(d, &["toy", "--steps", "0"], &["--steps"]);
    refused(d, &["toy", "--draws", "1"], &["--draws"]);
    refused(d, &["toy", "--lr", "NaN"], &["--lr"]);
    assert_eq!(fs::read_dir(d).unwrap().count(), 0);
}
