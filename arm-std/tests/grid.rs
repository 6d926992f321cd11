//! Every kind of network through all that the command does with one, or refused by name before anything is written.

use crate::common::{arm, done, refused, table};
use std::fs;

/// The lines with figures.
fn figures(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with("test ")).collect()
}

/// Trains, stops and resumes, evaluates, samples, exports, and all but the first two again from the exported bytes.
fn walk(units: u32, settings: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 40, units);
    let train = |steps, out| {
        let fixed = ["train", "--data", "t.csv", "--batch", "5", "--nll-samples", "2"];
        done(d, &[&fixed[..], settings, &["--steps", steps, "--out", out]].concat());
    };
    train("6", "whole");
    train("3", "half");
    done(d, &["train", "--resume", "half", "--steps", "6"]);
    let model = |run: &str| fs::read(d.join(run).join("model.safetensors")).unwrap();
    assert!(model("whole") == model("half"), "{settings:?}: resumed it ends elsewhere");

    let conditional = !settings.join(" ").contains(" / ") && !settings.contains(&"mnist-linear");
    let picture = if conditional { "predictions.png" } else { "samples.png" };
    for name in ["report.html", "curves.svg", picture] {
        assert!(
            d.join("whole").join(name).is_file() && d.join("half").join(name).is_file(),
            "{settings:?}: {name}"
        );
    }
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
        assert!(
            refused(d, &sample("a.sbn", "p.png"), 1).contains("conditional") && !d.join("p.png").exists()
        );
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
    table(d, "t.csv", 40, 4);
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
    assert!(refused(d, &["export", "run", "--out", "a"], 1).contains("17 layers"));
    assert_eq!(fs::read_dir(d).unwrap().count(), 2);
}
