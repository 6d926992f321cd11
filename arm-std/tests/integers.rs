//! Training in the arithmetic of a device, from the command, and what goes to a device and back.

use crate::common::{arm, done, refused_with, table};
use arm_core::Learner;
use arm_core::codec::Header;
use arm_core::estimator::{Arm, Rloo};
use arm_core::estimator::{Estimator, IntegerEstimator};
use arm_core::learner::Slices;
use arm_core::optim::Sgd;
use arm_core::rng::{Purpose, Stream};
use arm_std::data::{BitTable, Source};
use arm_std::network::{Model, NumbersName};
use arm_std::{Network, Settings};
use std::fs;
use std::path::Path;

const NETWORK: &str = "12-8-[5]-[3] / [3]-[5]-8-12";
const TRAIN: [&str; 10] =
    ["train", "--data", "t.csv", "--network", NETWORK, "--nll-samples", "3", "--lr", "0.01", "--numbers"];

/// The train split of `t.csv`.
fn rows(folder: &Path) -> BitTable {
    let data = folder.join("t.csv");
    let flags = [("data", data.to_str().unwrap()), ("network", NETWORK), ("epochs", "1")];
    let settings = Settings::from_flags(flags).unwrap();
    let run = settings.prepare(settings.resolve().unwrap().load().unwrap()).unwrap();
    match run.splits.train {
        Source::Fixed(rows) => rows,
        _ => panic!("the table holds bits"),
    }
}

/// The order in which an epoch visits `rows` rows (Fisher & Yates).
fn order(seed: u64, epoch: u64, rows: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..rows).collect();
    let mut stream = Stream::new(seed, Purpose::Order, epoch, 0, 0);
    (1..rows).rev().for_each(|i| order.swap(i, stream.below(i as u32 + 1) as usize));
    order
}

/// What a device saves that learned an epoch of these rows, from random parameters or those that it loaded.
fn device<E: Estimator + IntegerEstimator>(
    estimator: E,
    rows: &BitTable,
    epochs: u64,
    from: Option<&[u8]>,
) -> Vec<u8> {
    let network: Network = NETWORK.parse().unwrap();
    let shape = network.shape();
    let mut params = vec![0; shape.params()];
    let mut scratch = vec![0; shape.integer_scratch_for(estimator.samples())];
    let memory = Slices { params: &mut params, moments: &mut [], scratch: &mut scratch };
    let mut learner = Learner::integer(shape, estimator, Sgd { rate: 0.01 }, 7, memory).unwrap();
    if let Some(bytes) = from {
        learner.load_bytes(bytes).unwrap();
    }
    for epoch in 0..epochs {
        for row in order(7, epoch, rows.rows()) {
            learner.step(rows.row(row)).unwrap();
        }
    }
    let mut bytes = vec![0; 4096];
    let size = learner.save_bytes(&mut bytes).unwrap();
    bytes.truncate(size);
    bytes
}

#[test]
fn a_run_in_i16_has_the_bits_of_a_device() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    table(folder, "t.csv", 300, 12);
    let rows = rows(folder);
    let train = |more: &[&str]| done(folder, &[&TRAIN[..], &["i16", "--seed", "7"], more].concat());
    for (name, bytes) in
        [("arm", device(Arm, &rows, 1, None)), ("rloo", device(Rloo { samples: 3 }, &rows, 1, None))]
    {
        let samples: &[&str] = if name == "rloo" { &["--samples", "3"] } else { &[] };
        let told = train(&[&["--estimator", name, "--epochs", "1", "--out", name], samples].concat());
        assert!(told.contains("SGD 0.01 in i16, batch 1") && told.contains("test NLL"), "{told}");
        let model = Model::load(&folder.join(name).join("model.safetensors")).unwrap();
        assert_eq!(model.numbers, NumbersName::I16);
        assert_eq!(model, Model::from_device(&bytes).unwrap(), "{name}");
        // The export is the bytes of the device but for the steps it counted, and their checksum.
        let out = format!("{name}_device");
        done(folder, &["export", name, "--out", &out]);
        let exported = fs::read(folder.join(&out).with_extension("sbn")).unwrap();
        assert!(Header::read(&exported).unwrap().is_short() && exported.len() == bytes.len());
        let same =
            exported.iter().zip(&bytes).enumerate().filter(|(i, (a, b))| !(16..24).contains(i) && a != b);
        assert!(same.count() <= 4);
        let header = fs::read_to_string(folder.join(&out).with_extension("h")).unwrap();
        assert!(header.contains("SBN_USE_INTEGERS") && header.contains(&format!("[{}]", bytes.len())));
    }
    // In parts it is the same run.
    train(&["--epochs", "3", "--out", "whole"]);
    train(&["--steps", "70", "--out", "parts"]);
    done(folder, &["train", "--resume", "parts", "--steps", "130"]);
    done(folder, &["train", "--resume", "parts", "--steps", &(3 * rows.rows()).to_string()]);
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    let last = |run: &str| {
        let name = format!("checkpoint-{:09}.safetensors", 3 * rows.rows());
        let bytes = fs::read(folder.join(run).join(name)).unwrap();
        arm_std::train::Checkpoint::from_bytes(&bytes).unwrap().model
    };
    assert_eq!(last("whole"), last("parts"));
    assert_eq!(last("whole"), Model::from_device(&device(Arm, &rows, 3, None)).unwrap());
    assert_ne!(model("whole"), model("arm"));
}

