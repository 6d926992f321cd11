//! What crosses crates, in one program: each further one would compile the engine again.

mod engine;
mod estimators;
mod firmware;
mod golden;
mod pages;

#[test]
fn every_file_is_part_of_it() {
    let folder = std::path::Path::new(file!()).parent().and_then(|f| f.file_name()).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for (folder, root) in
        [(folder.clone(), "main"), (folder.join("engine"), "mod"), (folder.join("estimators"), "mod")]
    {
        let listed = std::fs::read_to_string(folder.join(format!("{root}.rs"))).unwrap();
        let listed: Vec<_> = listed.lines().filter_map(|l| l.strip_prefix("mod ")).collect();
        for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()) {
            let name = file.to_string_lossy();
            if let Some(name) = name.strip_suffix(".rs").filter(|name| *name != root) {
                assert!(
                    listed.contains(&&*format!("{name};")),
                    "{}/{root}.rs lacks `mod {name};`",
                    folder.display()
                );
            }
        }
    }
}
