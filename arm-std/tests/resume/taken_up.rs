//! Runs that are taken up again, or found to be done.

use super::{RUN, arm, files, reference, run, tree};
use std::fs;

#[test]
fn a_shorter_run_goes_on_to_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let mut half = RUN;
    half[4] = "350";
    run(dir.path(), &[&half[..], &["--data", "t.txt", "--out", "half"]].concat());
    run(dir.path(), &["train", "--resume", "half", "--steps", "700"]);
    assert!(files(dir.path(), "half") == whole);
    let refused = arm(dir.path(), &["train", "--resume", "half", "--lr", "0.5"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--resume"));
}

/// A net and a temperature go on as they were, with their moments; a moving baseline, of which there was nothing yet where the epoch
/// began, as well.
#[test]
fn what_an_estimator_has_learned_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    for estimator in [&["relax"][..], &["reinforce", "--baseline", "moving"]] {
        let train = |steps, out| {
            let mut args = RUN;
            args[4] = steps;
            let more = ["--data", "t.txt", "--force", "--out", out, "--estimator"];
            run(dir.path(), &[&args[..], &more, estimator].concat());
        };
        train("30", "all");
        train("12", "part");
        run(dir.path(), &["train", "--resume", "part", "--steps", "30"]);
        assert!(files(dir.path(), "part") == files(dir.path(), "all"), "{estimator:?}");
    }
}

#[test]
fn the_data_may_move_but_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let mut half = RUN;
    half[4] = "350";
    run(dir.path(), &[&half[..], &["--data", "t.txt", "--out", "half"]].concat());
    fs::rename(dir.path().join("t.txt"), dir.path().join("moved.txt")).unwrap();
    let text = fs::read_to_string(dir.path().join("moved.txt")).unwrap();
    fs::write(dir.path().join("t.txt"), text.replacen('0', "1", 1)).unwrap();
    let other = arm(dir.path(), &["train", "--resume", "half", "--steps", "700"]).output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("data are not those"));
    run(dir.path(), &["train", "--resume", "half", "--steps", "700", "--data", "moved.txt"]);
    assert_eq!(files(dir.path(), "half").1, whole.1);
}

#[test]
fn the_configuration_of_a_run_reproduces_it() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    run(dir.path(), &["train", "--config", "whole/config.toml", "--out", "again"]);
    assert!(files(dir.path(), "again") == whole);
}

#[test]
fn metrics_that_were_cut_are_made_whole_from_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    run(dir.path(), &[&RUN[..4], &["350"], &RUN[5..], &["--data", "t.txt", "--out", "half"]].concat());
    let metrics = dir.path().join("half/metrics.jsonl");
    let text = fs::read_to_string(&metrics).unwrap();
    let line = text.find('\n').unwrap() + 1;
    for cut in [0, line - 9, line, line + 9] {
        fs::write(&metrics, &text[..cut]).unwrap();
        run(dir.path(), &["train", "--resume", "half", "--steps", "700"]);
        assert!(files(dir.path(), "half") == whole, "cut to {cut} bytes");
    }
}

#[test]
fn an_epoch_that_was_cut_short_keeps_its_times() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = || fs::read_to_string(dir.path().join("whole/metrics.jsonl")).unwrap();
    reference(dir.path());
    let before = metrics();
    assert!(
        before.contains("\"steps_per_second\":") && !before.contains("\"steps_per_second\":0.0"),
        "{before}"
    );
    run(dir.path(), &["train", "--resume", "whole"]);
    assert_eq!(metrics(), before);
}

#[test]
fn one_command_starts_goes_on_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let args = [&RUN[..], &["--data", "t.txt", "--out", "s/1", "--resume-or-start"]].concat();
    let mut short = args.clone();
    short[4] = "350";
    let said = String::from_utf8(run(dir.path(), &short).stdout).unwrap();
    // There is no terminal.
    assert!(said.lines().any(|l| l.starts_with("epoch 1, step") && l.contains("steps/s")), "{said}");
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("from step 350") && files(dir.path(), "s/1") == whole, "{said}");
    let before = tree(dir.path());
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("the run is done") && tree(dir.path()) == before, "{said}");
    // A run that was killed before its first checkpoint.
    for name in ["model.safetensors", "report.html", "samples.png", "reconstructions.png", "curves.svg"] {
        fs::remove_file(dir.path().join("s/1").join(name)).unwrap();
    }
    for entry in fs::read_dir(dir.path().join("s/1")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("checkpoint-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    run(dir.path(), &args);
    assert!(files(dir.path(), "s/1") == whole);
}

#[test]
fn a_run_that_patience_ended_is_done() {
    let dir = tempfile::tempdir().unwrap();
    reference(dir.path());
    let mut args =
        [&RUN[..], &["--data", "t.txt", "--out", "p", "--resume-or-start", "--patience", "1"]].concat();
    args[4] = "1000000";
    args.extend(["--lr", "0.5"]);
    run(dir.path(), &args);
    let before = tree(dir.path());
    let said = String::from_utf8(run(dir.path(), &args).stdout).unwrap();
    assert!(said.contains("the run is done") && tree(dir.path()) == before, "{said}");
}

/// The files of the old run were being deleted when the process was killed.
#[test]
fn a_replacement_that_was_killed_is_whole_to_whoever_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let whole = reference(dir.path());
    let (old, new) = (dir.path().join("old"), dir.path().join("old/.new"));
    for args in [
        &["eval", "old", "--nll-samples", "2"][..],
        &["sample", "old", "--out", "s.png"],
        &["export", "old", "--out", "x"],
        &["runs", "old"],
        &["train", "--resume", "old"],
    ] {
        fs::create_dir_all(&new).unwrap();
        for entry in fs::read_dir(dir.path().join("whole")).unwrap().flatten() {
            fs::copy(entry.path(), new.join(entry.file_name())).unwrap();
        }
        fs::write(new.join("whole"), "").unwrap();
        for name in ["config.toml", "metrics.jsonl"] {
            fs::write(old.join(name), "old").unwrap();
        }
        run(dir.path(), args);
        assert!(files(dir.path(), "old") == whole && !new.exists(), "{args:?}");
        fs::remove_dir_all(&old).unwrap();
    }
}
