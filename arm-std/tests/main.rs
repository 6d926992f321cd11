//! The `arm` command and the library as their users meet them, in one program: each further one would be linked for seconds.

mod cli;
mod common;
mod compatibility;
mod data;
mod estimators;
mod evaluation;
mod grid;
mod guard;
mod integers;
mod mpi;
mod networks;
mod presets;
mod python;
mod report;
mod resume;

#[test]
fn every_file_is_part_of_it() {
    let listed: Vec<_> = include_str!("main.rs").lines().filter_map(|l| l.strip_prefix("mod ")).collect();
    let folder = std::path::Path::new(file!()).parent().and_then(|f| f.file_name()).unwrap();
    let files = std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    for file in files.map(|file| file.unwrap().file_name()) {
        let name = file.to_string_lossy();
        if let Some(name) = name.strip_suffix(".rs").filter(|name| *name != "main") {
            assert!(listed.contains(&&*format!("{name};")), "tests/main.rs lacks `mod {name};`");
        }
    }
}
