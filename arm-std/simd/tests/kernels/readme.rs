//! The map of this crate.

use std::fs;
use std::path::Path;

/// Names of the files of a folder and those below it.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: std::path::PathBuf| match path.is_dir() {
        true => names(&path),
        false => vec![path.file_name().unwrap().to_string_lossy().into_owned()],
    };
    entries.flat_map(below).collect()
}

#[test]
#[cfg(not(miri))]
fn the_readme_has_every_file() {
    let readme = include_str!("../../README.md");
    for name in names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        assert!(["mod.rs", "lib.rs"].contains(&&*name) || readme.contains(&name), "README.md lacks {name}");
    }
}
