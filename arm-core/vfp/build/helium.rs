//! Whether the compiler may use Helium with floats, which it does not say of itself.

/// What the compiler's flags, separated by 0x1f as in `CARGO_ENCODED_RUSTFLAGS`, say of Helium. The last CPU counts; features
/// are added to those of the CPU, or taken away, in their order.
pub(crate) fn helium(flags: &str) -> bool {
    let (mut cpu, mut features) = ("", vec![]);
    let mut flags = flags.split('\x1f');
    while let Some(flag) = flags.next() {
        let option = match flag {
            "-C" | "--codegen" => flags.next(),
            _ => flag.strip_prefix("-C").or_else(|| flag.strip_prefix("--codegen=")),
        };
        match option.and_then(|option| option.split_once('=')) {
            Some(("target-cpu", name)) => cpu = name,
            Some(("target-feature", list)) => features.extend(list.split(',')),
            _ => {}
        }
    }
    features.iter().fold(matches!(cpu, "cortex-m52" | "cortex-m55" | "cortex-m85"), |on, feature| {
        match *feature {
            "+mve.fp" => true,
            "-mve.fp" | "-mve" => false,
            _ => on,
        }
    })
}
