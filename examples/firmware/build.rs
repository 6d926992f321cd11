//! Puts the memory map of the board where the linker looks for it.

use std::path::Path;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").unwrap();
    let usual = match target.split('-').next().unwrap() {
        "thumbv6m" => "microbit",
        "thumbv7m" => "mps2-an385",
        "thumbv8m.main" => "mps2-an505",
        "riscv32imac" => "riscv-virt",
        _ => "mps2-an386",
    };
    println!("cargo:rerun-if-env-changed=BOARD");
    let board = env::var("BOARD").unwrap_or_else(|_| usual.into());
    let map = Path::new("memory").join(format!("{board}.x"));
    println!("cargo:rerun-if-changed={}", map.display());
    let out = env::var("OUT_DIR").unwrap();
    fs::copy(&map, Path::new(&out).join("memory.x")).expect("a memory map for this board");
    println!("cargo:rustc-link-search={out}");
    if target.starts_with("thumb") {
        println!("cargo:rustc-link-arg=--nmagic");
    } else {
        println!("cargo:rustc-link-arg=-Tmemory.x");
    }
    // It comes with the runtime crate of the target.
    println!("cargo:rustc-link-arg=-Tlink.x");
}
