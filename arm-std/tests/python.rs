//! Models as Python reads them: the logits of examples/python/logits.py are those of the engine.

use arm_core::estimator::Arm;
use arm_core::{BitMatrix, Engine};
use arm_std::kernels::Desktop;
use arm_std::memory::Aligned;
use arm_std::network::Model;
use std::fs;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/python/logits.py");
const ROWS: usize = 60;
const INPUTS: usize = 40;

/// Both compute in single precision, in another order: with sums of at most 200 products of magnitude below 1 the results
/// differ by less than 1e-5 of the largest logit.
const TOLERANCE: f32 = 1e-5;

fn links(model: &Model, x: &[u32]) -> Vec<Vec<f32>> {
    let shape = model.network.shape();
    let engine = Engine::new(shape, Desktop::new(), Arm, 1).unwrap();
    let mut scratch = Aligned::zeroed(shape.inference_scratch(ROWS, 1));
    let (mut below, mut width, mut all) = (x.to_vec(), INPUTS, vec![]);
    for k in 0..2 * shape.stochastic_layers() {
        let outputs = shape.dense(shape.link(k).1).outputs;
        let mut logits = vec![0.0; ROWS * outputs];
        let x = BitMatrix::new(&below, width);
        engine.logits(&model.params, k, x, scratch.words_mut(), &mut logits).unwrap();
        let words = outputs.div_ceil(32);
        below = vec![0; ROWS * words];
        for (i, _) in logits.iter().enumerate().filter(|(_, l)| **l > 0.0) {
            let (row, col) = (i / outputs, i % outputs);
            below[row * words + col / 32] |= 1 << (col % 32);
        }
        width = outputs;
        all.push(logits);
    }
    all
}

fn compare(python: &str, folder: &Path, preset: &str) {
    let arm = env!("CARGO_BIN_EXE_arm");
    let args =
        ["train", "--data", "x.csv", "--preset", preset, "--steps", "60", "--batch", "10", "--lr", "0.01"];
    let mut command = Command::new(arm);
    command.current_dir(folder).args(args).args(["--nll-samples", "2", "--out", preset]);
    assert!(command.output().unwrap().status.success());
    let output = Command::new(python).current_dir(folder).args([SCRIPT, preset, "x.csv"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<f32> = text.split_whitespace().map(|v| v.parse().unwrap()).collect();
    let model = Model::load(&folder.join(preset).join("model.safetensors")).unwrap();
    let mut x = vec![0; ROWS * INPUTS.div_ceil(32)];
    for (row, line) in fs::read_to_string(folder.join("x.csv")).unwrap().lines().enumerate() {
        for (col, _) in line.split(',').enumerate().filter(|(_, v)| *v == "1") {
            x[row * 2 + col / 32] |= 1 << (col % 32);
        }
    }
    let ours = links(&model, &x).concat();
    assert_eq!(ours.len(), theirs.len());
    let largest = ours.iter().fold(0f32, |m, v| m.max(v.abs()));
    let apart = ours.iter().zip(&theirs).fold(0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(apart < TOLERANCE * largest && largest > 0.5, "{preset}: {apart} of {largest}");
}

#[test]
fn numpy_computes_the_same_logits() {
    let Some(python) = arm_needs::numpy() else { return };
    let dir = tempfile::tempdir().unwrap();
    let bit = |i: usize, j: usize| if (i * 7 + i / 5 + j * (i % 3)) % 4 < 2 { "1" } else { "0" };
    let row = |i: usize| (0..INPUTS).map(|j| bit(i, j)).collect::<Vec<_>>().join(",") + "\n";
    fs::write(dir.path().join("x.csv"), (0..ROWS).map(row).collect::<String>()).unwrap();
    for preset in ["linear", "nonlinear", "two-layer"] {
        compare(python, dir.path(), preset);
    }
}
