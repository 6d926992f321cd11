//! The published presets as a user meets them.

use crate::common::{arm, done, table};
use std::fs;

#[test]
fn every_preset_trains_and_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 60, 12);
    for (preset, network, source, settings) in [
        ("mnist-linear", "12-[200] / [200]-12", "Yin & Zhou", "inputs = \"signed\""),
        ("mnist-nonlinear", "12-200-200-[200] / [200]-200-200-12", "MNIST", "inputs = \"zero-one\""),
        ("mnist-two-layer", "12-[200]-[200] / [200]-[200]-12", "Yin & Zhou", "prior-lr = 0.0"),
        ("omniglot-linear", "12-[200] / [200]-12", "OMNIGLOT", "encoder-beta1 = 0.5"),
        ("omniglot-nonlinear", "12-200-200-[200] / [200]-200-200-12", "OMNIGLOT", "encoder-beta1 = 0.5"),
        ("omniglot-two-layer", "12-[200]-[200] / [200]-[200]-12", "OMNIGLOT", "signed-units = false"),
        ("sbn-lower-half", "6-[200]-[200]-6", "section 4.2", "valid = 5"),
        ("rebar-linear", "12-[200] / [200]-12", "Tucker et al.", "output-bias = true"),
        ("rebar-two-layer", "12-[200]-[200] / ", "Tucker et al.", "encoder-beta2 = 0.99999"),
        ("successors-linear", "12-[200] / [200]-12", "Dong, Mnih & Tucker", "output-bias = true"),
        ("successors-nonlinear", "12-200-200-[200]", "Dong, Mnih & Tucker", "inputs = \"centred\""),
        ("successors-four-layer", "12-[200]-[200]-[200]-[200] / ", "Dong", "signed-units = true"),
    ] {
        let mut args = vec!["train", "--data", "t.csv", "--preset", preset, "--out", preset];
        args.extend(["--steps", "4", "--batch", "10", "--nll-samples", "3"]);
        if preset == "sbn-lower-half" {
            args.extend(["--valid", "5"]);
        }
        let text = done(d, &args);
        assert!(text.contains(network) && text.contains(source), "{preset}: {text}");
        let config = fs::read_to_string(d.join(preset).join("config.toml")).unwrap();
        assert!(config.contains(settings), "{preset}: {config}");
        let eval = done(d, &["eval", preset, "--data", "t.csv", "--nll-samples", "3"]);
        let nll = |text: &str| text.lines().find(|l| l.contains("NLL")).unwrap().to_string();
        assert_eq!(nll(&eval), nll(&text), "{preset}");
    }
    // 40 train and 10 valid rows, of which 5 are trained on.
    assert!(done(d, &["train", "--resume", "sbn-lower-half", "--dry-run"]).contains("45 train, 5 valid"));
}

#[test]
fn a_conditional_network_learns_the_lower_half() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    // The second half of a row repeats the first: 6 ln 2 = 4.16 nats for who has not learned it.
    let row = |i: u32| {
        let half = (0..6).map(|j| i.wrapping_mul(0x9e37_79b1) >> (20 + j) & 1).collect::<Vec<_>>();
        half.iter().chain(&half).map(u32::to_string).collect::<Vec<_>>().join(",") + "\n"
    };
    fs::write(d.join("t.csv"), (0..600).map(row).collect::<String>()).unwrap();
    for estimator in ["arm", "vimco"] {
        let mut args =
            vec!["train", "--data", "t.csv", "--preset", "sbn-lower-half", "--estimator", estimator];
        args.extend(["--out", estimator, "--lr", "0.01", "--epochs", "40", "--batch", "20"]);
        let text = done(d, &args);
        let line = text.lines().find(|l| l.starts_with("test NLL")).unwrap();
        let nll: f64 = line.split_whitespace().nth(2).unwrap().parse().unwrap();
        assert!(nll < 1.5, "{estimator}: {text}");
    }
    let json = done(
        d,
        &[
            "variance",
            "arm",
            "--data",
            "t.csv",
            "--batch",
            "4",
            "--draws",
            "20",
            "--timed",
            "1",
            "--warm-up",
            "3",
        ],
    );
    assert!(json.lines().any(|l| l.starts_with("disarm ")), "{json}");
    let sample = arm(d, &["sample", "arm"]);
    assert_eq!(sample.status.code(), Some(1));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let d = dir.path();
    table(d, "t.csv", 60, 12);
    for (args, word) in [
        (&["--preset", "linear", "--prior-lr", "0.1"][..], "fixed"),
        (&["--valid", "0"], "--valid"),
        (&["--inputs", "odd"], "centred"),
        (&["--encoder-beta2", "1"], "--encoder-beta2"),
        (&["--preset", "successors"], "successors-linear"),
    ] {
        let output = arm(d, &[&["train", "--data", "t.csv"][..], args].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(message.contains(word), "{args:?}: {message}");
    }
}
