//! The command as a user runs it, and small tables.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// What the command does in this folder.
pub(crate) fn arm(folder: &Path, args: &[&str]) -> Output {
    let arm = env!("CARGO_BIN_EXE_arm");
    Command::new(arm).current_dir(folder).args(args).output().expect("the command starts")
}

/// Standard output of a command that must succeed.
pub(crate) fn done(folder: &Path, args: &[&str]) -> String {
    let output = arm(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command says that must be refused with this exit code.
pub(crate) fn refused(folder: &Path, args: &[&str], code: i32) -> String {
    let output = arm(folder, args);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// [`refused`] with a message that holds every one of `words`.
pub(crate) fn refused_with(folder: &Path, args: &[&str], code: i32, words: &[&str]) {
    let message = refused(folder, args, code);
    for word in words {
        assert!(message.contains(word), "{args:?}: `{word}` is not in: {message}");
    }
}

/// A table of so many rows of correlated bits.
pub(crate) fn table(folder: &Path, name: &str, rows: u32, columns: u32) {
    let bit = |i: u32, j: u32| if (i * 7 + i / 5 + j * (i % 3)) % 4 < 2 { "1" } else { "0" };
    let row = |i: u32| (0..columns).map(|j| bit(i, j)).collect::<Vec<_>>().join(",") + "\n";
    fs::write(folder.join(name), (0..rows).map(row).collect::<String>()).unwrap();
}
