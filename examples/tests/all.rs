//! Every example runs, asserts what it claims, and is listed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

/// The names of all examples.
fn examples() -> Vec<String> {
    let entries = fs::read_dir(folder().join("examples")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_example_does_what_it_claims() {
    // Cargo puts them beside the folder of the tests.
    let built = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples");
    let names = examples();
    assert!(names.len() >= 8);
    let left = Mutex::new(names.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(name) = { left.lock().unwrap().next() } {
                    let program = built.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
                    let output = Command::new(&program).output().unwrap_or_else(|e| {
                        panic!("{}: {e}; `cargo test -p arm-examples` builds it", program.display())
                    });
                    let said = String::from_utf8_lossy(&output.stderr);
                    assert!(output.status.success() && !output.stdout.is_empty(), "{name}: {said}");
                }
            });
        }
    });
}

#[test]
fn every_example_is_short_and_listed() {
    let list = fs::read_to_string(folder().join("README.md")).unwrap();
    for name in examples() {
        let text = fs::read_to_string(folder().join(format!("examples/{name}.rs"))).unwrap();
        assert!(text.starts_with("//! "), "{name} does not say what it is");
        assert!(text.lines().count() < 100, "{name} is longer than a page");
        assert!(list.contains(&format!("(examples/{name}.rs)")), "{name} is not in examples/README.md");
    }
}
