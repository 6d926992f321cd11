//! Puts the memory map of the board where the linker looks for it, and what a program is built with where it is
//! included from.

#[path = "build/imu.rs"]
mod imu;
#[path = "build/networks.rs"]
mod networks;
#[path = "build/rows.rs"]
mod rows;

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The paths in a variable of the environment, with colons between them, if it is set.
fn given_all(name: &str) -> Option<Vec<PathBuf>> {
    println!("cargo:rerun-if-env-changed={name}");
    let list = env::var_os(name).filter(|list| !list.is_empty())?;
    let paths: Vec<PathBuf> = env::split_paths(&list).collect();
    paths.iter().for_each(|path| println!("cargo:rerun-if-changed={}", path.display()));
    Some(paths)
}

/// The path in a variable of the environment, if it is set.
fn given(name: &str) -> Option<PathBuf> {
    given_all(name)?.pop()
}

fn main() {
    let target = env::var("TARGET").unwrap();
    println!("cargo:rerun-if-env-changed=BOARD");
    println!("cargo:rerun-if-changed=boards.txt");
    let wanted = env::var("BOARD").ok();
    let table = fs::read_to_string("boards.txt").expect("the table of boards");
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    let fields = rows.map(|line| line.split_whitespace().collect::<Vec<_>>());
    let is_it = |f: &Vec<&str>| wanted.as_ref().map_or(f[1] == target, |name| f[0] == name.as_str());
    let line = fields.into_iter().find(is_it).expect("a line for this board or target in boards.txt");
    let (board, clock) = (line[0], line[2]);
    println!("cargo:rustc-env=CLOCK={clock}");
    let map = Path::new("memory").join(format!("{board}.x"));
    println!("cargo:rerun-if-changed={}", map.display());
    let out = PathBuf::from(env::var("OUT_DIR").unwrap());
    fs::copy(&map, out.join("memory.x")).expect("a memory map for this board");
    println!("cargo:rustc-link-search={}", out.display());
    // A map may include another.
    println!("cargo:rustc-link-search={}", Path::new("memory").canonicalize().unwrap().display());
    if target.starts_with("thumb") {
        println!("cargo:rustc-link-arg=--nmagic");
    } else {
        println!("cargo:rustc-link-arg=-Tmemory.x");
    }
    // It comes with the runtime crate of the target.
    println!("cargo:rustc-link-arg=-Tlink.x");

    // Modules of `arm export`, and rows of zeros and ones: without them the program `exported` has nothing to do.
    println!("cargo:rustc-check-cfg=cfg(models)");
    if let (Some(models), Some(rows)) = (given_all("MODEL"), given("ROWS")) {
        println!("cargo:rustc-cfg=models");
        let copied = |model: PathBuf| {
            let name = model.file_stem().and_then(|name| name.to_str()).expect("the name of a module");
            fs::copy(&model, out.join(format!("{name}.rs")))
                .unwrap_or_else(|e| panic!("{}: {e}", model.display()));
            format!("{name} ")
        };
        let names: String = models.into_iter().map(copied).collect();
        fs::write(out.join("models.rs"), format!("models! {{ {names}}}")).expect("a file in OUT_DIR");
        fs::write(out.join("rows.rs"), format!("&{}", rows::bits(&rows))).expect("a file in OUT_DIR");
    }
    // Networks for `counts`.
    println!("cargo:rerun-if-env-changed=NETWORKS");
    let counted = networks::networks(&env::var("NETWORKS").unwrap_or_default());
    fs::write(out.join("networks.rs"), counted).expect("a file in OUT_DIR");
    // Rows for `survey`, and the recordings for `anomaly`.
    let survey = given("SURVEY").map(|folder| rows::survey(&folder));
    fs::write(out.join("survey.rs"), survey.unwrap_or("Rows::Generated".into())).expect("a file in OUT_DIR");
    let recordings = given("IMU").map_or("None".into(), |folder| {
        let file = |(name, bytes): (&str, Vec<u8>)| {
            fs::write(out.join(name), bytes).expect("a file in OUT_DIR");
            format!("include_bytes!(\"{}\"),", out.join(name).display())
        };
        let names = ["learn.bin", "normal.bin", "faulty.bin"];
        let files: String = names.into_iter().zip(imu::parts(&imu::recordings(&folder))).map(file).collect();
        format!("Some([{files}])")
    });
    fs::write(out.join("imu.rs"), recordings).expect("a file in OUT_DIR");
}
