//! Pages and comments name files that exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().into()
}

/// All files below `folder` with this ending, but what is built.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !["target", "node_modules", "runs", ".git", "corpus", "artifacts"].contains(&name.as_str())
        {
            files(&path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// The files with this ending, and their text.
fn texts(ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = vec![];
    files(&root(), ending, &mut found);
    let text = |path: PathBuf| (path.clone(), fs::read_to_string(path).unwrap());
    found.into_iter().map(text).collect()
}

#[test]
fn links_of_pages_lead_to_files() {
    let mut links = 0;
    for (page, text) in texts(".md") {
        for (_, rest) in text.match_indices("](").map(|(at, s)| text.split_at(at + s.len())) {
            let target = rest.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            assert!(
                page.parent().unwrap().join(target).exists(),
                "{}: ({target}) leads nowhere",
                page.display()
            );
        }
    }
    assert!(links > 50, "{links}");
}

/// `//! Tests:` names files from the root of the workspace, or from `src`, or beside the one before.
#[test]
fn tests_that_a_file_names_exist() {
    let mut lines = 0;
    for (file, text) in texts(".rs") {
        let Some(named) = text.lines().find_map(|line| line.strip_prefix("//! Tests: ")) else { continue };
        lines += 1;
        let above = |name: &str| file.ancestors().find(|a| a.file_name().is_some_and(|n| n == name));
        let mut folders = vec![root(), above("src").unwrap_or(&file).into()];
        for name in named.split('`').skip(1).step_by(2) {
            let there = folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
            let there = there.unwrap_or_else(|| panic!("{}: there is no {name}", file.display()));
            folders.push(there.parent().unwrap().into());
        }
    }
    assert!(lines > 10, "{lines}");
}
