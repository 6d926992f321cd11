//! Which of the two implementations is built.

#[path = "build/helium.rs"]
mod helium;

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/helium.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    // Of these cores all have Thumb-2.
    let main = |name: &str| env::var("TARGET").is_ok_and(|v| v.starts_with(name));
    if main("thumbv7") || main("thumbv8m.main") {
        println!("cargo:rustc-cfg=thumb2");
    }
    // The hard-float ABI promises that the registers and instructions exist.
    if is("CARGO_CFG_TARGET_ARCH", "arm") && is("CARGO_CFG_TARGET_ABI", "eabihf") {
        println!("cargo:rustc-cfg=vfp");
        println!("cargo:rustc-cfg=vfp_loops");
        if helium::helium(&env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default()) {
            println!("cargo:rustc-cfg=helium");
        }
    }
}
