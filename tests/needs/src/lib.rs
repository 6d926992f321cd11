//! What a test needs beyond Rust: tools, data, instructions of the CPU. A test without them is skipped and says so, also in
//! the summary of `ci.sh`; where `CI` is set it fails, unless `MAY_SKIP` names what may be missing (`MAY_SKIP=data,avx512`).
//!
//! ```
//! # let found = Some("python3");
//! let Some(python) = arm_needs::tool("numpy", found) else { return };
//! ```

use std::env;
use std::fs::OpenOptions;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A program or a package of one, where it was found; `name` is what `MAY_SKIP` may say.
pub fn tool<T>(name: &str, found: Option<T>) -> Option<T> {
    needed(name, name, found)
}

/// A set of data beside the workspace, `../shared/data/NAME`: `MAY_SKIP=data`.
pub fn data(name: &str) -> Option<PathBuf> {
    beside(&format!("data/{name}"))
}

/// What is beside the workspace, `../shared/NAME`: `MAY_SKIP=data`.
pub fn beside(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    needed("data", &format!("../shared/{name}"), path.exists().then_some(path))
}

/// Instructions that this CPU has or has not: `MAY_SKIP=avx512`.
pub fn avx512<T>(found: Option<T>) -> Option<T> {
    needed("avx512", "AVX-512", found)
}

/// A Python with NumPy: `MAY_SKIP=numpy`.
pub fn numpy() -> Option<&'static str> {
    let runs = |python: &&str| succeeds(Command::new(python).args(["-c", "import numpy"]));
    tool("numpy", ["python3", "/usr/bin/python3"].into_iter().find(runs))
}

/// A Chromium: `MAY_SKIP=chromium`.
pub fn chromium() -> Option<&'static str> {
    let runs = |name: &&str| succeeds(Command::new(name).arg("--version"));
    tool("chromium", ["chromium", "chromium-browser", "google-chrome"].into_iter().find(runs))
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn needed<T>(kind: &str, what: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        let variable = |name: &str| env::var(name).unwrap_or_default();
        match verdict(kind, what, &test, &variable("CI"), &variable("MAY_SKIP")) {
            Ok(line) => say(&line, &variable("SKIPPED")),
            Err(message) => panic!("{message}"),
        }
    }
    found
}

/// The line that tells of a test that is skipped. Errors: it may not be.
fn verdict(kind: &str, what: &str, test: &str, ci: &str, may_skip: &str) -> Result<String, String> {
    let allowed = may_skip.split(',').any(|name| name.trim() == kind);
    if ["", "0", "false"].contains(&ci) || allowed {
        return Ok(format!("skipped: {test}: no {what} on this machine"));
    }
    Err(format!("{test} needs {what}, and CI is set: provide it, or say MAY_SKIP={kind}"))
}

/// On standard error, past what the test harness captures, and in the file `list`, which `ci.sh` prints at its end.
fn say(line: &str, list: &str) {
    // A line that cannot be written is no reason to fail.
    let _ = writeln!(stderr(), "{line}");
    if !list.is_empty() {
        let file = OpenOptions::new().create(true).append(true).open(list);
        let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_and_fails_where_ci_is_set() {
        let told = |ci, may_skip| verdict("numpy", "NumPy", "a_test", ci, may_skip);
        let line = Ok("skipped: a_test: no NumPy on this machine".to_owned());
        for ci in ["", "0", "false"] {
            assert_eq!(told(ci, ""), line);
        }
        assert_eq!(told("1", "data, numpy"), line);
        for may_skip in ["", "data", "numpy2"] {
            assert!(told("1", may_skip).unwrap_err().contains("MAY_SKIP=numpy"));
        }
    }

    #[test]
    fn a_skipped_test_is_in_the_list() {
        let list = env::temp_dir().join(format!("skipped-{}", std::process::id()));
        say("first", &list.display().to_string());
        say("second", &list.display().to_string());
        let lines = std::fs::read_to_string(&list).unwrap();
        std::fs::remove_file(&list).unwrap();
        assert_eq!(lines, "first\nsecond\n");
    }
}
