//! Every kind of network through all that the command does with one, or refused by name before anything is written.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn arm(folder: &Path, args: &[&str]) -> Output {
    let arm = env!("CARGO_BIN_EXE_arm");
    Command::new(arm).current_dir(folder).args(args).output().expect("the command starts")
}

/// Standard output of a run that must succeed.
fn done(folder: &Path, args: &[&str]) -> String {
    let output = arm(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a run that must be refused says.
fn refused(folder: &Path, args: &[&str]) -> String {
    let output = arm(folder, args);
    assert!(!output.status.success(), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// 40 rows of `units` correlated bits.
fn table(folder: &Path, units: u32) {
    let bit = |i: u32, j: u32| if (i * 7 + i / 5 + j * (i % 3)) % 4 < 2 { "1" } else { "0" };
    let row = |i: u32| (0..units).map(|j| bit(i, j)).collect::<Vec<_>>().join(",") + "\n";
    fs::write(folder.join("t.csv"), (0..40).map(row).collect::<String>()).unwrap();
}

/// The lines with figures.
fn figures(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("test ")).collect()
}

/// Trains, stops and resumes, evaluates, samples, exports, and all but the first two again from the exported bytes.
fn walk(units: u32, settings: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, units);
    let train = |steps, out| {
        let fixed = ["train", "--data", "t.csv", "--batch", "5", "--nll-samples", "2"];
        done(d, &[&fixed[..], settings, &["--steps", steps, "--out", out]].concat());
    };
    train("6", "whole");
    train("3", "half");
    done(d, &["train", "--resume", "half", "--steps", "6"]);
    let model = |run: &str| fs::read(d.join(run).join("model.safetensors")).unwrap();
    assert!(model("whole") == model("half"), "{settings:?}: resumed it ends elsewhere");

    done(d, &["export", "whole", "--out", "a"]);
    done(d, &["export", "a.sbn", "--out", "a2"]);
    for extension in ["sbn", "rs", "h"] {
        let read = |name: &str| fs::read_to_string(d.join(name).with_extension(extension));
        if extension == "sbn" {
            assert!(
                fs::read(d.join("a.sbn")).unwrap() == fs::read(d.join("a2.sbn")).unwrap(),
                "{settings:?}"
            );
        } else {
            let again = read("a2").unwrap().replace("a2_", "a_").replace("A2_", "A_");
            assert!(read("a").unwrap() == again, "{settings:?}: {extension}");
        }
    }
    let eval = |model| done(d, &["eval", model, "--data", "t.csv", "--nll-samples", "2"]);
    let (run, device) = (eval("whole"), eval("a.sbn"));
    assert!(!figures(&run).is_empty() && figures(&run) == figures(&device), "{settings:?}: {run}{device}");
    let sample = |model, out| ["sample", model, "--count", "4", "--out", out];
    if !run.contains(" / ") {
        assert!(refused(d, &sample("a.sbn", "p.png")).contains("conditional") && !d.join("p.png").exists());
    } else {
        done(d, &sample("whole", "p.png"));
        done(d, &sample("a.sbn", "q.png"));
        assert!(fs::read(d.join("p.png")).unwrap() == fs::read(d.join("q.png")).unwrap(), "{settings:?}");
    }
}

#[test]
fn networks_of_every_kind() {
    for settings in [
        &["--network", "64-32-[16] / [16]-32-64"][..],
        &["--network", "64-32-[16] / [16]-32-64", "--inputs", "signed", "--signed-units", "true"],
        &["--network", "64-32-[16] / [16]-32-64", "--inputs", "centred", "--signed-units", "true"],
        &["--network", "64-[16] / [16]-64", "--prior", "learned"],
        &["--network", "64-[12]-[8] / [8]-[12]-64", "--prior", "learned", "--inputs", "centred"],
        &["--network", "64-[9]-8-[7]-[5] / [5]-[7]-6-[9]-64"],
        &["--network", "x-[20]-[10]-24"],
        &["--network", "x-9-[20]-5-24", "--inputs", "centred", "--signed-units", "true"],
        &["--preset", "mnist-linear"],
        &["--preset", "sbn-lower-half"],
    ] {
        walk(64, settings);
    }
}

#[test]
fn networks_of_every_width() {
    walk(13, &["--network", "13-7-[5] / [5]-7-13"]);
    walk(33, &["--network", "33-[31]-[33] / [33]-[31]-33", "--prior", "learned"]);
    for prior in ["fixed", "learned"] {
        walk(1, &["--network", "1-[1] / [1]-1", "--prior", prior]);
    }
    walk(2, &["--network", "x-[1]-1"]);
    walk(16, &["--network", "16-[4096] / [4096]-16"]);
    walk(4096, &["--network", "4096-[8] / [8]-4096"]);
}

#[test]
fn what_is_too_large_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, 4);
    let train = |network, out| {
        let fixed = ["train", "--data", "t.csv", "--steps", "2", "--batch", "5", "--nll-samples", "2"];
        arm(d, &[&fixed[..], &["--network", network, "--out", out]].concat())
    };
    let deep = format!("4{}-[2] / [2]-4", "-3".repeat(63));
    for network in ["4-[16385] / [16385]-4", &deep] {
        let output = train(network, "run");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && message.contains(if network == deep { "64" } else { "16384" }),
            "{message}"
        );
    }
    assert_eq!(fs::read_dir(d).unwrap().count(), 1);
    // More layers than C takes.
    let output = train(&format!("4{}-[2] / [2]-4", "-3".repeat(15)), "run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(refused(d, &["export", "run", "--out", "a"]).contains("17 layers"));
    assert_eq!(fs::read_dir(d).unwrap().count(), 2);
}