#[test]
fn a_device_s_integers_are_evaluated_and_learn_on() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    table(folder, "t.csv", 300, 12);
    let rows = rows(folder);
    let bytes = device(Arm, &rows, 1, None);
    fs::write(folder.join("device.sbn"), &bytes).unwrap();
    let told = done(folder, &["eval", "device.sbn", "--data", "t.csv", "--nll-samples", "5"]);
    assert!(told.contains("parameters of 16 bits") && told.contains("K = 5"), "{told}");
    let told = done(folder, &["eval", "device.sbn", "--data", "t.csv", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap()["numbers"], "i16");
    done(folder, &["sample", "device.sbn", "--out", "s.png", "--count", "3"]);
    // Exported for a device it stays what it is; in floats it is the same model.
    done(folder, &["export", "device.sbn", "--out", "again"]);
    done(folder, &["export", "device.sbn", "--numbers", "f32", "--out", "floats"]);
    let [again, floats] = ["again.sbn", "floats.sbn"].map(|name| Model::load(&folder.join(name)).unwrap());
    let device_s = Model::from_device(&bytes).unwrap();
    assert_eq!((&again, floats.numbers, &floats.params), (&device_s, NumbersName::F32, &device_s.params));

    let start = |out: &str, more: &[&str]| {
        let args = [
            "train",
            "--start",
            "again.sbn",
            "--data",
            "t.csv",
            "--lr",
            "0.01",
            "--seed",
            "7",
            "--nll-samples",
            "3",
        ];
        done(folder, &[&args[..], &["--epochs", "1", "--out", out], more].concat())
    };
    let told = start("on", &[]);
    assert!(told.contains("in i16") && told.contains(NETWORK), "{told}");
    let on = Model::load(&folder.join("on/model.safetensors")).unwrap();
    let exported = fs::read(folder.join("again.sbn")).unwrap();
    assert_eq!(on, Model::from_device(&device(Arm, &rows, 1, Some(&exported))).unwrap());
    // Without the file it is resumed all the same.
    fs::rename(folder.join("again.sbn"), folder.join("moved.sbn")).unwrap();
    done(folder, &["train", "--resume", "on", "--epochs", "2"]);
    refused_with(
        folder,
        &["train", "--config", "on/config.toml", "--out", "x"],
        1,
        &["--start", "again.sbn"],
    );
    fs::rename(folder.join("moved.sbn"), folder.join("again.sbn")).unwrap();
    let told = start("in-floats", &["--numbers", "f32", "--batch", "10"]);
    assert!(told.contains("Adam"), "{told}");
    table(folder, "other.csv", 60, 13);
    for (args, code, words) in [
        (&["--data", "other.csv"][..], 2, &["13"][..]),
        (&["--preset", "linear"], 2, &["--preset", "--start"]),
        (&["--network", "x-[4] / [4]-x"], 1, &["--start again.sbn", "12-8-[5]"]),
        (&["--start", "t.csv"], 1, &["--start", "t.csv"]),
        (&["--start", "none.sbn"], 1, &["none.sbn"]),
    ] {
        let given = args.contains(&"--start");
        let start: &[&str] = if given { &[] } else { &["--start", "again.sbn"] };
        let data: &[&str] = if args.contains(&"--data") { &[] } else { &["--data", "t.csv"] };
        let args = [&["train", "--out", "refused"], start, data, args].concat();
        refused_with(folder, &args, code, words);
        assert!(!folder.join("refused").exists());
    }
}

