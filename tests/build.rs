//! Makes one page of doctests out of the Rust in README.md and docs/: every block that begins with three backquotes and `rust`,
//! and what an HTML comment `<!-- with: .. -->` right before it adds, which the reader of the page need not see.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_path_buf();
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    pages.extend([root.join("README.md"), root.join("CONTRIBUTING.md")]);
    pages.sort();
    let mut tests = String::new();
    for page in pages.iter().filter(|page| page.exists()) {
        println!("cargo:rerun-if-changed={}", page.display());
        let name = page.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(page).unwrap();
        for (i, (hidden, block)) in blocks(&text).into_iter().enumerate() {
            // What goes on for ever is compiled only.
            let run = if block.starts_with("loop ") { "no_run" } else { "" };
            tests += &format!("# {name}, {}\n\n```{run}\n{}\n```\n\n", i + 1, test(&hidden, &block));
        }
    }
    println!("cargo:rerun-if-changed={}", root.join("docs").display());
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("pages.md"), tests).unwrap();
}

/// The blocks of a page, each with what is hidden before it.
fn blocks(text: &str) -> Vec<(String, String)> {
    let (mut found, mut hidden, mut lines) = (vec![], String::new(), text.lines());
    while let Some(line) = lines.next() {
        if line.starts_with("<!-- with:") {
            hidden =
                lines.by_ref().take_while(|line| *line != "-->").map(|line| format!("{line}\n")).collect();
        } else if line == "```rust" {
            let block = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n"));
            found.push((std::mem::take(&mut hidden), block.collect()));
        } else if !line.is_empty() {
            hidden.clear();
        }
    }
    found
}

/// A block as a doctest, in which `?` may be used.
fn test(hidden: &str, block: &str) -> String {
    let hide = |text: &str| text.lines().map(|line| format!("# {line}\n")).collect::<String>();
    let end = if block.contains('?') { "# Ok::<(), Box<dyn std::error::Error>>(())" } else { "" };
    format!("{}{block}{end}", hide(hidden))
}
