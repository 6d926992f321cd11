//! Which of the two implementations is built.

use std::env;

fn main() {
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    // The hard-float ABI promises that the registers and instructions exist.
    if is("CARGO_CFG_TARGET_ARCH", "arm") && is("CARGO_CFG_TARGET_ABI", "eabihf") {
        println!("cargo:rustc-cfg=vfp");
        println!("cargo:rustc-cfg=vfp_loops");
        // The compiler does not say whether it may use Helium.
        let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
        if ["cortex-m55", "cortex-m85", "+mve"].iter().any(|f| flags.contains(f)) {
            println!("cargo:rustc-cfg=helium");
        }
    }
}