#[test]
fn a_model_in_floats_is_rounded_and_the_cost_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    table(folder, "t.csv", 300, 12);
    done(folder, &[&TRAIN[..], &["f32", "--batch", "10", "--epochs", "3", "--out", "run"]].concat());
    let header = |name: &str| fs::read_to_string(folder.join(name).with_extension("h")).unwrap();
    done(folder, &["export", "run", "--numbers", "i16", "--out", "model"]);
    assert!(header("model").contains("SBN_USE_INTEGERS"));
    // Nothing of another export is left.
    done(folder, &["export", "run", "--out", "model"]);
    assert!(header("model").contains("SBN_USE_SGD") && !header("model").contains("SBN_USE_INTEGERS"));
    let told = done(folder, &["export", "run", "--numbers", "i16", "--out", "short"]);
    let value = |line: &str| {
        let line = told.lines().find(|l| l.starts_with(line)).unwrap_or_else(|| panic!("{line}: {told}"));
        let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        (numbers[0], numbers[1])
    };
    let (before, after, cost) = (value("test -ELBO, f32"), value("test -ELBO, i16"), value("rounding costs"));
    assert!((after.0 - before.0 - cost.0).abs() < 0.002 && cost.0.abs() < 0.1, "{told}");
    assert!(before.1 > cost.1, "the difference is known better: {told}");
    let (float, short) =
        ["model", "short"].map(|name| fs::read(folder.join(name).with_extension("sbn")).unwrap()).into();
    assert!(short.len() < float.len() * 6 / 10);
    let rounded = Model::load(&folder.join("run/model.safetensors")).unwrap().rounded().unwrap().0;
    assert_eq!(Model::from_device(&short), Ok(rounded));
    assert!(folder.join("short.rs").exists() && header("short").contains("SBN_INTEGER_BYTES"));
    // A file does not say what data it is to be measured on.
    let file = ["export", "run/model.safetensors", "--numbers", "i16", "--out", "file"];
    refused_with(folder, &file, 2, &["--data"]);
    done(folder, &[&file[..], &["--data", "t.csv"]].concat());
}

#[test]
fn what_integers_do_not_do_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    table(folder, "t.csv", 60, 12);
    for (more, word) in [
        (&["--estimator", "vimco"][..], "vimco"),
        (&["--batch", "2"], "--batch 2"),
        (&["--inputs", "centred"], "--inputs"),
        (&["--encoder-beta2", "0.9"], "--encoder-beta2"),
    ] {
        let args = [&TRAIN[..], &["i16", "--out", "run"], more].concat();
        refused_with(folder, &args, 2, &["--numbers i16", word]);
        assert!(!folder.join("run").exists());
    }
    let compare =
        ["compare", "--data", "t.csv", "--numbers", "i16", "--estimators", "arm,vimco", "--out", "c"];
    refused_with(folder, &compare, 2, &["vimco cannot serve here", "arm, ar, reinforce, disarm, rloo"]);
    // What left its range is told.
    let wild =
        ["train", "--data", "t.csv", "--network", NETWORK, "--numbers", "i16", "--lr", "30", "--steps", "90"];
    let told = done(folder, &[&wild[..], &["--nll-samples", "3", "--out", "wild"]].concat());
    assert!(told.contains("a step, left the range of 16 bits"), "{told}");
    // A file of settings may say it too, and a dry run what it takes there.
    fs::write(folder.join("c.toml"), "numbers = 'i16'\nnetwork = '12-[4] / [4]-12'\ndata = 't.csv'").unwrap();
    let told = arm(folder, &["train", "--config", "c.toml", "--dry-run"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("SGD 0.001 in i16") && told.contains("in i16, one row a step"), "{told}");
    let fits = |numbers: &[&str]| {
        let args = [&["train", "--data", "t.csv", "--fit-ram", "2K", "--dry-run"], numbers].concat();
        done(folder, &args).lines().next().unwrap().to_string()
    };
    assert_ne!(fits(&[]), fits(&["--numbers", "i16"]));
}
