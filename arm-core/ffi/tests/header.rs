//! The checked-in header is the one cbindgen makes of this crate. `SBN_WRITE=1` writes it.

use std::path::Path;

#[test]
fn the_header_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let calls = ["create", "learn", "ask", "bytes", "record", "windows", "detector"];
    let sources = ["status", "types", "kind"].map(|name| format!("src/{name}.rs"));
    let sources = sources.into_iter().chain(calls.map(|name| format!("src/calls/{name}.rs")));
    let builder = sources.fold(cbindgen::Builder::new().with_config(config), |builder, file| {
        builder.with_src(root.join(file))
    });
    let mut bytes = vec![];
    builder.generate().unwrap().write(&mut bytes);
    let made = String::from_utf8(bytes).unwrap().replace("// # Safety\n//\n// ", "// Safe when: ");
    let path = root.join("include/sbn.h");
    if std::env::var_os("SBN_WRITE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "include/sbn.h is not current: run SBN_WRITE=1 cargo test -p arm-core-ffi --test header"
    );
}
