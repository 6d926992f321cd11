//! When the loops for Helium are built.

#[path = "../build/helium.rs"]
mod build;

use build::helium;

#[test]
fn flags_are_read_as_the_compiler_reads_them() {
    let on = |flags: &[&str]| helium(&flags.join("\x1f"));
    assert!(on(&["-C", "target-cpu=cortex-m55"]));
    assert!(on(&["-Clinker=a", "-Ctarget-cpu=cortex-m85"]));
    assert!(on(&["--codegen=target-cpu=cortex-m55", "-C", "target-feature=+dsp"]));
    assert!(on(&["--codegen", "target-feature=+dsp,+mve.fp"]));
    assert!(on(&["-Ctarget-feature=-mve", "-Ctarget-feature=+mve.fp"]));
    for off in [
        &[][..],
        &["-C", "target-cpu=cortex-m4"],
        &["-C", "target-cpu=cortex-m55", "-C", "target-feature=-mve"],
        &["-C", "target-cpu=cortex-m55", "-Ctarget-feature=+dsp,-mve.fp"],
        &["-C", "target-cpu=cortex-m55", "-C", "target-cpu=cortex-m33"],
        // Integers only.
        &["-C", "target-feature=+mve"],
        &["-Clink-arg=/home/cortex-m55/link.x"],
        &["-L", "target-cpu=cortex-m55"],
        &["--cfg=board=\"cortex-m55\"", "-C", "metadata=+mve.fp"],
    ] {
        assert!(!on(off), "{off:?}");
    }
}
