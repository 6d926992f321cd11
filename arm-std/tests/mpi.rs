//! Training with several processes under `mpirun`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Settings of a short run; the rest of a command follows.
const RUN: [&str; 13] = [
    "train",
    "--preset",
    "linear",
    "--data",
    "t.txt",
    "--batch",
    "20",
    "--threads",
    "1",
    "--nll-samples",
    "2",
    "--nll-images",
    "20",
];

/// A folder with a table of 400 rows of 30 bits.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let row = |i: u32| {
        (0..30).map(move |j| if i.wrapping_mul(2_654_435_761).rotate_left(j) & 5 == 1 { "1 " } else { "0 " })
    };
    let rows: String = (0..400).map(|i| row(i).collect::<String>() + "\n").collect();
    fs::write(dir.path().join("t.txt"), rows).unwrap();
    dir
}

#[cfg(not(feature = "mpi"))]
#[test]
fn several_processes_without_mpi_are_refused() {
    let dir = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_arm"));
    command.current_dir(dir.path()).args(RUN).args(["--steps", "3", "--out", "r"]);
    let output: Output = command.env("OMPI_COMM_WORLD_SIZE", "2").output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("--features mpi"), "{message}");
    assert!(!dir.path().join("r").exists());
    let output = command.env("OMPI_COMM_WORLD_SIZE", "1").output().unwrap();
    assert!(output.status.success() && Path::new(&dir.path().join("r")).exists());
}

#[cfg(feature = "mpi")]
mod with_mpi {
    use super::*;
    use std::process::Stdio;
    use std::thread::sleep;
    use std::time::Duration;

    /// `arm` in `count` processes, or alone.
    fn arm(folder: &Path, count: usize, args: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_arm");
        let mut command = if count == 1 { Command::new(binary) } else { Command::new("mpirun") };
        if count > 1 {
            command.args(["--allow-run-as-root", "--oversubscribe", "-n", &count.to_string(), binary]);
        }
        command.current_dir(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(folder: &Path, count: usize, args: &[&str]) -> String {
        let output: Output = arm(folder, count, args).output().expect("mpirun starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{count} processes, {args:?}: {message}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn trained(folder: &Path, count: usize, steps: &str, out: &str) -> Vec<u8> {
        let said = run(folder, count, &[&RUN[..], &["--steps", steps, "--out", out]].concat());
        assert_eq!(said.matches("parameters").count(), 1, "one process speaks: {said}");
        fs::read(folder.join(out).join("model.safetensors")).unwrap()
    }

    fn parameters(folder: &Path, out: &str) -> Vec<f32> {
        arm_std::network::Model::load(&folder.join(out).join("model.safetensors")).unwrap().params
    }

    #[test]
    fn processes_train_the_model_of_one() {
        let dir = folder();
        trained(dir.path(), 1, "60", "one");
        let one = parameters(dir.path(), "one");
        for count in [2, 3] {
            let (name, again) = (format!("n{count}"), format!("again{count}"));
            let first = trained(dir.path(), count, "60", &name);
            assert_eq!(first, trained(dir.path(), count, "60", &again), "{count} processes, twice");
            let all = parameters(dir.path(), &name);
            let worst = one.iter().zip(&all).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // 60 steps of Adam at 3e-4 move a parameter by at most 0.018. Sums in another order are off by some 1e-6 of
            // a gradient, and so are the steps: 60 * 3e-4 * 1e-6, and a hundred times that for gradients near zero.
            assert!(worst < 2e-6, "{count} processes: {worst}");
        }
    }

    #[test]
    fn a_run_goes_on_with_as_many_processes_to_the_same_bytes() {
        let dir = folder();
        let whole = trained(dir.path(), 2, "60", "whole");
        trained(dir.path(), 2, "35", "half");
        run(dir.path(), 2, &["train", "--resume", "half", "--steps", "60", "--threads", "1"]);
        assert_eq!(fs::read(dir.path().join("half/model.safetensors")).unwrap(), whole);
    }

    #[test]
    fn a_process_that_dies_ends_the_job_and_leaves_a_checkpoint() {
        let dir = folder();
        let args = [&RUN[..], &["--steps", "100000000", "--save-every", "0", "--out", "r"]].concat();
        let job = arm(dir.path(), 3, &args).spawn().expect("mpirun starts");
        let checkpoint = || {
            let names = fs::read_dir(dir.path().join("r")).into_iter().flatten().flatten();
            names.map(|e| e.file_name()).any(|n| n.to_string_lossy().ends_with(".safetensors"))
        };
        while !checkpoint() {
            sleep(Duration::from_millis(20));
        }
        let children = Command::new("pgrep").args(["-P", &job.id().to_string()]).output().unwrap().stdout;
        let last = String::from_utf8(children).unwrap().lines().last().unwrap().to_owned();
        assert!(Command::new("kill").args(["-KILL", &last]).status().unwrap().success());
        let output = job.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(message.contains("rank 2") && message.contains("signal 9"), "{message}");
        let step =
            |name: &str| name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?.parse::<u64>().ok();
        let names = fs::read_dir(dir.path().join("r")).unwrap().flatten();
        let newest = names.filter_map(|e| step(&e.file_name().to_string_lossy())).max().unwrap();
        let steps = (newest + 5).to_string();
        let said = run(dir.path(), 3, &["train", "--resume", "r", "--steps", &steps, "--threads", "1"]);
        assert!(said.contains("from step"), "{said}");
    }

    #[test]
    fn a_request_to_terminate_leaves_a_checkpoint() {
        for to_worker in [false, true] {
            let dir = folder();
            // No checkpoint is due before the signal.
            // `mpirun` reads nothing while it waits to kill: lines of epochs of a few steps would fill its pipe.
            let short = RUN.map(|word| if word == "20" { "2" } else { word });
            let args = [&short[..], &["--steps", "100000000", "--save-every", "1000", "--out", "r"]].concat();
            let job = arm(dir.path(), 2, &args).spawn().expect("mpirun starts");
            let metrics = dir.path().join("r/metrics.jsonl");
            while fs::metadata(&metrics).map_or(0, |m| m.len()) == 0 {
                sleep(Duration::from_millis(20));
            }
            let children = Command::new("pgrep").args(["-P", &job.id().to_string()]).output().unwrap().stdout;
            let worker = String::from_utf8(children).unwrap().lines().last().unwrap().to_owned();
            let to = if to_worker { worker } else { job.id().to_string() };
            assert!(Command::new("kill").args(["-TERM", &to]).status().unwrap().success());
            let output = job.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(!output.status.success());
            if to_worker {
                assert_eq!(output.status.code(), Some(3), "{said}");
            }
            let names = fs::read_dir(dir.path().join("r")).unwrap().flatten();
            let saved = |e: fs::DirEntry| e.file_name().to_string_lossy().starts_with("checkpoint-");
            assert!(names.into_iter().any(saved), "{to_worker}: {said}");
        }
    }

    #[test]
    fn an_error_in_one_process_ends_all() {
        let dir = folder();
        let args = [&RUN[..], &["--steps", "3", "--out", "t.txt/below-a-file"]].concat();
        let output = arm(dir.path(), 2, &args).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && message.contains("error: process 0 of 2"), "{message}");
    }
}
