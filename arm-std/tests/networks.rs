//! Networks by their notation, as a user meets them.

use crate::common::{done, refused, table};
use std::fs;

const SHORT: [&str; 6] = ["--steps", "4", "--batch", "10", "--nll-samples", "3"];

#[test]
fn any_network_trains_and_goes_on_and_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 20);
    for (i, (notation, flags, headline)) in [
        ("20-8-[4] / [4]-8-20", &[][..], "20-8-[4] / [4]-8-20  "),
        ("x-9-[5]-[3] / [3]-[5]-7-x", &["--slope", "0.3"], "20-9-[5]-[3] / [3]-[5]-7-20, LeakyReLU 0.3  "),
        ("x-[6] / [6]-x", &["--prior", "learned", "--prior-lr", "0.1"], "20-[6] / [6]-20, learned prior  "),
        ("x-[6]-5-8", &["--inputs", "signed"], "12-[6]-5-8, inputs -1 and 1  "),
        ("x-[6]-[4]-y", &["--signed-units"], "10-[6]-[4]-10, stochastic units -1 and 1  "),
        ("x-[6] / [6]-x", &["--preset", "mnist-linear"], "learned prior, inputs -1 and 1, stochastic units"),
    ]
    .into_iter()
    .enumerate()
    {
        let out = i.to_string();
        let train = ["train", "--data", "t.csv", "--network", notation, "--out", &out];
        let text = done(d, &[&train, flags, &SHORT[..]].concat());
        assert!(text.contains(headline), "{text}");
        let config = fs::read_to_string(d.join(&out).join("config.toml")).unwrap();
        assert!(config.contains(&format!("network = \"{notation}\"")), "{config}");
        let eval = done(d, &["eval", &out, "--data", "t.csv", "--nll-samples", "3"]);
        let nll = |text: &str| text.lines().find(|l| l.contains("NLL")).unwrap().to_string();
        assert_eq!(nll(&eval), nll(&text), "{notation}");
        let more = done(d, &["train", "--resume", &out, "--steps", "6"]);
        assert!(more.contains(headline) && more.contains("from step 4"), "{more}");
    }
}

#[test]
fn without_a_notation_the_widths_follow_from_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 16);
    let text = done(d, &[&["train", "--data", "t.csv", "--out", "r"], &SHORT[..]].concat());
    assert!(text.starts_with("16-16-[8] / [8]-16-16  "), "{text}");
    assert!(done(d, &["train", "--resume", "r", "--steps", "5"]).contains("from step 4"));
    let strokes = done(d, &["train", "--dry-run"]);
    assert!(strokes.starts_with("784-200-200-[200] / [200]-200-200-784  "), "{strokes}");
}

#[test]
fn a_run_of_an_older_version_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 16);
    let train = ["train", "--data", "t.csv", "--preset", "omniglot-nonlinear", "--out", "r"];
    done(d, &[&train, &SHORT[..]].concat());
    let path = d.join("r/config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let old = |line: &&str| !["network", "slope", "prior "].iter().any(|key| line.starts_with(key));
    let lines: Vec<&str> = config.lines().filter(old).collect();
    assert_eq!(lines.len() + 3, config.lines().count());
    fs::write(&path, lines.join("\n")).unwrap();
    let text = done(d, &["train", "--resume", "r", "--steps", "6"]);
    assert!(text.contains("LeakyReLU 0.3, learned prior") && text.contains("from step 4"), "{text}");
    assert_eq!(fs::read_to_string(&path).unwrap(), config.replace("steps = 4", "steps = 6"));
}

#[test]
fn what_fits_a_memory_is_chosen_and_trained() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 64);
    let fit = ["train", "--data", "t.csv", "--fit-ram", "24K", "--out", "r"];
    let text = done(d, &[&fit, &SHORT[..]].concat());
    assert!(text.starts_with("64-34-[17] / [17]-34-64  "), "{text}");
    let config = fs::read_to_string(d.join("r/config.toml")).unwrap();
    assert!(
        config.contains("network = \"x-34-[17] / [17]-34-x\"") && !config.contains("fit-ram"),
        "{config}"
    );
    assert!(done(d, &["train", "--resume", "r", "--steps", "6"]).contains("from step 4"));
    fs::write(d.join("c.toml"), "fit-ram = '24K'\ndata = 't.csv'").unwrap();
    let dry = done(d, &["train", "--config", "c.toml", "--dry-run"]);
    assert!(dry.starts_with("64-34-[17] / [17]-34-64  "), "{dry}");
    let message = refused(d, &["train", "--data", "t.csv", "--fit-ram", "1000", "--out", "s"], 2);
    assert!(message.contains("x-2-[1] / [1]-2-x") && !d.join("s").exists(), "{message}");
}

#[test]
fn what_contradicts_itself_or_the_data_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 16);
    for (args, said) in [
        (&["--network", "16-8-4 / [4]-8-16"][..], "  16-8-4 / [4]-8-16\n       ^\n"),
        (&["--network", "x-8-[4] / [5]-8-x"], "  x-8-[4] / [5]-8-x\n            ^^^\n"),
        (&["--network", "12-8-[4] / [4]-8-12"], "  12-8-[4] / [4]-8-12\n  ^^\n"),
        (&["--network", "x-[4]-16"], "  x-[4]-16\n        ^^\n"),
        (&["--network", "x-[4] / [4]-x", "--fit-ram", "8K"], "cannot be used with"),
        (&["--network", "x-[4] / [4]-x", "--slope", "0.5"], "no hidden layer"),
        (&["--network", "x-[4]-8", "--prior", "learned"], "no prior"),
        (&["--slope", "-0.1"], "0 to 1"),
        (&["--seed", "9223372036854775808"], "0 to 9223372036854775807"),
        (&["--seed", "99999999999999999999"], "0 to 9223372036854775807"),
    ] {
        let message = refused(d, &[&["train", "--data", "t.csv", "--out", "r"], args].concat(), 2);
        assert!(message.contains(said), "{message}");
        assert!(!d.join("r").exists());
    }
}

#[test]
fn a_dry_run_is_refused_what_a_run_is() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 80, 16);
    let args = ["train", "--data", "t.csv", "--network", "x-[13] / [13]-x", "--estimator", "exact"];
    let message = refused(d, &[&args[..], &["--out", "r"]].concat(), 2);
    assert_eq!(refused(d, &[&args[..], &["--dry-run"]].concat(), 2), message);
    assert!(message.contains("--estimator exact") && !d.join("r").exists(), "{message}");
}
