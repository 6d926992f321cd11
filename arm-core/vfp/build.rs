//! Which of the two implementations is built.

#[path = "build/helium.rs"]
mod helium;

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/helium.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    let target = env::var("TARGET").unwrap_or_default();
    let helium = helium::helium(&env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default());
    if let Some(loops) = integer_loops(&target) {
        println!("cargo:rustc-cfg=integer_loops");
        println!("cargo:rustc-cfg=integer_loops=\"{loops}\"");
        // Of Cortex-M33 not all have the instructions.
        if loops == "thumb2" && helium {
            println!("cargo:rustc-cfg=integer_helium");
        } else if target.starts_with("thumbv7em") {
            println!("cargo:rustc-cfg=integer_dsp");
        }
    }
    if vectors(&env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default()) {
        println!("cargo:rustc-cfg=integer_vectors");
    }
    // The hard-float ABI promises that the registers and instructions exist.
    if is("CARGO_CFG_TARGET_ARCH", "arm") && is("CARGO_CFG_TARGET_ABI", "eabihf") {
        println!("cargo:rustc-cfg=vfp");
        println!("cargo:rustc-cfg=vfp_loops");
        if helium {
            println!("cargo:rustc-cfg=helium");
        }
    }
}

/// The loops over integers for a target: of these processors all have the instructions.
fn integer_loops(target: &str) -> Option<&'static str> {
    let is = |name: &str| target.starts_with(name);
    if is("thumbv7") || is("thumbv8m.main") {
        Some("thumb2")
    } else if is("thumbv6m") || is("thumbv8m.base") {
        Some("thumb1")
    } else if is("riscv32im") {
        Some("riscv")
    } else {
        None
    }
}

/// Whether the target has the vectors that integers want: where it has, there is `wide`.
fn vectors(arch: &str) -> bool {
    let feature = match arch {
        "x86" | "x86_64" => "sse2",
        "aarch64" => "neon",
        "wasm32" => "simd128",
        _ => return false,
    };
    env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|all| all.split(',').any(|one| one == feature))
}
