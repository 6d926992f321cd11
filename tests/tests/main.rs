//! What crosses crates, in one program: each further one would compile the engine again.

mod bound;
mod closed_forms;
mod coding;
mod conditional;
mod endurance;
mod firmware;
mod golden;
mod gradients;
mod integer;
mod one_engine;
mod order;
mod pages;
mod relaxed;
mod scratch;
mod smooth;
mod two_units;
mod unbiased;

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
